import type { Selectable } from "kysely";
import { addressKey } from "../bounces/keys.ts";
import type { Json } from "../ports/connector.ts";
import type { Flag, Read, Tables, Write } from "../ports/database.ts";
import { newId } from "./ids.ts";
import { inBatches } from "./in-batches.ts";
import { fromJson, toJson } from "./json.ts";
import { type ListOptions, type ListPage, listPage, pageLimit, readPosition } from "./list-page.ts";

/** A person in the CRM, or one we made for a bounce's address (`fromCrm` false). Times are epoch milliseconds. */
export type Contact = {
  id: string;
  accountId: string;
  externalId: string | null;
  name: string | null;
  metadata: Json;
  fromCrm: boolean;
  addresses: string[];
  createdAt: number;
  updatedAt: number;
};

/** A contact as the CRM sends it. `addresses`, when given, is the whole list: what is not in it is no longer the contact's. */
export type CrmContact = { externalId: string; name?: string | null; metadata?: Json; addresses?: readonly string[] };

/**
 * Makes or changes contacts by `externalId`, in their own right only: notices that wait for the addresses are logged by
 * `upsertContacts`. An address belongs to one contact: the last one to name it. A contact that we made for such an address
 * becomes the CRM's, with its timeline.
 */
export const writeContacts = async (tx: Write, accountId: string, incoming: readonly CrmContact[], now: number): Promise<Contact[]> => {
  const contacts = [...new Map(incoming.map((contact) => [contact.externalId, contact])).values()].sort(byExternalId);
  await adoptContacts(tx, accountId, contacts, now);
  const rows = await inBatches(contacts, (batch) =>
    tx
      .insertInto("contacts")
      .values(batch.map((contact) => toRow(accountId, newId("con", now), contact, now)))
      .onConflict((conflict) =>
        conflict.columns(["account_id", "external_id"]).doUpdateSet((eb) => ({
          name: eb.ref("excluded.name"),
          name_key: eb.ref("excluded.name_key"),
          name_turned: eb.ref("excluded.name_turned"),
          metadata: eb.ref("excluded.metadata"),
          from_crm: 1,
          updated_at: now,
        })),
      )
      .returningAll()
      .execute(),
  );
  await writeAddresses(tx, accountId, contacts, new Map(rows.map((row) => [row.external_id ?? "", row.id])));
  await tx.updateTable("accounts").set({ has_contacts: 1 }).where("id", "=", accountId).where("has_contacts", "=", 0).execute();
  return withAddresses(tx, accountId, rows);
};

export const getContact = async (read: Read, accountId: string, contactId: string): Promise<Contact | null> =>
  (await readContacts(read, accountId, [contactId]))[0] ?? null;

/** Contacts by id, those that are there, in no order. */
export const readContacts = async (read: Read, accountId: string, contactIds: readonly string[]): Promise<Contact[]> => {
  const rows = await inBatches(contactIds, (batch) =>
    read.selectFrom("contacts").selectAll().where("account_id", "=", accountId).where("id", "in", batch).execute(),
  );
  return withAddresses(read, accountId, rows);
};

/** The contacts of an account, oldest first. */
export const listContacts = async (
  read: Read,
  accountId: string,
  options: ListOptions & { externalId?: string | undefined; updatedSince?: number | undefined } = {},
): Promise<ListPage<Contact>> => {
  const after = readPosition(options);
  let query = read
    .selectFrom("contacts")
    .selectAll()
    .where("account_id", "=", accountId)
    .orderBy("id")
    .limit(pageLimit(options) + 1);
  if (after) query = query.where("id", ">", after[1]);
  if (options.externalId !== undefined) query = query.where("external_id", "=", options.externalId);
  if (options.updatedSince !== undefined) query = query.where("updated_at", ">=", options.updatedSince);
  const page = listPage(
    await query.execute(),
    options,
    (row) => [row.created_at, row.id],
    (row) => row,
  );
  return { data: await withAddresses(read, accountId, page.data), nextCursor: page.nextCursor };
};

/** The contact an address belongs to, however it is spelt. */
export const findContactByAddress = async (read: Read, accountId: string, address: string): Promise<Contact | null> => {
  const owners = await addressOwners(read, accountId, [addressKey(address)]);
  const owner = owners.get(addressKey(address));
  return owner ? getContact(read, accountId, owner.contactId) : null;
};

/** Whose the addresses are, by addressKey. */
export const addressOwners = async (
  read: Read,
  accountId: string,
  addressKeys: readonly string[],
): Promise<Map<string, { contactId: string; fromCrm: boolean }>> => {
  const rows = await inBatches([...new Set(addressKeys)], (batch) =>
    read
      .selectFrom("contact_addresses as a")
      .innerJoin("contacts as c", (join) => join.onRef("c.account_id", "=", "a.account_id").onRef("c.id", "=", "a.contact_id"))
      .select(["a.address_key", "a.contact_id", "c.from_crm"])
      .where("a.account_id", "=", accountId)
      .where("a.address_key", "in", batch)
      .execute(),
  );
  return new Map(rows.map((row) => [row.address_key, { contactId: row.contact_id, fromCrm: row.from_crm === 1 }]));
};

