import { sql } from "kysely";
import type { Migration } from "../migrate.ts";

/** The domain of who did not get a message, to see what fails alike there. Adds only; the release before leaves it out, and nothing is seen. */
export const recipientDomain: Migration = {
  version: 12,
  oldestRelease: "0.1.0",
  async up(db, engine) {
    await sql.raw("alter table engagements add column recipient_domain text").execute(db);
    const at = engine === "sqlite" ? "instr(recipient_key, '@')" : "strpos(recipient_key, '@')";
    await sql.raw(`update engagements set recipient_domain = substr(recipient_key, ${at} + 1) where ${at} > 0`).execute(db);
    await sql
      .raw("create index engagements_domain on engagements (account_id, recipient_domain, occurred_at) where recipient_domain is not null")
      .execute(db);
  },
};
