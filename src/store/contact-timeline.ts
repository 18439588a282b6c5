import { addressKey } from "../bounces/keys.ts";
import type { Read } from "../ports/database.ts";
import type { AddressEvent } from "../timeline/address-health.ts";
import type { Contact } from "./contacts.ts";
import { type Engagement, listEngagements } from "./engagements.ts";
import type { OfInboxes } from "./find-contacts.ts";
import { fromJson } from "./json.ts";
import { type ListOptions, type ListPage, listPage, pageLimit, readPosition } from "./list-page.ts";

/** What happened to an address beside its bounces: somebody unbounced it, or a person wrote from there. */
export type AddressChange = { id: string; address: string; event: Extract<AddressEvent, { kind: "unbounced" | "alive" }> };

/** An entry of a contact's timeline. */
export type TimelineEntry = { at: number; bounce: Engagement; change?: never } | { at: number; change: AddressChange; bounce?: never };

/** A contact's timeline, newest first: its bounces (with inboxes: of those only), and what changed at its addresses. */
export const contactTimeline = async (
  read: Read,
  accountId: string,
  contact: Pick<Contact, "id" | "addresses">,
  options: ListOptions & OfInboxes = {},
): Promise<ListPage<TimelineEntry>> => {
  const bounces = await listEngagements(read, accountId, { ...options, contactId: contact.id });
  const changes = await listAddressChanges(read, accountId, contact.addresses, options);
  const entries: TimelineEntry[] = [
    ...bounces.data.map((bounce) => ({ at: bounce.occurredAt, bounce })),
    ...changes.map((change) => ({ at: change.event.at, change })),
  ];
  const page = listPage(entries.sort(newestFirst), options, positionOf, (entry) => entry);
  return { data: page.data, nextCursor: page.nextCursor ?? bounces.nextCursor };
};

const idOf = (entry: TimelineEntry): string => entry.bounce?.id ?? entry.change?.id ?? "";
const positionOf = (entry: TimelineEntry): [number, string] => [entry.at, idOf(entry)];
const newestFirst = (a: TimelineEntry, b: TimelineEntry): number => b.at - a.at || (idOf(a) < idOf(b) ? 1 : -1);

/** One more than the limit, where there are more. */
const listAddressChanges = async (
  read: Read,
  accountId: string,
  addresses: readonly string[],
  options: ListOptions,
): Promise<AddressChange[]> => {
  if (addresses.length === 0) return [];
  const spelt = new Map(addresses.map((address) => [addressKey(address), address]));
  const after = readPosition(options);
  let query = read
    .selectFrom("address_events")
    .select(["address_key", "id", "entry"])
    .where("account_id", "=", accountId)
    .where("address_key", "in", [...spelt.keys()])
    .where((eb) => eb.or([eb("id", "like", "unbounced/%"), eb("id", "like", "alive/%")]))
    .orderBy("at", "desc")
    .orderBy("id", "desc")
    .limit(pageLimit(options) + 1);
  if (after) query = query.where((eb) => eb(eb.refTuple("at", "id"), "<", eb.tuple(Number(after[0]), after[1])));
  return (await query.execute()).map((row) => ({
    id: row.id,
    address: spelt.get(row.address_key) ?? row.address_key,
    event: fromJson<AddressChange["event"]>(row.entry),
  }));
};
