import { sql } from "kysely";
import type { Migration } from "../migrate.ts";

/**
 * Which turn of an inbox runs, what was asked for meanwhile, and what several workers share. Adds only. The counts are written with
 * every request and are worth nothing after a crash, so PostgreSQL keeps them out of its log.
 */
export const workers: Migration = {
  version: 21,
  oldestRelease: "0.1.0",
  async up(db, engine) {
    const table = engine === "postgres" ? "unlogged table" : "table";
    for (const statement of [
      "alter table inboxes add column turn_fence bigint",
      "alter table inboxes add column poll_again_at bigint",
      `create ${table} quotas (
        key text not null primary key, level double precision not null, at bigint not null)`,
      `create ${table} request_counts (sender text not null primary key, ends_at bigint not null, count integer not null)`,
    ]) {
      await sql.raw(statement).execute(db);
    }
  },
};
