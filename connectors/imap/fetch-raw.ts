import type { ImapFlow } from "imapflow";
import { ConnectorError } from "../../src/ports/connector.ts";
import { pieceSize } from "./connect.ts";
import type { Connection } from "./connection.ts";
import { listAll, pathOfUse } from "./find-folders.ts";
import { readGmailRef, readMessageRef } from "./message-ref.ts";

const tooLarge = (size: number, maxBytes: number): ConnectorError =>
  new ConnectorError("rejected", `The message has ${size} bytes, more than the ${maxBytes} that are read.`);

const fetchPiece = async (client: ImapFlow, uid: number, start: number): Promise<Buffer | null> => {
  const message = await client.fetchOne(String(uid), { uid: true, source: { start, maxLength: pieceSize } }, { uid: true });
  return message && message.uid === uid ? (message.source ?? null) : null;
};

/**
 * What it means that nothing was sent: a message is gone where the server does not list it any more. Throws ConnectorError "unavailable"
 * where it still does, or does not say (imapflow answers nothing, rather than throwing, when the session ended in between).
 */
const notSent = async (client: ImapFlow, uid: number): Promise<"gone"> => {
  const listed = await client.search({ uid: String(uid) }, { uid: true });
  if (listed && !listed.includes(uid)) return "gone";
  if (!client.usable) throw Object.assign(new Error("the session has ended"), { code: "NoConnection" });
  const folder = client.mailbox ? client.mailbox.path : "";
  if (!listed) throw new ConnectorError("unavailable", `The server refused to search the folder "${folder}".`);
  throw new ConnectorError("unavailable", "The server lists the message but does not send it.");
};

/** The whole message in pieces. RFC822.SIZE is not believed (some servers estimate it): the end is a piece that falls short. */
const fetchPieces = async (client: ImapFlow, uid: number, maxBytes: number): Promise<Uint8Array | "gone"> => {
  const pieces: Buffer[] = [];
  let size = 0;
  for (;;) {
    const piece = await fetchPiece(client, uid, size);
    if (piece === null) return notSent(client, uid);
    pieces.push(piece);
    size += piece.length;
    if (size > maxBytes) throw tooLarge(size, maxBytes);
    if (piece.length < pieceSize) return Buffer.concat(pieces);
  }
};

/** The message of a folder that is open, its size asked for first. */
const fetchWhole = async (client: ImapFlow, uid: number, maxBytes: number): Promise<Uint8Array | "gone"> => {
  const message = await client.fetchOne(String(uid), { uid: true, size: true }, { uid: true });
  if (!message || message.uid !== uid) return notSent(client, uid);
  if ((message.size ?? 0) > maxBytes) throw tooLarge(message.size ?? 0, maxBytes);
  return fetchPieces(client, uid, maxBytes);
};

/** Gmail's uses in which together every message lies; where All Mail is hidden, those that then hold the most. */
const gmailPlaces = ["\\All", "\\Junk", "\\Trash", "\\Sent"];

const fetchFromGmail = async (connection: Connection, id: string, maxBytes: number): Promise<Uint8Array | "gone"> => {
  const listing = await listAll(connection);
  const paths = [...gmailPlaces.flatMap((use) => pathOfUse(listing, use) ?? []), "INBOX"];
  for (const path of paths) {
    const found = await connection.runIn(path, async (client) => {
      const uids = await client.search({ emailId: id }, { uid: true });
      if (!uids) throw new ConnectorError("unavailable", `The server refused to search the folder "${path}".`);
      return uids[0] === undefined ? "gone" : fetchWhole(client, uids[0], maxBytes);
    });
    if (found !== "gone" && found !== "no_folder") return found;
  }
  return "gone";
};

/**
 * The exact bytes of the message a ref names; "gone" when it was expunged, its folder was removed, or the folder was
 * renumbered (the message then has another ref).
 */
export const fetchRaw = async (connection: Connection, ref: string, maxBytes: number): Promise<Uint8Array | "gone"> => {
  const id = readGmailRef(ref);
  if (id !== null) return fetchFromGmail(connection, id, maxBytes);
  const place = readMessageRef(ref);
  if (!place) return "gone";
  const found = await connection.runIn(place.path, async (client, { uidValidity }) =>
    String(uidValidity ?? 0) === place.uidValidity ? fetchWhole(client, place.uid, maxBytes) : "gone",
  );
  return found === "no_folder" ? "gone" : found;
};
