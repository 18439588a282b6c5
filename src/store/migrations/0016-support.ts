import { sql } from "kysely";
import type { Migration } from "../migrate.ts";

/** Who asked to read a notice, and what its owner said; and what nearly was a notice. Adds only. */
export const support: Migration = {
  version: 16,
  oldestRelease: "0.1.0",
  async up(db) {
    for (const statement of [
      `create table notice_shares (
        account_id text not null, notice_id text not null, state text not null, asked_by_id text, note text not null,
        at bigint not null, decided_by_id text, decided_at bigint, ends_at bigint, primary key (account_id, notice_id))`,
      "alter table seen_messages add column near_miss text",
      "create index seen_messages_near on seen_messages (account_id, seen_at) where near_miss is not null",
    ]) {
      await sql.raw(statement).execute(db);
    }
  },
};
