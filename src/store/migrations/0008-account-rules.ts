import { sql } from "kysely";
import type { Migration } from "../migrate.ts";

/** An account's own table of reasons, and the global rule: who shares, what was reported, who appealed. Adds only. */
export const accountRules: Migration = {
  version: 8,
  oldestRelease: "0.1.0",
  async up(db) {
    for (const statement of [
      "alter table accounts add column mapping text not null default '{}'",
      "alter table accounts add column global_rule integer not null default 0",
      `create table global_reports (
        address_hash text not null, account_id text not null, organisation text not null, at bigint not null,
        primary key (address_hash, account_id))`,
      `create table global_appeals (
        account_id text not null, address_hash text not null, said_by text not null, note text not null, at bigint not null,
        primary key (account_id, address_hash))`,
    ]) {
      await sql.raw(statement).execute(db);
    }
  },
};
