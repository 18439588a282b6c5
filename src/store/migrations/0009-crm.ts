import { sql } from "kysely";
import type { Migration } from "../migrate.ts";

/** The CRM an account's bounces are written to, what is there already, and what it did not take. Adds only. */
export const crm: Migration = {
  version: 9,
  oldestRelease: "0.1.0",
  async up(db) {
    for (const statement of [
      `create table crm_connections (
        account_id text not null, kind text not null, token text not null, memory text not null, include_backfill integer not null,
        fence bigint not null, position bigint not null, written_at bigint, attempts integer not null, failing_since bigint,
        due_at bigint not null, busy_until bigint, last_error text, last_error_at bigint, created_at bigint not null,
        primary key (account_id))`,
      `create table crm_links (
        account_id text not null, engagement_id text not null, crm_id text not null, version bigint not null,
        primary key (account_id, engagement_id))`,
      `create table crm_dead_letters (
        account_id text not null, seq bigint not null, error text not null, at bigint not null, primary key (account_id, seq))`,
    ]) {
      await sql.raw(statement).execute(db);
    }
  },
};
