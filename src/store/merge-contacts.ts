import type { Write } from "../ports/database.ts";
import { type Contact, getContact } from "./contacts.ts";
import { appendEvents } from "./events.ts";

/**
 * Makes two contacts one: addresses and timeline of `fromId` go to `intoId`, then `fromId` is gone. Returns the contact that stays,
 * or null (and changes nothing) when one of them is not there. Appends its event, so it is called once and late in its transaction.
 */
export const mergeContacts = async (
  tx: Write,
  accountId: string,
  contacts: { fromId: string; intoId: string },
  now: number,
): Promise<Contact | null> => {
  const { fromId, intoId } = contacts;
  const found = [await getContact(tx, accountId, fromId), await getContact(tx, accountId, intoId)];
  if (fromId === intoId || found.includes(null)) return null;
  for (const table of ["contact_addresses", "engagements"] as const) {
    await tx.updateTable(table).set({ contact_id: intoId }).where("account_id", "=", accountId).where("contact_id", "=", fromId).execute();
  }
  await tx.deleteFrom("contacts").where("account_id", "=", accountId).where("id", "=", fromId).execute();
  await tx.updateTable("contacts").set({ updated_at: now }).where("account_id", "=", accountId).where("id", "=", intoId).execute();
  const data = { contactId: fromId, intoContactId: intoId };
  await appendEvents(tx, accountId, [{ type: "contact.merged", backfill: false, data }], now);
  return getContact(tx, accountId, intoId);
};
