import { sql } from "kysely";
import type { Migration } from "../migrate.ts";

/** What happened to addresses, and whether mail can go to them. Adds only. */
export const addresses: Migration = {
  version: 5,
  oldestRelease: "0.1.0",
  async up(db) {
    await sql
      .raw(`create table address_events (
        account_id text not null, address_key text not null, id text not null, at bigint not null, entry text not null,
        primary key (account_id, address_key, id))`)
      .execute(db);
    await sql
      .raw(`create table addresses (
        account_id text not null, address_key text not null, eligible integer not null, folded text not null,
        updated_at bigint not null, primary key (account_id, address_key))`)
      .execute(db);
  },
};
