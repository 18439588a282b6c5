import { addressKey } from "../bounces/keys.ts";
import type { Write } from "../ports/database.ts";
import { type Contact, type CrmContact, writeContacts } from "./contacts.ts";
import { appendEvents } from "./events.ts";
import { waitingFor } from "./notice-waits.ts";
import { tieNotices } from "./tie-notices.ts";

/**
 * Makes or changes the CRM's contacts, and logs the bounces that waited for one of their addresses. From the first upsert on,
 * `logFor: auto` means `known`. Appends events, so it is called once and late in its transaction.
 */
export const upsertContacts = async (tx: Write, accountId: string, contacts: readonly CrmContact[], now: number): Promise<Contact[]> => {
  const written = await writeContacts(tx, accountId, contacts, now);
  const keys = written.flatMap((contact) => contact.addresses).map((address) => `address:${addressKey(address)}`);
  const woken = await waitingFor(tx, accountId, keys);
  await appendEvents(tx, accountId, await tieNotices(tx, accountId, woken, { waitingIsOver: false }, now), now);
  return written;
};
