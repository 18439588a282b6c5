import type { Selectable } from "kysely";
import type { Candidate, SentRecipient } from "../bounces/match.ts";
import type { Json } from "../ports/connector.ts";
import type { Read, Tables } from "../ports/database.ts";
import { inBatches } from "./in-batches.ts";
import { fromJson } from "./json.ts";
import { type ListOptions, type ListPage, listPage, pageLimit, readPosition } from "./list-page.ts";

/** Times are epoch milliseconds. */
export type SentMessage = {
  id: string;
  accountId: string;
  inboxId: string | null;
  ref: string | null;
  folder: string | null;
  kind: "one_to_one" | "marketing";
  externalId: string | null;
  sendId: string | null;
  metadata: Json;
  messageId: string | null;
  subject: string | null;
  from: string | null;
  threadId: string | null;
  sentAt: number;
  createdAt: number;
  recipients: (SentRecipient & { name: string | null })[];
};

/** Sent messages of the account by any id they are known by, with their recipients: what matching works on. */
export const findSentByIds = async (read: Read, accountId: string, idKeys: readonly string[]): Promise<Map<string, SentMessage[]>> => {
  const rows = await inBatches([...new Set(idKeys)].sort(), (batch) =>
    read
      .selectFrom("sent_ids as i")
      .innerJoin("sent_messages as s", (join) => join.onRef("s.account_id", "=", "i.account_id").onRef("s.id", "=", "i.sent_message_id"))
      .leftJoin("sent_recipients as r", (join) => join.onRef("r.account_id", "=", "s.account_id").onRef("r.sent_message_id", "=", "s.id"))
      .selectAll("s")
      .select(["i.id_key", ...ofRecipient])
      .where("i.account_id", "=", accountId)
      .where("i.id_key", "in", batch)
      .execute(),
  );
  const byIdKey = Map.groupBy(rows, (row) => row.id_key);
  return new Map([...byIdKey].map(([key, some]) => [key, together(some).sort((a, b) => (a.id < b.id ? -1 : 1))]));
};

/** Messages that went to any of these addresses between two times, newest first: candidates where no id ties a notice. */
export const findSentToRecipients = async (
  read: Read,
  accountId: string,
  addressKeys: readonly string[],
  sent: { after: number; before: number },
): Promise<SentMessage[]> => {
  const rows = await inBatches([...new Set(addressKeys)].sort(), (batch) => {
    const newest = read
      .selectFrom("sent_recipients as t")
      .innerJoin("sent_messages as s", (join) => join.onRef("s.account_id", "=", "t.account_id").onRef("s.id", "=", "t.sent_message_id"))
      .selectAll("s")
      .where("t.account_id", "=", accountId)
      .where("t.address_key", "in", batch)
      .where("t.sent_at", ">", sent.after)
      // Told by the recipient's row, a letter after the notice is passed over without being read.
      .where((eb) => eb.or([eb("t.sent_at", "<", sent.before), eb("t.sent_at", "=", notKnownWhen)]))
      .where("s.sent_at", ">", sent.after)
      .where("s.sent_at", "<", sent.before)
      .orderBy("t.sent_at", "desc")
      .limit(50);
    return read
      .selectFrom(newest.as("s"))
      .innerJoin("sent_recipients as r", (join) => join.onRef("r.account_id", "=", "s.account_id").onRef("r.sent_message_id", "=", "s.id"))
      .selectAll("s")
      .select(ofRecipient)
      .execute();
  });
  return together(rows).sort((a, b) => b.sentAt - a.sentAt);
};

/** What a release before migration 12 leaves in `sent_recipients.sent_at`. */
const notKnownWhen = Number.MAX_SAFE_INTEGER;

const ofRecipient = ["r.address_key", "r.address", "r.name", "r.role"] as const;

type Recipient = Pick<Tables["sent_recipients"], "address_key" | "address" | "name" | "role">;
type WithRecipient = Selectable<Tables["sent_messages"]> & { [column in keyof Recipient]: Recipient[column] | null };

/** Messages of rows that each hold one recipient, or none. */
const together = (rows: readonly WithRecipient[]): SentMessage[] =>
  [...Map.groupBy(rows, (row) => row.id).values()].flatMap((some) => {
    const [first] = some;
    const recipients = new Map(some.flatMap((row) => (isRecipient(row) ? [[row.address_key, row] as const] : [])));
    return first ? [toSentMessage(first, [...recipients.values()])] : [];
  });

const isRecipient = (row: WithRecipient): row is WithRecipient & Recipient => row.address_key !== null;

/** What matchReport takes: a message, and the ids of a notice it is known by. */
export const toCandidate = ({ id, recipients, threadId, subject, from, sentAt }: SentMessage, idKeys: readonly string[]): Candidate => ({
  sentMessageId: id,
  idKeys,
  recipients,
  threadId,
  subject,
  from,
  sentAt,
});

