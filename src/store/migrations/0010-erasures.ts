import { sql } from "kysely";
import type { Migration } from "../migrate.ts";

/** What was erased and the proof of it, what must not come back, and who read or changed what. Adds only. */
export const erasures: Migration = {
  version: 10,
  oldestRelease: "0.1.0",
  async up(db) {
    for (const statement of [
      `create table erasures (
        account_id text not null, id text not null, kind text not null, subject_id text not null, by_whom text not null,
        removed text not null, changed text not null, left_behind text, checked_at bigint, at bigint not null,
        primary key (account_id, id))`,
      "create index erasures_subject on erasures (account_id, subject_id)",
      `create table erased_messages (
        account_id text not null, message_hash text not null, primary key (account_id, message_hash))`,
      `create table audit_log (
        account_id text not null, id text not null, by_whom text not null, action text not null, subject text,
        at bigint not null, primary key (account_id, id))`,
      "create index audit_log_subject on audit_log (account_id, subject, id)",
    ]) {
      await sql.raw(statement).execute(db);
    }
  },
};
