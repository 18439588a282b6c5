import { type RawBuilder, sql } from "kysely";
import { addressKey } from "../bounces/keys.ts";
import type { Category } from "../bounces/report.ts";
import type { EngagementState, Read } from "../ports/database.ts";
import { beginningWith } from "./beginning-with.ts";
import { type Contact, readContacts } from "./contacts.ts";
import { type ListOptions, type ListPage, listPage, pageLimit, readPosition } from "./list-page.ts";

/** Whose bounces count: of these inboxes only; of none where it is empty. Left out: all. */
export type OfInboxes = { inboxIds?: readonly string[] | undefined };

/**
 * Contacts by the beginning of an address, of a name (or of its last word) or of an external id, by name: fifty, and whether there
 * are `more`. With inboxes only those with a bounce in one.
 */
export const findContacts = async (
  read: Read,
  accountId: string,
  words: string,
  { inboxIds }: OfInboxes = {},
): Promise<{ data: Contact[]; more: boolean }> => {
  const text = words.trim().replace(/\s+/g, " ");
  const name = text.toLowerCase();
  const addresses = read
    .selectFrom("contact_addresses as a")
    .select("a.contact_id")
    .distinct()
    .where("a.account_id", "=", accountId)
    .where(beginningWith(read, "a.address_key", addressKey(text)))
    .$if(inboxIds !== undefined, (query) => query.where(bouncedIn("a.contact_id", accountId, inboxIds ?? [])));
  const contacts = (column: "external_id" | "name_key" | "name_turned", begins: string) =>
    read
      .selectFrom("contacts as c")
      .select("c.id as contact_id")
      .where("c.account_id", "=", accountId)
      .where(beginningWith(read, `c.${column}`, begins))
      .$if(inboxIds !== undefined, (query) => query.where(bouncedIn("c.id", accountId, inboxIds ?? [])));
  const found = [
    await addresses.limit(shown + 1).execute(),
    await contacts("external_id", text)
      .limit(shown + 1)
      .execute(),
    await contacts("name_key", name)
      .limit(shown + 1)
      .execute(),
    await contacts("name_turned", name)
      .limit(shown + 1)
      .execute(),
  ].flat();
  const all = await readContacts(read, accountId, [...new Set(found.map((row) => row.contact_id))]);
  const sorted = all.sort((a, b) => titleOf(a).localeCompare(titleOf(b)));
  return { data: sorted.slice(0, shown), more: sorted.length > shown };
};

const shown = 50;

const titleOf = ({ name, addresses }: Contact): string => name ?? addresses[0] ?? "";

const bouncedIn = (contact: string, accountId: string, inboxIds: readonly string[]): RawBuilder<boolean> =>
  sql<boolean>`exists (select 1 from engagements as b where b.account_id = ${accountId} and b.contact_id = ${sql.ref(contact)}
    and b.inbox_id in (${sql.join(inboxIds.length > 0 ? [...inboxIds] : [""])}))`;

/** A contact, and what became of the newest of its bounces. */
export type BouncedContact = { contact: Contact; state: EngagementState; category: Category | null; occurredAt: number };

/** Contacts with bounces, who bounced last first. */
export const listBouncedContacts = async (
  read: Read,
  accountId: string,
  options: ListOptions & OfInboxes = {},
): Promise<ListPage<BouncedContact>> => {
  const { inboxIds } = options;
  const after = readPosition(options);
  const of = inboxIds && (inboxIds.length > 0 ? inboxIds : [""]);
  let query = read
    .selectFrom("engagements as e")
    .select(["e.id", "e.contact_id", "e.state", "e.category", "e.occurred_at"])
    .where("e.account_id", "=", accountId)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom("engagements as n")
            .select("n.id")
            .whereRef("n.account_id", "=", "e.account_id")
            .whereRef("n.contact_id", "=", "e.contact_id")
            .where((eb) => eb(eb.refTuple("n.occurred_at", "n.id"), ">", eb.refTuple("e.occurred_at", "e.id")))
            .$if(of !== undefined, (newer) => newer.where("n.inbox_id", "in", of ?? [])),
        ),
      ),
    )
    .orderBy("e.occurred_at", "desc")
    .orderBy("e.id", "desc")
    .limit(pageLimit(options) + 1);
  if (of) query = query.where("e.inbox_id", "in", of);
  if (after) query = query.where((eb) => eb(eb.refTuple("e.occurred_at", "e.id"), "<", eb.tuple(Number(after[0]), after[1])));
  const page = listPage(
    await query.execute(),
    options,
    (row) => [row.occurred_at, row.id],
    (row) => row,
  );
  const contacts = await readContacts(
    read,
    accountId,
    page.data.map((row) => row.contact_id),
  );
  const byId = new Map(contacts.map((contact) => [contact.id, contact]));
  const data = page.data.flatMap(({ contact_id, state, category, occurred_at }) => {
    const contact = byId.get(contact_id);
    return contact ? [{ contact, state, category, occurredAt: occurred_at }] : [];
  });
  return { data, nextCursor: page.nextCursor };
};
