import { type Selectable, sql } from "kysely";
import type { Category } from "../bounces/report.ts";
import type { Json } from "../ports/connector.ts";
import type { EngagementState, Read, Tables } from "../ports/database.ts";
import { addressEffect } from "../timeline/address-health.ts";
import { alikeAtLeast, alikeWithinMs, canFailAlike } from "../timeline/fail-alike.ts";
import type { Facts, Folded } from "../timeline/fold.ts";
import { readAddresses } from "./addresses.ts";
import { beginningWith } from "./beginning-with.ts";
import { inBatches } from "./in-batches.ts";
import { fromJson, fromJsonOrNull } from "./json.ts";
import { type ListOptions, type ListPage, listPage, pageLimit, readPosition } from "./list-page.ts";

/** One entry of a contact's timeline: what became of one sent message at one recipient. Times are epoch milliseconds. */
export type Engagement = {
  id: string;
  accountId: string;
  state: EngagementState;
  category: Category | null;
  reason: string | null;
  contactId: string;
  contactExternalId: string | null;
  inboxId: string;
  /** The owner of the inbox, as the CRM gave it. */
  owner: Json;
  recipient: {
    address: string;
    role: "to" | "cc" | "bcc";
    reportedAddress: string;
    relation: Facts["relation"];
    /** How many of the message's other recipients failed, of how many. */
    othersFailed: number;
    othersTotal: number;
  };
  sentMessageId: string;
  sentMessage: {
    id: string;
    kind: "one_to_one" | "marketing";
    sendId: string | null;
    externalId: string | null;
    messageId: string | null;
    subject: string | null;
    from: string | null;
    sentAt: number;
    metadata: Json;
  };
  server: Facts["server"] | null;
  match: Facts["match"] | null;
  classification: Facts["classification"] | null;
  noticeId: string | null;
  notice: Facts["notice"] | null;
  addressEffect: "made_ineligible" | "none";
  /** A person has written from the address, so it exists. */
  hasReplied: boolean;
  /** Three or more people at the recipient's domain failed like this within a week. */
  failsAlike: boolean;
  pendingUntil: number | null;
  history: Folded["history"];
  backfill: boolean;
  occurredAt: number;
  detectedAt: number;
  updatedAt: number;
  version: number;
};

export type EngagementFilter = {
  state?: readonly EngagementState[] | undefined;
  category?: readonly Category[] | undefined;
  contactId?: string | undefined;
  contactExternalId?: string | undefined;
  inboxId?: string | undefined;
  /** Of these inboxes only; of none where it is empty. */
  inboxIds?: readonly string[] | undefined;
  sentMessageId?: string | undefined;
  sendId?: string | undefined;
  /** addressKey of the recipient. */
  recipientKey?: string | undefined;
  /** The beginning of the recipient's addressKey, or `@` and its whole domain. */
  recipientBegins?: string | undefined;
  backfill?: boolean | undefined;
  occurredSince?: number | undefined;
  updatedSince?: number | undefined;
};

export type EngagementSort = "occurredAt" | "-occurredAt" | "updatedAt" | "-updatedAt";

export const getEngagement = async (read: Read, accountId: string, engagementId: string): Promise<Engagement | null> =>
  (await readEngagements(read, accountId, [engagementId]))[0] ?? null;

/** Engagements by id, in the order of their ids. */
export const readEngagements = async (read: Read, accountId: string, engagementIds: readonly string[]): Promise<Engagement[]> => {
  const rows = await inBatches([...engagementIds].sort(), (batch) =>
    joined(read, accountId).where("e.id", "in", batch).orderBy("e.id").execute(),
  );
  return withOthers(read, accountId, rows);
};

