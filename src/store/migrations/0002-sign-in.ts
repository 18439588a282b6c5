import { sql } from "kysely";
import type { Migration } from "../migrate.ts";

/** One-time links into the pages, and the browser sessions they open. Adds only: the release before works on. */
export const signIn: Migration = {
  version: 2,
  oldestRelease: "0.1.0",
  async up(db) {
    await sql
      .raw(`create table sign_in_links (
        account_id text not null, hash text not null primary key, expires_at bigint not null)`)
      .execute(db);
    await sql
      .raw(`create table web_sessions (
        account_id text not null, hash text not null primary key, expires_at bigint not null)`)
      .execute(db);
  },
};
