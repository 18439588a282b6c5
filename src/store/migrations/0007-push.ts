import { sql } from "kysely";
import type { Migration } from "../migrate.ts";

/** What providers watch for us, and when each inbox's watches are renewed. Adds only. */
export const push: Migration = {
  version: 7,
  oldestRelease: "0.1.0",
  async up(db) {
    const statements = [
      `create table push_inboxes (
        account_id text not null, inbox_id text not null, renew_at bigint not null, warning text, primary key (account_id, inbox_id))`,
      `create table push_watches (
        account_id text not null, inbox_id text not null, watch_id text not null, secret_hash text, about text not null,
        expires_at bigint not null, primary key (account_id, inbox_id, watch_id))`,
      "create index push_watches_by_id on push_watches (watch_id)",
    ];
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};