/** The engagements of an account, newest first unless `sort` says otherwise. */
export const listEngagements = async (
  read: Read,
  accountId: string,
  options: ListOptions & EngagementFilter & { sort?: EngagementSort | undefined } = {},
): Promise<ListPage<Engagement>> => {
  const sort = options.sort ?? "-occurredAt";
  const column = sort.endsWith("occurredAt") ? "occurred_at" : "updated_at";
  const direction = sort.startsWith("-") ? "desc" : "asc";
  const after = readPosition(options);
  let query = filtered(read, joined(read, accountId), options)
    .orderBy(`e.${column}`, direction)
    .orderBy("e.id", direction)
    .limit(pageLimit(options) + 1);
  if (after) {
    const beyond = direction === "desc" ? "<" : ">";
    query = query.where((eb) => eb(eb.refTuple(`e.${column}`, "e.id"), beyond, eb.tuple(Number(after[0]), after[1])));
  }
  const page = listPage(
    await query.execute(),
    options,
    (row) => [row[column], row.id],
    (row) => row,
  );
  return { data: await withOthers(read, accountId, page.data), nextCursor: page.nextCursor };
};

/** An engagement with the contact, the message and the inbox it names. */
const joined = (read: Read, accountId: string) =>
  read
    .selectFrom("engagements as e")
    .innerJoin("contacts as c", (join) => join.onRef("c.account_id", "=", "e.account_id").onRef("c.id", "=", "e.contact_id"))
    .innerJoin("sent_messages as s", (join) => join.onRef("s.account_id", "=", "e.account_id").onRef("s.id", "=", "e.sent_message_id"))
    .leftJoin("inboxes as i", (join) => join.onRef("i.account_id", "=", "e.account_id").onRef("i.id", "=", "e.inbox_id"))
    .selectAll("e")
    .select([
      "c.external_id as contact_external_id",
      "i.owner",
      "s.kind",
      "s.send_id",
      "s.external_id",
      "s.message_id",
      "s.subject",
      "s.from_address",
      "s.sent_at",
      "s.metadata",
    ])
    .where("e.account_id", "=", accountId);

type Query = ReturnType<typeof joined>;
type Row = Awaited<ReturnType<Query["execute"]>>[number];

const filtered = (read: Read, query: Query, filter: EngagementFilter): Query => {
  let narrowed = query;
  if (filter.state) narrowed = narrowed.where("e.state", "in", filter.state);
  if (filter.category) narrowed = narrowed.where("e.category", "in", filter.category);
  if (filter.contactId !== undefined) narrowed = narrowed.where("e.contact_id", "=", filter.contactId);
  if (filter.contactExternalId !== undefined) narrowed = narrowed.where("c.external_id", "=", filter.contactExternalId);
  if (filter.inboxId !== undefined) narrowed = narrowed.where("e.inbox_id", "=", filter.inboxId);
  if (filter.inboxIds !== undefined) narrowed = narrowed.where("e.inbox_id", "in", filter.inboxIds.length > 0 ? filter.inboxIds : [""]);
  if (filter.sentMessageId !== undefined) narrowed = narrowed.where("e.sent_message_id", "=", filter.sentMessageId);
  if (filter.sendId !== undefined) narrowed = narrowed.where("s.send_id", "=", filter.sendId);
  if (filter.recipientKey !== undefined) narrowed = narrowed.where("e.recipient_key", "=", filter.recipientKey);
  const begins = filter.recipientBegins;
  if (begins?.startsWith("@")) narrowed = narrowed.where("e.recipient_domain", "=", begins.slice(1));
  else if (begins !== undefined) narrowed = narrowed.where(beginningWith(read, "e.recipient_key", begins));
  if (filter.backfill !== undefined) narrowed = narrowed.where("e.backfill", "=", filter.backfill ? 1 : 0);
  if (filter.occurredSince !== undefined) narrowed = narrowed.where("e.occurred_at", ">=", filter.occurredSince);
  if (filter.updatedSince !== undefined) narrowed = narrowed.where("e.updated_at", ">=", filter.updatedSince);
  return narrowed;
};

