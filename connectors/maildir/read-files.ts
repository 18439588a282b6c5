/** Reads folders that keep one message per file: a Maildir (https://cr.yp.to/proto/maildir.html) or a directory of .eml files. */
import { createHash } from "node:crypto";
import type { Dirent } from "node:fs";
import { open, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Envelope } from "../../src/bounces/envelope.ts";
import { parseHeaderFields } from "../../src/bounces/header-fields.ts";
import { ConnectorError } from "../../src/ports/connector.ts";
import { readEnvelope } from "../shared/read-envelope.ts";
import { arrivalTime } from "./arrival-time.ts";
import { isMissing } from "./disk-error.ts";
import { headerEnd, mostHeader } from "./header-end.ts";
import { type FolderReader, type LocalFolder, localRef, type Position, pageSize } from "./local-folder.ts";

/** `name` stays the same for the life of a message; `file` changes with its flags. `changed` is the inode's change time (ns). */
type Entry = { name: string; file: string; changed: bigint };

/** A Maildir name is followed by its flags: `1764086400.M1P2.host:2,RS`. Windows cannot write the colon. */
const uniqueName = (file: string): string => file.replace(/[:;!]2,[^/]*$/, "");
const mark = (name: string): string => createHash("sha256").update(name).digest("base64url").slice(0, 12);

/** new/ before cur/: a message that is moved meanwhile is then seen in at least one of the two. */
const directoriesOf = (folder: LocalFolder): string[] => (folder.kind === "maildir" ? ["new", "cur"] : [""]);
const isMessage = (folder: LocalFolder, file: string): boolean =>
  folder.kind === "maildir" ? !file.startsWith(".") : /\.eml$/i.test(file);

/** A directory that went away has no files; that its folder is missing is found out by the next look at the folders. */
const readDirectory = async (path: string): Promise<Dirent[]> => {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
};

/** Where each message of a folder lies, by its name. */
const listFiles = async (folder: LocalFolder): Promise<Map<string, string>> => {
  const files = new Map<string, string>();
  for (const directory of directoriesOf(folder)) {
    for (const entry of await readDirectory(join(folder.location, directory))) {
      if (!entry.isFile() || !isMessage(folder, entry.name)) continue;
      files.set(folder.kind === "maildir" ? uniqueName(entry.name) : entry.name, join(folder.location, directory, entry.name));
    }
  }
  return files;
};

const changeTime = async (file: string): Promise<bigint | null> => {
  try {
    return (await stat(file, { bigint: true })).ctimeNs;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
};

const datedEntries = async (files: ReadonlyMap<string, string>, signal: AbortSignal): Promise<Entry[]> => {
  const entries: Entry[] = [];
  for (const [name, file] of files) {
    signal.throwIfAborted();
    const changed = await changeTime(file);
    if (changed !== null) entries.push({ name, file, changed });
  }
  return entries.sort((a, b) => (a.changed === b.changed ? (a.name < b.name ? -1 : 1) : a.changed < b.changed ? -1 : 1));
};

/**
 * Where the order of change times stands: every message changed before `at`, and those changed exactly then whose marks are
 * listed, lie behind it. The clock of a file system is coarse, so that several files share one time, and one of them may
 * still be to come. The change time and not the time of delivery, because mail moved into a folder keeps the latter. A
 * message whose flags change is listed again; it has the same ref.
 */
const lies = (entry: Entry, behind: Position): boolean => {
  const at = BigInt(behind.at);
  return entry.changed < at || (entry.changed === at && behind.marks.includes(mark(entry.name)));
};

const positionAfter = (entries: readonly Entry[], from: Position): Position => {
  const last = entries.at(-1);
  if (last === undefined || last.changed < BigInt(from.at)) return from;
  const marks = entries.filter((entry) => entry.changed === last.changed).map((entry) => mark(entry.name));
  const kept = BigInt(from.at) === last.changed ? from.marks : [];
  return { at: String(last.changed), marks: [...new Set([...kept, ...marks])] };
};

/** The first bytes of a file up to the end of its header block. */
const readHeader = async (file: string): Promise<{ header: Uint8Array; size: number; modified: number }> => {
  const handle = await open(file, "r");
  try {
    const { size, mtimeMs } = await handle.stat();
    const buffer = Buffer.alloc(Math.min(size, mostHeader));
    let length = 0;
    let end = -1;
    while (end < 0 && length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, Math.min(16_384, buffer.length - length), length);
      if (bytesRead === 0) break;
      length += bytesRead;
      end = headerEnd(buffer.subarray(0, length));
    }
    return { header: buffer.subarray(0, end < 0 ? length : end), size, modified: mtimeMs };
  } finally {
    await handle.close();
  }
};

const envelopeOf = async (folder: LocalFolder, entry: Entry): Promise<Envelope | null> => {
  try {
    const { header, size, modified } = await readHeader(entry.file);
    const fields = parseHeaderFields(header);
    const receivedAt = arrivalTime(fields, null, Math.floor(modified));
    return readEnvelope({ ref: localRef(folder.path, entry.name), folder: folder.path, role: folder.role, fields, receivedAt, size });
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
};

/** The bytes of a file, or "gone". */
const fetchFile = async (file: string, maxBytes: number): Promise<Uint8Array | "gone"> => {
  try {
    const { size } = await stat(file);
    if (size > maxBytes) throw new ConnectorError("rejected", `The message has ${size} bytes, more than the ${maxBytes} that are read.`);
    return await readFile(file);
  } catch (error) {
    if (isMissing(error)) return "gone";
    throw error;
  }
};

const readEnvelopes = async (folder: LocalFolder, entries: readonly Entry[], signal: AbortSignal): Promise<Envelope[]> => {
  const envelopes: Envelope[] = [];
  for (const entry of entries) {
    signal.throwIfAborted();
    const envelope = await envelopeOf(folder, entry);
    if (envelope) envelopes.push(envelope);
  }
  return envelopes;
};

const start: Position = { at: "0", marks: [] };

/** The reader of a Maildir folder or a directory of .eml files. */
export const readFiles = (folder: LocalFolder, signal: AbortSignal): FolderReader => {
  let listed = new Map<string, string>();
  const list = async (): Promise<Entry[]> => {
    listed = await listFiles(folder);
    return datedEntries(listed, signal);
  };
  return {
    start,
    holds: async () => true,
    async end() {
      const entries = await list();
      return { position: positionAfter(entries, start), count: entries.length };
    },
    async *read(from, until) {
      const entries = (await list()).filter((entry) => !lies(entry, from) && (until === null || lies(entry, until)));
      let position = from;
      for (let at = 0; at < entries.length; at += pageSize) {
        const chunk = entries.slice(at, at + pageSize);
        position = positionAfter(chunk, position);
        yield {
          messages: await readEnvelopes(folder, chunk, signal),
          position,
          looked: chunk.length,
          last: at + pageSize >= entries.length,
        };
      }
    },
    async fetchRaw(name, maxBytes) {
      const file = listed.get(name);
      const bytes = file === undefined ? "gone" : await fetchFile(file, maxBytes);
      if (bytes !== "gone") return bytes;
      // Never listed by this session, or renamed since because its flags changed.
      listed = await listFiles(folder);
      const renamed = listed.get(name);
      return renamed === undefined ? "gone" : fetchFile(renamed, maxBytes);
    },
  };
};
