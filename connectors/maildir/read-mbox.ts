/** Reads an mbox file (RFC 4155), such as Google Takeout exports. Positions are bytes, so that a file that grew continues. */
import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import libmime from "libmime";
import type { Envelope, FolderRole, HeaderFields } from "../../src/bounces/envelope.ts";
import { parseHeaderFields } from "../../src/bounces/header-fields.ts";
import { ConnectorError } from "../../src/ports/connector.ts";
import { readEnvelope } from "../shared/read-envelope.ts";
import { roleOfName } from "../shared/role-of-name.ts";
import { arrivalTime } from "./arrival-time.ts";
import { isMissing } from "./disk-error.ts";
import { headerEnd, mostHeader } from "./header-end.ts";
import { type FolderReader, type LocalFolder, localRef, type Position, pageSize, type ReadPage } from "./local-folder.ts";
import { type MboxSpan, scanMbox } from "./scan-mbox.ts";

const fingerprintSize = 512;

const readBytes = async (handle: FileHandle, start: number, length: number): Promise<Buffer> => {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await handle.read(buffer, 0, length, start);
  return buffer.subarray(0, bytesRead);
};

/** What stands right before an offset. Whatever is removed or changed before it moves other bytes there. */
const fingerprint = async (handle: FileHandle, offset: number): Promise<string> => {
  const length = Math.min(offset, fingerprintSize);
  const bytes = await readBytes(handle, offset - length, length);
  return bytes.length < length ? "" : createHash("sha256").update(bytes).digest("base64url").slice(0, 22);
};

const positionAt = async (handle: FileHandle, offset: number): Promise<Position> => ({
  at: String(offset),
  marks: [await fingerprint(handle, offset)],
});

const lineEnd = (bytes: Buffer): number => bytes.indexOf("\n") + 1 || bytes.length;

/** The "From " line and the header block of a message. */
const readHead = async (handle: FileHandle, { start, end }: MboxSpan): Promise<{ fromLine: string; header: Buffer }> => {
  const most = Math.min(end - start, mostHeader);
  let bytes = await readBytes(handle, start, Math.min(most, 16_384));
  if (headerEnd(bytes) < 0 && bytes.length < most) bytes = await readBytes(handle, start, most);
  const first = lineEnd(bytes);
  const stop = headerEnd(bytes);
  return { fromLine: bytes.toString("latin1", 0, first), header: bytes.subarray(first, stop < 0 ? bytes.length : stop) };
};

/** Names a message by what no mail program changes in place, as some do with the status fields they keep in the header. */
const identity = (fields: HeaderFields): string => {
  const facts = ["message-id", "date", "from", "subject"].map((name) => fields.get(name)?.[0] ?? "");
  return createHash("sha256").update(facts.join("\0")).digest("base64url").slice(0, 16);
};

/** `From 1849281@xxx Wed Nov 25 15:50:49 +0000 2026`; without a zone it is UTC (RFC 4155, appendix A). */
const separatorDate = (fromLine: string): number | null => {
  const date = /\w{3} +\w{3} +\d.*\d{4}/.exec(fromLine)?.[0];
  if (date === undefined) return null;
  const at = Date.parse(/[+-]\d{4}/.test(date) ? date : `${date} UTC`);
  return Number.isNaN(at) ? null : at;
};

/** Google's export keeps all folders in one file and says in `X-Gmail-Labels: Sent,Important` where a message lay. */
const roleByLabels = (fields: HeaderFields, sentLabel: string | null): FolderRole | "drafts" | null => {
  const labels = libmime
    .decodeWords(fields.get("x-gmail-labels")?.[0] ?? "")
    .split(",")
    .map((label) => label.trim());
  if (sentLabel !== null && labels.some((label) => label.toLowerCase() === sentLabel.toLowerCase())) return "sent";
  const roles = labels.map(roleOfName);
  return (["drafts", "sent", "junk", "inbox"] as const).find((role) => roles.includes(role)) ?? null;
};

