import { sql } from "kysely";
import type { Migration } from "../migrate.ts";

/** Links that let a sales user connect an inbox, sign-ins that are under way at a provider, when an inbox last sent. Adds only. */
export const authorizations: Migration = {
  version: 3,
  oldestRelease: "0.1.0",
  async up(db) {
    await sql
      .raw(`create table connect_links (
        account_id text not null, id text not null, secret_hash text not null unique, wish text not null, state text not null,
        outcome text, inbox_id text, expires_at bigint not null, created_at bigint not null, updated_at bigint not null,
        primary key (account_id, id))`)
      .execute(db);
    await sql
      .raw(`create table authorizations (
        account_id text not null, state_hash text not null primary key, browser_hash text not null, sealed text not null,
        expires_at bigint not null)`)
      .execute(db);
    await sql.raw("alter table inboxes add column last_sent_at bigint").execute(db);
  },
};
