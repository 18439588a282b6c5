import { sql } from "kysely";
import type { Migration } from "../migrate.ts";

/**
 * On PostgreSQL the index of letters by recipient and time holds which letter it is, so that finding some does not read the table.
 * SQLite's holds it already: the table has no row ids. Adds only.
 */
export const sentTo: Migration = {
  version: 19,
  oldestRelease: "0.1.0",
  async up(db, engine) {
    if (engine === "sqlite") return;
    for (const statement of [
      "drop index sent_recipients_to",
      "create index sent_recipients_to on sent_recipients (account_id, address_key, sent_at) include (sent_message_id)",
    ]) {
      await sql.raw(statement).execute(db);
    }
  },
};
