import type { FetchMessageObject, FetchQueryObject, ImapFlow } from "imapflow";
import { type Envelope, envelopeFields, type FolderRole } from "../../src/bounces/envelope.ts";
import { parseHeaderFields } from "../../src/bounces/header-fields.ts";
import { ConnectorError, type Folder } from "../../src/ports/connector.ts";
import { readEnvelope } from "../shared/read-envelope.ts";
import type { Connection, RunOptions } from "./connection.ts";
import { isTooLarge } from "./imap-error.ts";
import { inFolder } from "./in-folder.ts";
import { gmailRef, messageRef } from "./message-ref.ts";

/** BODY.PEEK leaves \Seen alone (RFC 9051, 6.4.5); imapflow never asks without PEEK. */
const facts: FetchQueryObject = { uid: true, internalDate: true, size: true, threadId: true, labels: true };
const usual: FetchQueryObject = { ...facts, headers: [...envelopeFields] };

/** For a page with a monstrous header in it: the first bytes of every header, which no server needs more than this for. */
const cautious: FetchQueryObject = { ...facts, bodyParts: [{ key: "HEADER", start: 0, maxLength: 64 * 1024 }] };

const receivedAt = (date: Date | string | undefined): number | null => {
  const at = date === undefined ? Number.NaN : new Date(date).getTime();
  return Number.isNaN(at) ? null : at;
};

/** What Gmail files a message under says more than the folder with all mail. Labels of its own begin with a backslash. */
const roleIn = ({ labels }: FetchMessageObject, { role }: Folder): FolderRole => {
  if (role !== "all") return role;
  if (labels?.has("\\Sent")) return "sent";
  return labels?.has("\\Inbox") ? "inbox" : role;
};

const envelopeOf = (message: FetchMessageObject, { folder, uidValidity }: FetchRequest): Envelope =>
  readEnvelope({
    // Labels are answered by Gmail alone, where the id is Gmail's.
    ref: message.labels && message.emailId ? gmailRef(message.emailId) : messageRef({ path: folder.path, uidValidity, uid: message.uid }),
    folder: folder.path,
    role: roleIn(message, folder),
    fields: parseHeaderFields(message.headers ?? message.bodyParts?.get("header") ?? new Uint8Array()),
    receivedAt: receivedAt(message.internalDate),
    size: message.size ?? null,
    threadId: message.threadId ?? null,
  });

/** A list of numbers as a sequence set, neighbours joined: `1:3,7` (RFC 9051, sequence-set). */
export const sequenceSet = (uids: readonly number[]): string => {
  const runs: [number, number][] = [];
  for (const uid of uids) {
    const last = runs.at(-1);
    if (last && last[1] + 1 === uid) last[1] = uid;
    else runs.push([uid, uid]);
  }
  return runs.map(([from, to]) => (from === to ? String(from) : `${from}:${to}`)).join(",");
};

/** `besides`: labels of Gmail whose messages are not told, because they are told in another folder or are no mail. */
export type FetchRequest = { folder: Folder; uidValidity: string; uids: readonly number[]; besides?: readonly string[] };

/** What came for each UID; null for a message that is there and is not to be told. */
type Envelopes = Map<number, Envelope | null>;

const isBeside = ({ labels }: FetchMessageObject, { besides = [] }: FetchRequest): boolean =>
  labels !== undefined && besides.some((label) => labels.has(label));

/** Others' changes of flags are told in between; so many are not. */
const mostUnasked = 100_000;

const cutOff = (client: ImapFlow): Error => {
  client.close();
  return Object.assign(new Error("answers without end"), { code: "TooManyResponses" });
};

const fetchWith = async (client: ImapFlow, request: FetchRequest, query: FetchQueryObject): Promise<Envelopes> => {
  const asked = new Set(request.uids);
  const found: Envelopes = new Map();
  const came = { headers: 0, others: 0 };
  for await (const message of client.fetch(sequenceSet(request.uids), query, { uid: true })) {
    const answered = message.headers !== undefined || message.bodyParts !== undefined;
    came[answered ? "headers" : "others"]++;
    if (came.headers > 2 * asked.size + 10 || came.others > mostUnasked) throw cutOff(client);
    if (!answered || !asked.has(message.uid)) continue;
    found.set(message.uid, isBeside(message, request) ? null : envelopeOf(message, request));
  }
  return new Map([...found].sort(([a], [b]) => a - b));
};

/** A header too large to take breaks the connection: then all are asked for again, cut short. */
const fetchOrCut = async (connection: Connection, request: FetchRequest, options: RunOptions = {}): Promise<Envelopes> => {
  const place = { path: request.folder.path, uidValidity: request.uidValidity };
  const fetchAs = (query: FetchQueryObject): Promise<Envelopes> =>
    inFolder(connection, place, (client) => fetchWith(client, request, query), options);
  try {
    return await fetchAs(usual);
  } catch (error) {
    if (error instanceof ConnectorError && isTooLarge(error.cause)) return fetchAs(cautious);
    throw error;
  }
};

const isUnavailable = (error: unknown): boolean => error instanceof ConnectorError && error.kind === "unavailable";

/** How often a page is divided to find the messages a server fails over, before the server itself is held to be failing. */
const mostDivisions = 40;

/** Reads both halves of a request apart, and what fails again in halves of its own; a single message that fails is left out. */
const fetchHalves = async (connection: Connection, request: FetchRequest, divisions: { left: number }): Promise<Envelopes> => {
  const middle = request.uids.length >> 1;
  const found: Envelopes = new Map();
  for (const uids of [request.uids.slice(0, middle), request.uids.slice(middle)]) {
    const half = { ...request, uids };
    try {
      for (const [uid, envelope] of await fetchOrCut(connection, half, { persist: false })) found.set(uid, envelope);
    } catch (error) {
      if (!isUnavailable(error) || divisions.left-- <= 0) throw error;
      if (uids.length > 1) for (const [uid, envelope] of await fetchHalves(connection, half, divisions)) found.set(uid, envelope);
    }
  }
  return found;
};

/**
 * The envelopes of some messages of a folder, by UID, ascending. Servers may answer with others (a flag changed meanwhile)
 * or twice; only those asked for count, once each. A message the server itself fails over (a damaged one can end the
 * connection) is left out, so that it does not hold up the ones beside it; if none can be read, it is the server.
 */
export const fetchEnvelopes = async (connection: Connection, request: FetchRequest): Promise<Envelopes> => {
  try {
    return await fetchOrCut(connection, request);
  } catch (error) {
    if (!isUnavailable(error) || request.uids.length < 2) throw error;
    // A server that is down says so here, once.
    await connection.run((client) => client.noop());
    const found = await fetchHalves(connection, request, { left: mostDivisions });
    if (found.size === 0) throw error;
    return found;
  }
};

/** As `fetchEnvelopes`, for messages that a first answer left out: nothing is made of a failure. */
export const fetchAgain = async (connection: Connection, request: FetchRequest): Promise<Envelopes> => {
  try {
    return await fetchOrCut(connection, request, { persist: false });
  } catch (error) {
    if (isUnavailable(error)) return new Map();
    throw error;
  }
};
