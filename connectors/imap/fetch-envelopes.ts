import type { FetchMessageObject, FetchQueryObject, ImapFlow } from "imapflow";
import { type Envelope, envelopeFields } from "../../src/bounces/envelope.ts";
import { parseHeaderFields } from "../../src/bounces/header-fields.ts";
import { ConnectorError, type Folder } from "../../src/ports/connector.ts";
import { readEnvelope } from "../shared/read-envelope.ts";
import type { Connection } from "./connection.ts";
import { isTooLarge } from "./imap-error.ts";
import { messageRef } from "./message-ref.ts";

/** BODY.PEEK leaves \Seen alone (RFC 9051, 6.4.5); imapflow never asks without PEEK. */
const usual: FetchQueryObject = { uid: true, internalDate: true, size: true, threadId: true, headers: [...envelopeFields] };

/** For a page with a monstrous header in it: the first bytes of every header, which no server needs more than this for. */
const cautious: FetchQueryObject = {
  uid: true,
  internalDate: true,
  size: true,
  threadId: true,
  bodyParts: [{ key: "HEADER", start: 0, maxLength: 64 * 1024 }],
};

const receivedAt = (date: Date | string | undefined): number | null => {
  const at = date === undefined ? Number.NaN : new Date(date).getTime();
  return Number.isNaN(at) ? null : at;
};

const envelopeOf = (message: FetchMessageObject, folder: Folder, uidValidity: string): Envelope =>
  readEnvelope({
    ref: messageRef({ path: folder.path, uidValidity, uid: message.uid }),
    folder: folder.path,
    role: folder.role,
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

export type FetchRequest = { folder: Folder; uidValidity: string; uids: readonly number[] };

const fetchWith = async (client: ImapFlow, request: FetchRequest, query: FetchQueryObject): Promise<Map<number, Envelope>> => {
  const asked = new Set(request.uids);
  const found = new Map<number, Envelope>();
  for await (const message of client.fetch(sequenceSet(request.uids), query, { uid: true })) {
    const answered = message.headers !== undefined || message.bodyParts !== undefined;
    if (answered && asked.has(message.uid)) found.set(message.uid, envelopeOf(message, request.folder, request.uidValidity));
  }
  return new Map([...found].sort(([a], [b]) => a - b));
};

/**
 * The envelopes of some messages of a folder, by UID, ascending. Servers may answer with others (a flag changed meanwhile)
 * or twice; only those asked for count, once each. A header too large to take breaks the connection: then all are asked for
 * again, cut short.
 */
export const fetchEnvelopes = async (connection: Connection, request: FetchRequest): Promise<Map<number, Envelope> | "no_folder"> => {
  const fetchAs = (query: FetchQueryObject): Promise<Map<number, Envelope> | "no_folder"> =>
    connection.runIn(request.folder.path, (client, { uidValidity }) => {
      if (String(uidValidity ?? 0) !== request.uidValidity) throw renumbered(request.folder.path);
      return fetchWith(client, request, query);
    });
  try {
    return await fetchAs(usual);
  } catch (error) {
    if (error instanceof ConnectorError && isTooLarge(error.cause)) return fetchAs(cautious);
    throw error;
  }
};

const renumbered = (path: string): ConnectorError =>
  new ConnectorError("unavailable", `The folder "${path}" was rebuilt by its server while it was read. The next look lists it again.`);