/** Adds how the message's other recipients fared, and the domain's, and whether the address is known to be alive, in three statements for all rows and one for each that may fail in company. */
const withOthers = async (read: Read, accountId: string, rows: readonly Row[]): Promise<Engagement[]> => {
  const messages = [...new Set(rows.map((row) => row.sent_message_id))].sort();
  const recipients = await inBatches(messages, (batch) =>
    read
      .selectFrom("sent_recipients")
      .select(["sent_message_id", sql<number>`count(*)`.as("total")])
      .where("account_id", "=", accountId)
      .where("sent_message_id", "in", batch)
      .groupBy("sent_message_id")
      .execute(),
  );
  const failed = await inBatches(messages, (batch) =>
    read
      .selectFrom("engagements")
      .select(["sent_message_id", "id"])
      .where("account_id", "=", accountId)
      .where("sent_message_id", "in", batch)
      .where("state", "in", ["soft", "hard"])
      .execute(),
  );
  const addresses = await readAddresses(
    read,
    accountId,
    rows.map((row) => row.recipient_key),
  );
  const alike = await failingAlike(read, accountId, rows);
  const totals = new Map(recipients.map((row) => [row.sent_message_id, row.total]));
  return rows.map((row) => {
    const othersFailed = failed.filter((other) => other.sent_message_id === row.sent_message_id && other.id !== row.id).length;
    const others = { othersFailed, othersTotal: Math.max((totals.get(row.sent_message_id) ?? 1) - 1, 0) };
    const hasReplied = (addresses.get(row.recipient_key)?.lastSignOfLife ?? null) !== null;
    return toEngagement(row, others, { hasReplied, failsAlike: alike.has(row.id) });
  });
};

/** Ids of those that fail in company (timeline/fail-alike.ts). A look for each, which ends with the second of the others. */
const failingAlike = async (read: Read, accountId: string, rows: readonly Row[]): Promise<Set<string>> => {
  const told = rows.filter((row) => row.state === "hard" && canFailAlike(row.recipient_domain ?? "", row.category));
  const found = await Promise.all(
    told.map(async (row) => {
      const others = await read
        .selectFrom("engagements")
        .select("recipient_key")
        .distinct()
        .where("account_id", "=", accountId)
        .where("recipient_domain", "=", row.recipient_domain)
        .where("category", "is not distinct from", row.category)
        .where("reason", "is not distinct from", row.reason)
        .where("occurred_at", ">=", row.occurred_at - alikeWithinMs)
        .where("occurred_at", "<=", row.occurred_at + alikeWithinMs)
        .where("state", "=", "hard")
        .where("recipient_key", "!=", row.recipient_key)
        .limit(alikeAtLeast - 1)
        .execute();
      return others.length === alikeAtLeast - 1 ? [row.id] : [];
    }),
  );
  return new Set(found.flat());
};

const toEngagement = (
  row: Row,
  others: { othersFailed: number; othersTotal: number },
  signs: Pick<Engagement, "hasReplied" | "failsAlike">,
): Engagement => {
  const folded = fromJson<Folded>(row.folded);
  const relation = folded.facts?.relation ?? "same";
  return {
    id: row.id,
    accountId: row.account_id,
    state: row.state,
    category: row.category,
    reason: row.reason,
    contactId: row.contact_id,
    contactExternalId: row.contact_external_id,
    inboxId: row.inbox_id,
    owner: fromJsonOrNull<Json>(row.owner),
    recipient: {
      address: row.recipient_address,
      role: row.recipient_role,
      reportedAddress: folded.facts?.reportedAddress ?? row.recipient_address,
      relation,
      ...others,
    },
    sentMessageId: row.sent_message_id,
    sentMessage: {
      id: row.sent_message_id,
      kind: row.kind,
      sendId: row.send_id,
      externalId: row.external_id,
      messageId: row.message_id,
      subject: row.subject,
      from: row.from_address,
      sentAt: row.sent_at,
      metadata: fromJson<Json>(row.metadata),
    },
    server: folded.facts?.server ?? null,
    match: folded.facts?.match ?? null,
    classification: folded.facts?.classification ?? null,
    noticeId: folded.noticeId,
    notice: folded.facts?.notice ?? null,
    addressEffect: addressEffect(folded),
    ...signs,
    pendingUntil: row.pending_until,
    history: folded.history,
    backfill: row.backfill === 1,
    occurredAt: row.occurred_at,
    detectedAt: row.detected_at,
    updatedAt: row.updated_at,
    version: row.version,
  };
};

export type EngagementRow = Selectable<Tables["engagements"]>;
