import { sql } from "kysely";
import type { Migration } from "../migrate.ts";

/**
 * Contacts by the beginning of a name, an address or an external id, and the newest message of each send. Adds only; a contact of the
 * release before is found by its first name until the CRM sends it again. On PostgreSQL a prefix needs an index by bytes.
 */
export const contactSearch: Migration = {
  version: 15,
  oldestRelease: "0.1.0",
  async up(db, engine) {
    const bytes = engine === "postgres" ? "text_pattern_ops" : "";
    for (const statement of [
      "alter table contacts add column name_key text",
      "alter table contacts add column name_turned text",
      "update contacts set name_key = lower(name) where name is not null",
      `create index contacts_name on contacts (account_id, name_key ${bytes}) where name_key is not null`,
      `create index contacts_name_turned on contacts (account_id, name_turned ${bytes}) where name_turned is not null`,
      "create index sent_messages_send_at on sent_messages (account_id, send_id, sent_at) where send_id is not null",
      "drop index sent_messages_send",
      ...(engine === "postgres" ? byBytes : []),
    ]) {
      await sql.raw(statement).execute(db);
    }
  },
};

/** SQLite compares by bytes, so its keys serve as they are. */
const byBytes = [
  "create index contacts_external on contacts (account_id, external_id text_pattern_ops) where external_id is not null",
  "create index contact_addresses_address on contact_addresses (account_id, address_key text_pattern_ops)",
  "create index engagements_recipient_begins on engagements (account_id, recipient_key text_pattern_ops)",
];