/** Makes a contact of our own for each address that has none, and returns the ids of those made. */
export const makeContacts = async (tx: Write, accountId: string, addresses: readonly string[], now: number): Promise<string[]> => {
  const wanted = [...new Map(addresses.map((address) => [addressKey(address), address]))].sort(([a], [b]) => (a < b ? -1 : 1));
  const made = wanted.map(([key, address]) => ({ key, address, id: newId("con", now) }));
  // The address first: of two transactions that make a contact for it at once, one waits here and then makes none.
  const taken = await inBatches(made, (batch) =>
    tx
      .insertInto("contact_addresses")
      .values(batch.map(({ key, address, id }) => ({ account_id: accountId, address_key: key, contact_id: id, address })))
      .onConflict((conflict) => conflict.columns(["account_id", "address_key"]).doNothing())
      .returning("contact_id")
      .execute(),
  );
  const ids = taken.map((row) => row.contact_id);
  await inBatches(ids, (batch) =>
    tx
      .insertInto("contacts")
      .values(batch.map((id) => toRow(accountId, id, null, now)))
      .execute(),
  );
  return ids;
};

/** Gives the CRM's name to contacts that we made, where a new contact of the CRM names their address. */
const adoptContacts = async (tx: Write, accountId: string, contacts: readonly CrmContact[], now: number): Promise<void> => {
  const known = await inBatches(contacts, (batch) =>
    tx
      .selectFrom("contacts")
      .select("external_id")
      .where("account_id", "=", accountId)
      .where(
        "external_id",
        "in",
        batch.map((contact) => contact.externalId),
      )
      .execute(),
  );
  const knownIds = new Set(known.map((row) => row.external_id));
  const fresh = contacts.filter((contact) => !knownIds.has(contact.externalId));
  const owners = await addressOwners(tx, accountId, fresh.flatMap((contact) => contact.addresses ?? []).map(addressKey));
  const adopted = new Map<string, CrmContact>();
  for (const contact of fresh) {
    const ours = (contact.addresses ?? []).map((address) => owners.get(addressKey(address))).find((owner) => owner && !owner.fromCrm);
    if (ours && !adopted.has(ours.contactId)) adopted.set(ours.contactId, contact);
  }
  await inBatches([...adopted].sort(), (batch) =>
    tx
      .insertInto("contacts")
      .values(batch.map(([id, contact]) => toRow(accountId, id, contact, now)))
      .onConflict((conflict) =>
        conflict.columns(["account_id", "id"]).doUpdateSet((eb) => ({ external_id: eb.ref("excluded.external_id"), from_crm: 1 })),
      )
      .execute(),
  );
};

const writeAddresses = async (tx: Write, accountId: string, contacts: readonly CrmContact[], ids: ReadonlyMap<string, string>) => {
  const listed = contacts.filter((contact) => contact.addresses !== undefined);
  await inBatches(listed, (batch) =>
    tx
      .deleteFrom("contact_addresses")
      .where("account_id", "=", accountId)
      .where(
        "contact_id",
        "in",
        batch.map((contact) => ids.get(contact.externalId) ?? ""),
      )
      .execute(),
  );
  const byKey = new Map(
    listed.flatMap((contact) =>
      (contact.addresses ?? []).map((address) => [addressKey(address), { address, contactId: ids.get(contact.externalId) ?? "" }] as const),
    ),
  );
  const rows = [...byKey].map(([key, { address, contactId }]) => ({
    account_id: accountId,
    address_key: key,
    contact_id: contactId,
    address,
  }));
  await inBatches(rows.sort(byAddressKey), (batch) =>
    tx
      .insertInto("contact_addresses")
      .values(batch)
      .onConflict((conflict) =>
        conflict
          .columns(["account_id", "address_key"])
          .doUpdateSet((eb) => ({ contact_id: eb.ref("excluded.contact_id"), address: eb.ref("excluded.address") })),
      )
      .execute(),
  );
};

const withAddresses = async (read: Read, accountId: string, rows: readonly Selectable<Tables["contacts"]>[]): Promise<Contact[]> => {
  const addresses = await inBatches(rows, (batch) =>
    read
      .selectFrom("contact_addresses")
      .select(["contact_id", "address"])
      .where("account_id", "=", accountId)
      .where(
        "contact_id",
        "in",
        batch.map((row) => row.id),
      )
      .orderBy("address_key")
      .execute(),
  );
  const byContact = Map.groupBy(addresses, (row) => row.contact_id);
  return rows.map((row) => ({
    id: row.id,
    accountId: row.account_id,
    externalId: row.external_id,
    name: row.name,
    metadata: fromJson<Json>(row.metadata),
    fromCrm: row.from_crm === 1,
    addresses: (byContact.get(row.id) ?? []).map(({ address }) => address),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }));
};

/** What a search by name begins with: Jan Maria Nowak is found by his first name and by his last. */
const nameKeys = (name: string | null): { name_key: string | null; name_turned: string | null } => {
  const words = (name ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const turned = words.length > 1 ? [words.at(-1), ...words.slice(0, -1)] : [];
  return { name_key: words.join(" ") || null, name_turned: turned.join(" ") || null };
};

const toRow = (accountId: string, id: string, contact: CrmContact | null, now: number) => ({
  account_id: accountId,
  id,
  external_id: contact?.externalId ?? null,
  name: contact?.name ?? null,
  ...nameKeys(contact?.name ?? null),
  metadata: toJson(contact?.metadata ?? {}),
  from_crm: (contact ? 1 : 0) as Flag,
  created_at: now,
  updated_at: now,
});

// Rows in one order everywhere: two transactions that write the same ones wait for each other and do not block for ever.
const byExternalId = (a: CrmContact, b: CrmContact): number => (a.externalId < b.externalId ? -1 : 1);
const byAddressKey = (a: { address_key: string }, b: { address_key: string }): number => (a.address_key < b.address_key ? -1 : 1);
