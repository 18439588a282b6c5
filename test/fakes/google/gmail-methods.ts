/** The methods of the Gmail API that a reader uses, with the semantics of their documentation. */
import { type Answer, failure, notFound, ok } from "./answer.ts";
import type { ApiCall } from "./check-schema.ts";
import type { Change, Mailbox, StoredMessage } from "./mailbox.ts";
import { inFormat } from "./message-formats.ts";
import type { PubSub } from "./pubsub.ts";
import { parseSearch } from "./search.ts";

/** What the documentation allows and a test may ask for. */
export type Oddities = {
  /** history.list answers so many pages without `history` but with a nextPageToken first. */
  emptyHistoryPages: number;
  /** Each added message is told twice, in two records. */
  duplicateAdditions: boolean;
  /** Messages in the list of changes come with id and threadId only. */
  bareHistory: boolean;
};

export type Method = (mailbox: Mailbox, call: ApiCall, oddities: Oddities, pubsub: PubSub) => Answer;

const sizeOf = (query: URLSearchParams): number => Math.min(Number(query.get("maxResults") ?? 100), 500);

const token = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

const readToken = <T>(text: string | null): T | null => {
  if (text === null) return null;
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString()) as T;
  } catch {
    return null;
  }
};

const getProfile: Method = ({ address, messages, historyId }) =>
  ok({
    emailAddress: address,
    messagesTotal: messages.size,
    threadsTotal: new Set([...messages.values()].map(({ threadId }) => threadId)).size,
    historyId: String(historyId),
  });

const sendAsList: Method = ({ sendAs }) => ok({ sendAs });

const systemLabels = ["CHAT", "SENT", "INBOX", "IMPORTANT", "TRASH", "DRAFT", "SPAM", "STARRED", "UNREAD"];
const labelsList: Method = () => ok({ labels: systemLabels.map((name) => ({ id: name, name, type: "system" })) });

/** Newest first. Spam and trash only on request. */
const matching = ({ messages }: Mailbox, query: URLSearchParams): StoredMessage[] => {
  const test = parseSearch(query.get("q") ?? "");
  const wanted = query.getAll("labelIds");
  const everywhere = query.get("includeSpamTrash") === "true";
  return [...messages.values()]
    .filter(({ labels }) => everywhere || !(labels.has("SPAM") || labels.has("TRASH")))
    .filter((message) => wanted.every((label) => message.labels.has(label)) && test(message))
    .toSorted((a, b) => b.internalDate - a.internalDate);
};

const messagesList: Method = (mailbox, { query }) => {
  const asked = query.get("q") ?? "";
  const at = readToken<{ q: string; after: number }>(query.get("pageToken"));
  if (query.has("pageToken") && (at === null || at.q !== asked)) return failure(400, "invalidArgument", "Invalid pageToken");
  const found = matching(mailbox, query);
  const start = at?.after ?? 0;
  const page = found.slice(start, start + sizeOf(query));
  const end = start + page.length;
  return ok({
    ...(page.length > 0 ? { messages: page.map(({ id, threadId }) => ({ id, threadId })) } : {}),
    ...(end < found.length ? { nextPageToken: token({ q: asked, after: end }) } : {}),
    // The real one is known to be an estimate that has little to do with the number of results.
    resultSizeEstimate: Math.min(found.length, 201),
  });
};

const messagesGet: Method = ({ messages }, { path, query }) => {
  if (!/^[0-9a-f]{1,16}$/.test(path.id ?? "")) return failure(400, "invalidArgument", "Invalid id value");
  const message = messages.get(path.id ?? "");
  return message ? ok(inFormat(message, query.get("format") ?? "full", query.getAll("metadataHeaders"))) : notFound();
};

const fieldOf = {
  messageAdded: "messagesAdded",
  messageDeleted: "messagesDeleted",
  labelAdded: "labelsAdded",
  labelRemoved: "labelsRemoved",
};

const asRecord = ({ id, type, message, labelIds }: Change, bare: boolean): object => {
  const { id: messageId, threadId } = message;
  const shown = bare ? { id: messageId, threadId } : message;
  const entry = type === "labelAdded" || type === "labelRemoved" ? { message: shown, labelIds } : { message: shown };
  return { id: String(id), messages: [{ id: messageId, threadId }], [fieldOf[type]]: [entry] };
};

const changesAfter = ({ changes }: Mailbox, start: bigint, types: readonly string[], twice: boolean): Change[] =>
  changes
    .filter(({ id, type }) => id > start && (types.length === 0 || types.includes(type)))
    .flatMap((change) => (twice && change.type === "messageAdded" ? [change, change] : [change]));

type HistoryPlace = { after: number; empty: number };

const historyList: Method = (mailbox, { query }, { emptyHistoryPages, duplicateAdditions, bareHistory }) => {
  const given = query.get("startHistoryId") ?? "";
  if (!/^\d+$/.test(given)) return failure(400, "invalidArgument", "Missing or invalid startHistoryId");
  const start = BigInt(given);
  if (start < mailbox.oldest || start > mailbox.historyId) return notFound();
  const place = readToken<HistoryPlace>(query.get("pageToken")) ?? { after: 0, empty: 0 };
  const historyId = String(mailbox.historyId);
  if (place.empty < emptyHistoryPages) return ok({ historyId, nextPageToken: token({ ...place, empty: place.empty + 1 }) });
  const found = changesAfter(mailbox, start, query.getAll("historyTypes"), duplicateAdditions);
  const page = found.slice(place.after, place.after + sizeOf(query));
  const end = place.after + page.length;
  return ok({
    ...(page.length > 0 ? { history: page.map((change) => asRecord(change, bareHistory)) } : {}),
    historyId,
    ...(end < found.length ? { nextPageToken: token({ after: end, empty: place.empty }) } : {}),
  });
};

const watch: Method = (mailbox, { body }, _oddities, pubsub) => {
  if (body.topicName !== pubsub.topic) return failure(400, "invalidArgument", `Invalid topicName does not match ${pubsub.topic}`);
  return ok({ historyId: String(mailbox.historyId), expiration: String(pubsub.watch(mailbox)) });
};

const stop: Method = (mailbox, _call, _oddities, pubsub) => {
  pubsub.unwatch(mailbox);
  return { status: 204, body: "" };
};

export const methods: { readonly [name: string]: Method } = {
  "gmail.users.getProfile": getProfile,
  "gmail.users.labels.list": labelsList,
  "gmail.users.settings.sendAs.list": sendAsList,
  "gmail.users.history.list": historyList,
  "gmail.users.messages.list": messagesList,
  "gmail.users.messages.get": messagesGet,
  "gmail.users.watch": watch,
  "gmail.users.stop": stop,
};

const metadataScope = "https://www.googleapis.com/auth/gmail.metadata";

/** With gmail.metadata granted these are refused, whatever else was granted beside it (providers.md, scope traps). */
export const metadataTrap = ({ method, query }: ApiCall, granted: readonly string[]): Answer | null => {
  if (!granted.includes(metadataScope)) return null;
  if (method === "gmail.users.messages.list" && query.has("q"))
    return failure(403, "forbidden", "Metadata scope does not support 'q' parameter");
  const format = query.get("format") ?? "full";
  if (method !== "gmail.users.messages.get" || !["full", "raw"].includes(format)) return null;
  return failure(403, "forbidden", `Metadata scope doesn't allow format ${format.toUpperCase()}`);
};
