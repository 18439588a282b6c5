import { sql } from "kysely";
import type { Migration } from "../migrate.ts";

/** What an inbox's server cannot do, as found on connecting. Adds only. */
export const inboxLimits: Migration = {
  version: 22,
  oldestRelease: "0.1.0",
  async up(db) {
    await sql.raw("alter table inboxes add column limits text not null default '[]'").execute(db);
  },
};
