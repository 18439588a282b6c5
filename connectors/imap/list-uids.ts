import type { FetchMessageObject, ImapFlow, MailboxObject, SearchObject } from "imapflow";
import { ConnectorError } from "../../src/ports/connector.ts";
import type { Connection } from "./connection.ts";
import { sequenceSet } from "./fetch-envelopes.ts";
import { inFolder, type KnownFolder } from "./in-folder.ts";

/** Where a folder's numbers stand. `uidNext` is null where the server does not say it (Courier), and some say it wrongly. */
export type FolderFacts = { uidValidity: string; uidNext: number | null; exists: number };

/**
 * What STATUS tells (RFC 9051, 6.3.11): many servers answer it without opening the folder, so that a quiet one costs the same however
 * large it is. Null where it does not tell all, or refuses; the folder that is open is not asked about this way.
 */
const askStatus = (connection: Connection, path: string): Promise<FolderFacts | null> =>
  connection.run(async (client) => {
    if (client.mailbox && client.mailbox.path === path) return null;
    const asked = { uidValidity: true, uidNext: true, messages: true };
    const { uidValidity, uidNext, messages } = (await client.status(path, asked).catch(() => null)) || {};
    return uidValidity && uidNext && messages !== undefined ? { uidValidity: String(uidValidity), uidNext, exists: messages } : null;
  });

const open = async (_client: ImapFlow, { uidValidity, uidNext, exists }: MailboxObject): Promise<FolderFacts> => ({
  uidValidity: String(uidValidity ?? 0),
  uidNext: uidNext || null,
  exists,
});

/** Says where a folder's numbers stand now; null if it does not exist. `isNew`: it will be opened in any case. */
export const lookAtFolder = async (connection: Connection, path: string, isNew: boolean): Promise<FolderFacts | null> => {
  const told = isNew ? null : await askStatus(connection, path);
  if (told) return told;
  const facts = await connection.runIn(path, open, { fresh: true });
  return facts === "no_folder" ? null : facts;
};

/** The newest message of a folder; null in an empty one. */
const newestIn = async (client: ImapFlow): Promise<FetchMessageObject | null> => {
  if (!client.mailbox || client.mailbox.exists === 0) return null;
  return (await client.fetchOne("*", { uid: true, internalDate: true })) || null;
};

/** The UID of the newest message, or 0 in an empty folder. */
export const lastUid = (connection: Connection, folder: KnownFolder): Promise<number> =>
  inFolder(connection, folder, async (client) => (await newestIn(client))?.uid ?? 0);

/** A refused search comes from imapflow as `false`, which must never pass for a folder without new mail. */
const searchIn = async (connection: Connection, folder: KnownFolder, query: SearchObject): Promise<number[]> => {
  const found = await inFolder(connection, folder, (client) => client.search(query, { uid: true }));
  if (Array.isArray(found)) return found;
  throw new ConnectorError("unavailable", `The server refused to search the folder "${folder.path}".`);
};

/** UIDs from `from` up, below `below` (null: no end), of messages that came in at or after `since` (epoch milliseconds; null: ever). */
export type UidRange = { from: number; below: number | null; since: number | null };

const oneDay = 86_400_000;

/** The highest UID there can be (RFC 9051, 9, uniqueid). `*` means the last message instead, also where that lies below, and GNU mailutils finds nothing by it. */
const highestUid = 4_294_967_295;

/** Whether the newest message of a folder came in at or after a time. */
const newestIsFrom = (connection: Connection, folder: KnownFolder, since: number): Promise<boolean> =>
  inFolder(connection, folder, async (client) => new Date((await newestIn(client))?.internalDate ?? 0).getTime() >= since);

/**
 * The UIDs in a range, ascending. SINCE knows days only, in the server's time zone: a day more is asked for. A server that finds
 * nothing by it, although its newest message is young, is asked for all: the caller looks at each message's date.
 */
export const searchUids = async (connection: Connection, folder: KnownFolder, { from, below, since }: UidRange): Promise<number[]> => {
  if (below !== null && below <= from) return [];
  const uid = `${from}:${below === null ? highestUid : below - 1}`;
  const search = async (when: SearchObject): Promise<number[]> => {
    const found = await searchIn(connection, folder, { uid, ...when });
    return found.filter((each) => each >= from && (below === null || each < below)).sort((a, b) => a - b);
  };
  if (since === null || since <= oneDay) return search({});
  const found = await search({ since: new Date(since - oneDay) });
  return found.length === 0 && (await newestIsFrom(connection, folder, since)) ? search({}) : found;
};

/** The UIDs of messages with this Message-ID. The server compares parts of words (RFC 9051, 6.4.4): the caller looks again. */
export const searchMessageId = (connection: Connection, folder: KnownFolder, messageId: string): Promise<number[]> =>
  searchIn(connection, folder, { header: { "message-id": messageId } });

/** Those of some UIDs that the server still lists. */
export const stillThere = async (connection: Connection, folder: KnownFolder, uids: readonly number[]): Promise<number[]> => {
  if (uids.length === 0) return [];
  const found = await searchIn(connection, folder, { uid: sequenceSet(uids) });
  return found.filter((uid) => uids.includes(uid));
};
