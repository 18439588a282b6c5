import { sql } from "kysely";
import type { Migration } from "../migrate.ts";

/** Where connect links may lead back to. Adds only. */
export const returnUrls: Migration = {
  version: 20,
  oldestRelease: "0.1.0",
  async up(db) {
    await sql.raw("alter table accounts add column return_urls text not null default '[]'").execute(db);
  },
};
