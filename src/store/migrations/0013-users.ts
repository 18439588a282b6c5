import { sql } from "kysely";
import type { Migration } from "../migrate.ts";

/** People who sign in, and whose a link or a session is (null: the operator's). Adds only. */
export const users: Migration = {
  version: 13,
  oldestRelease: "0.1.0",
  async up(db) {
    for (const statement of [
      `create table users (
        account_id text not null, id text not null, email_key text not null unique, email text not null, name text not null,
        role text not null, password text, language text, time_zone text, created_at bigint not null, updated_at bigint not null,
        signed_in_at bigint, primary key (account_id, id))`,
      "alter table sign_in_links add column user_id text",
      "alter table web_sessions add column user_id text",
    ]) {
      await sql.raw(statement).execute(db);
    }
  },
};
