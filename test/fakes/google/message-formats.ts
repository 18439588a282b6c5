/** A message in each of the formats of messages.get. */
import { latin1Lines, readHeaderBlock } from "../../../src/bounces/header-fields.ts";
import type { StoredMessage } from "./mailbox.ts";

/** Base64url with its padding, as Gmail sends it: clients in Python read no other. */
const byteString = (bytes: Buffer): string => bytes.toString("base64").replaceAll("+", "-").replaceAll("/", "_");

type Header = { name: string; value: string };

/** The fields as they stand, unfolded, with the names as they were written. */
const headersOf = (raw: Buffer): Header[] => {
  const text = latin1Lines(raw);
  const { bodyStart } = readHeaderBlock(text);
  const lines = text
    .slice(0, bodyStart)
    .replace(/\n[ \t]+/g, " ")
    .split("\n");
  return lines.flatMap((line) => {
    const [, name, value] = /^([!-9;-~]+)[ \t]*:(.*)$/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, value: Buffer.from((value ?? "").trim(), "latin1").toString("utf8") }];
  });
};

const bodyOf = (raw: Buffer): Buffer => raw.subarray(readHeaderBlock(latin1Lines(raw)).bodyStart);

const typeOf = (headers: readonly Header[]): string => {
  const value = headers.find(({ name }) => name.toLowerCase() === "content-type")?.value ?? "text/plain";
  return (value.split(";", 1)[0] ?? "").trim().toLowerCase();
};

const boundaryOf = (headers: readonly Header[]): string | undefined =>
  /boundary="?([^";]+)"?/i.exec(headers.find(({ name }) => name.toLowerCase() === "content-type")?.value ?? "")?.[1];

type Part = {
  partId: string;
  mimeType: string;
  filename: string;
  headers: Header[];
  body: { size: number; data?: string };
  parts?: Part[];
};

/** The tree of parts. A message/delivery-status keeps its fields in a child of its own, as Gmail does. */
const partOf = (raw: Buffer, partId: string): Part => {
  const headers = headersOf(raw);
  const mimeType = typeOf(headers);
  const child = (index: number): string => (partId === "" ? String(index) : `${partId}.${index}`);
  const common = { partId, mimeType, filename: "", headers };
  const boundary = boundaryOf(headers);
  if (mimeType.startsWith("multipart/") && boundary !== undefined) {
    const pieces = bodyOf(raw).toString("latin1").split(`--${boundary}`).slice(1, -1);
    const parts = pieces.map((piece, index) => partOf(Buffer.from(piece.replace(/^\r?\n/, ""), "latin1"), child(index)));
    return { ...common, body: { size: 0 }, parts };
  }
  if (/^message\/(?:rfc822|delivery-status)$/.test(mimeType))
    return { ...common, body: { size: 0 }, parts: [partOf(bodyOf(raw), child(0))] };
  const body = bodyOf(raw);
  return { ...common, body: { size: body.length, data: byteString(body) } };
};

const facts = (message: StoredMessage) => ({
  id: message.id,
  threadId: message.threadId,
  labelIds: [...message.labels],
  snippet: "The beginning of the letter, which nobody asked for",
  historyId: String(message.historyId),
  internalDate: String(message.internalDate),
  sizeEstimate: message.raw.length,
});

/** What messages.get answers. `wanted` are the metadataHeaders; none means all. */
export const inFormat = (message: StoredMessage, format: string, wanted: readonly string[]): object => {
  if (format === "minimal") return facts(message);
  if (format === "raw") return { ...facts(message), raw: byteString(message.raw) };
  if (format === "full") return { ...facts(message), payload: partOf(message.raw, "") };
  const names = wanted.map((name) => name.toLowerCase());
  const headers = headersOf(message.raw).filter(({ name }) => names.length === 0 || names.includes(name.toLowerCase()));
  return { ...facts(message), payload: { mimeType: typeOf(headersOf(message.raw)), headers } };
};