/** Candidates made of what findSentByIds found. */
export const toCandidates = (found: ReadonlyMap<string, readonly SentMessage[]>, idKeys: readonly string[]): Candidate[] => {
  const known = new Map<string, { message: SentMessage; keys: string[] }>();
  for (const key of idKeys) {
    for (const message of found.get(key) ?? []) {
      const one = known.get(message.id) ?? { message, keys: [] };
      one.keys.push(key);
      known.set(message.id, one);
    }
  }
  return [...known.values()].map(({ message, keys }) => toCandidate(message, keys));
};

export const getSentMessage = async (read: Read, accountId: string, sentMessageId: string): Promise<SentMessage | null> =>
  (await readSentMessages(read, accountId, [sentMessageId])).get(sentMessageId) ?? null;

/** Sent messages by their ids. */
export const readSentMessages = async (
  read: Read,
  accountId: string,
  sentMessageIds: readonly string[],
): Promise<Map<string, SentMessage>> => {
  const rows = await inBatches([...new Set(sentMessageIds)].sort(), (batch) =>
    read.selectFrom("sent_messages").selectAll().where("account_id", "=", accountId).where("id", "in", batch).execute(),
  );
  return new Map((await withRecipients(read, accountId, rows)).map((message) => [message.id, message]));
};

/** The sent messages of an account, newest first. */
export const listSentMessages = async (
  read: Read,
  accountId: string,
  options: ListOptions & { inboxId?: string | undefined; externalId?: string | undefined; sendId?: string | undefined } = {},
): Promise<ListPage<SentMessage>> => {
  const after = readPosition(options);
  let query = read
    .selectFrom("sent_messages")
    .selectAll()
    .where("account_id", "=", accountId)
    .orderBy("sent_at", "desc")
    .orderBy("id", "desc")
    .limit(pageLimit(options) + 1);
  if (after) query = query.where((eb) => eb(eb.refTuple("sent_at", "id"), "<", eb.tuple(Number(after[0]), after[1])));
  if (options.inboxId !== undefined) query = query.where("inbox_id", "=", options.inboxId);
  if (options.externalId !== undefined) query = query.where("external_id", "=", options.externalId);
  if (options.sendId !== undefined) query = query.where("send_id", "=", options.sendId);
  const page = listPage(
    await query.execute(),
    options,
    (row) => [row.sent_at, row.id],
    (row) => row,
  );
  return { data: await withRecipients(read, accountId, page.data), nextCursor: page.nextCursor };
};

/** How many messages went to these addresses (by addressKey), and since when; null where none did. */
export const countSentTo = async (
  read: Read,
  accountId: string,
  addressKeys: readonly string[],
): Promise<{ count: number; since: number | null }> => {
  if (addressKeys.length === 0) return { count: 0, since: null };
  const row = await read
    .selectFrom("sent_recipients")
    .select((eb) => [eb.fn.count<number>("sent_message_id").distinct().as("messages"), eb.fn.min("sent_at").as("since")])
    .where("account_id", "=", accountId)
    .where("address_key", "in", addressKeys)
    .executeTakeFirstOrThrow();
  return { count: Number(row.messages), since: row.since === null ? null : Number(row.since) };
};

const withRecipients = async (
  read: Read,
  accountId: string,
  rows: readonly Selectable<Tables["sent_messages"]>[],
): Promise<SentMessage[]> => {
  const recipients = await inBatches(rows, (batch) =>
    read
      .selectFrom("sent_recipients")
      .select(["sent_message_id", "address_key", "address", "name", "role"])
      .where("account_id", "=", accountId)
      .where(
        "sent_message_id",
        "in",
        batch.map((row) => row.id),
      )
      .execute(),
  );
  const byMessage = Map.groupBy(recipients, (row) => row.sent_message_id);
  return rows.map((row) => toSentMessage(row, byMessage.get(row.id) ?? []));
};

const toSentMessage = (row: Selectable<Tables["sent_messages"]>, recipients: readonly Recipient[]): SentMessage => ({
  id: row.id,
  accountId: row.account_id,
  inboxId: row.inbox_id,
  ref: row.ref,
  folder: row.folder,
  kind: row.kind,
  externalId: row.external_id,
  sendId: row.send_id,
  metadata: fromJson<Json>(row.metadata),
  messageId: row.message_id,
  subject: row.subject,
  from: row.from_address,
  threadId: row.thread_id,
  sentAt: row.sent_at,
  createdAt: row.created_at,
  // Sorted here: asked to, a database would sort what it need not.
  recipients: recipients
    .toSorted((a, b) => (a.address_key < b.address_key ? -1 : 1))
    .map(({ address_key, address, name, role }) => ({ addressKey: address_key, address, name, role })),
});
