import { sql } from "kysely";
import type { Migration } from "../migrate.ts";

/** Endpoints that events are sent to, and the events that are sent to them outside the order. Adds only. */
export const webhooks: Migration = {
  version: 4,
  oldestRelease: "0.1.0",
  async up(db) {
    await sql
      .raw(`create table webhooks (
        account_id text not null, id text not null, url text not null, description text, types text not null,
        include_backfill integer not null, enabled integer not null, disabled_because text, secret text not null,
        previous_secret text, previous_until bigint, fence bigint not null, position bigint not null, delivered_seq bigint,
        delivered_at bigint, attempts integer not null, failing_since bigint, due_at bigint not null, busy_until bigint,
        last_error text, last_error_at bigint, created_at bigint not null, updated_at bigint not null,
        primary key (account_id, id))`)
      .execute(db);
    await sql
      .raw(`create table webhook_letters (
        account_id text not null, webhook_id text not null, seq bigint not null, attempts integer not null, due_at bigint,
        failing_since bigint, error text, created_at bigint not null, primary key (account_id, webhook_id, seq))`)
      .execute(db);
    await sql.raw("create index webhooks_due on webhooks (due_at) where enabled = 1").execute(db);
    await sql.raw("create index webhook_letters_due on webhook_letters (due_at) where due_at is not null").execute(db);
  },
};