const envelopeOf = async (handle: FileHandle, folder: LocalFolder, span: MboxSpan, sentLabel: string | null): Promise<Envelope | null> => {
  const { fromLine, header } = await readHead(handle, span);
  const fields = parseHeaderFields(header);
  const role = roleByLabels(fields, sentLabel) ?? folder.role;
  if (role === "drafts") return null;
  return readEnvelope({
    ref: localRef(folder.path, `${span.start}-${identity(fields)}`),
    folder: folder.path,
    role,
    fields,
    receivedAt: arrivalTime(fields, separatorDate(fromLine), null),
    size: span.end - span.start,
  });
};

/** The message without its "From " line, without the blank line behind it, and with the quoting of `>From ` undone (mboxrd). */
const unquote = (bytes: Buffer): Buffer => {
  const body = bytes.subarray(lineEnd(bytes));
  const trimmed = body.toString("latin1").replace(/(\r?\n)\r?\n$/, "$1");
  return Buffer.from(trimmed.replace(/^>(>*From )/gm, "$1"), "latin1");
};

const fetchSpan = async (handle: FileHandle, name: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array | "gone"> => {
  const [offset, expected] = [Number(name.split("-", 1)[0]), name.slice(name.indexOf("-") + 1)];
  if (!Number.isSafeInteger(offset) || offset < 0) return "gone";
  const { value: span } = await scanMbox(handle, offset, signal).next();
  if (span === undefined || span.start !== offset) return "gone";
  if (identity(parseHeaderFields((await readHead(handle, span)).header)) !== expected) return "gone";
  const size = span.end - span.start;
  if (size > maxBytes) throw new ConnectorError("rejected", `The message has ${size} bytes, more than the ${maxBytes} that are read.`);
  return unquote(await readBytes(handle, span.start, size));
};

/** The pages of the messages that begin in [from, until). */
async function* readSpans(
  handle: FileHandle,
  folder: LocalFolder,
  bounds: { from: number; until: number },
  context: MboxContext,
): AsyncGenerator<ReadPage> {
  let messages: Envelope[] = [];
  let looked = 0;
  let offset = bounds.from;
  for await (const span of scanMbox(handle, bounds.from, context.signal)) {
    if (span.start >= bounds.until) break;
    const envelope = await envelopeOf(handle, folder, span, context.sentLabel);
    if (envelope) messages.push(envelope);
    looked++;
    offset = span.end;
    if (looked < pageSize) continue;
    yield { messages, position: await positionAt(handle, offset), looked, last: offset >= bounds.until };
    messages = [];
    looked = 0;
  }
  if (looked > 0) yield { messages, position: await positionAt(handle, offset), looked, last: true };
}

export type MboxContext = { sentLabel: string | null; signal: AbortSignal };

/** The reader of an mbox file. `sentLabel` is the label of sent mail where X-Gmail-Labels are in a language we do not know. */
export const readMbox = (folder: LocalFolder, context: MboxContext): FolderReader => {
  const withFile = async <T>(use: (handle: FileHandle) => Promise<T>): Promise<T> => {
    const handle = await open(folder.location, "r");
    try {
      return await use(handle);
    } finally {
      await handle.close();
    }
  };
  return {
    start: { at: "0", marks: [""] },
    holds: (position) =>
      withFile(async (handle) => Number(position.at) === 0 || (await fingerprint(handle, Number(position.at))) === position.marks[0]),
    end: () => withFile(async (handle) => ({ position: await positionAt(handle, (await handle.stat()).size), count: null })),
    async *read(from, until) {
      const handle = await open(folder.location, "r");
      try {
        const bounds = { from: Number(from.at), until: until === null ? Number.POSITIVE_INFINITY : Number(until.at) };
        yield* readSpans(handle, folder, bounds, context);
      } finally {
        await handle.close();
      }
    },
    async fetchRaw(name, maxBytes) {
      try {
        return await withFile((handle) => fetchSpan(handle, name, maxBytes, context.signal));
      } catch (error) {
        if (isMissing(error)) return "gone";
        throw error;
      }
    },
  };
};
