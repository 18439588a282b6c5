import { sql } from "kysely";
import type { Migration } from "../migrate.ts";

/** What people said of notices that could not be tied: each answer is a labelled example. Adds only. */
export const noticeDecisions: Migration = {
  version: 6,
  oldestRelease: "0.1.0",
  async up(db) {
    await sql
      .raw(`create table notice_decisions (
        account_id text not null, notice_id text not null, sent_message_id text, said_by text not null, note text not null,
        offered text not null, at bigint not null, primary key (account_id, notice_id))`)
      .execute(db);
    await sql.raw("alter table notices add column thread_id text").execute(db);
  },
};
