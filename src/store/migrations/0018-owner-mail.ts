import { sql } from "kysely";
import type { Migration } from "../migrate.ts";

/** Which reminders an inbox's owner was sent, and who wants a digest. Adds only. */
export const ownerMail: Migration = {
  version: 18,
  oldestRelease: "0.1.0",
  async up(db) {
    for (const statement of [
      `create table reminders (
        account_id text not null, inbox_id text not null, state_since bigint not null, number integer not null, sent_at bigint not null,
        primary key (account_id, inbox_id, state_since, number))`,
      "alter table users add column digest integer not null default 0",
      "alter table users add column digest_at bigint",
    ]) {
      await sql.raw(statement).execute(db);
    }
  },
};
