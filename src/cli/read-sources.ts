/** Messages on disk: single files, folders with all below them, and mbox files, one message at a time. */
import { createReadStream } from "node:fs";
import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** A path that is not there or cannot be read; the message is a sentence for people. */
export class SourceError extends Error {}

/** One message: `bytes`, and the name it is shown by (an mbox adds "#" and a number from 2). */
export type Source = { name: string; bytes: Uint8Array };

/**
 * `mostBytes` of one message are kept; the parser sets aside what is longer than its own limit. `onRead` hears how many bytes
 * were read from disk since it was last called.
 */
export type ReadOptions = { mostBytes?: number; onRead?: (bytes: number) => void };

const separator = Buffer.from("From ");
const lineSeparator = Buffer.from("\nFrom ");

/** No envelope line is longer. */
const longestEnvelope = 1000;

/** An envelope line ("From anna@sales.example Wed Nov 25 15:50:49 2026") and not a sentence that begins with "From ". */
const isEnvelope = (line: string): boolean => /^From \S+ .*\d\d:\d\d.*\d{4}/.test(line);

/** Whether the line that ends at `end` (its LF) is blank. */
const isBlank = (data: Buffer, end: number): boolean => data[end - 1] === 10 || (data[end - 1] === 13 && data[end - 2] === 10);

/**
 * The next envelope line behind a blank one: where it begins, and where the message behind it begins. Both are null where
 * the data holds none; `from` tells where to look again when more data is there.
 */
const nextEnvelope = (data: Buffer, start: number): { at: number | null; body: number | null; from: number } => {
  for (let found = data.indexOf(lineSeparator, start); found >= 0; found = data.indexOf(lineSeparator, found + 1)) {
    if (!isBlank(data, found)) continue;
    const end = data.indexOf(10, found + 1);
    if (end < 0 && data.length - found < longestEnvelope) return { at: null, body: null, from: Math.max(start, found - 2) };
    const line = data.subarray(found + 1, Math.min(end, found + longestEnvelope)).toString("latin1");
    if (isEnvelope(line)) return { at: found + 1, body: end + 1, from: end + 1 };
  }
  return { at: null, body: null, from: Math.max(start, data.length - 8) };
};

/** The messages of an mbox file (RFC 4155), one at a time; ">From " lines stay as they are. */
async function* readMbox(path: string, mostBytes: number, onRead: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  let kept: Buffer[] = [];
  let size = 0;
  const keep = (piece: Buffer): void => {
    if (size < mostBytes) size += kept.push(piece.subarray(0, mostBytes - size)) && piece.length;
  };
  // As if a blank line stood before the first message; its bytes belong to none.
  let rest = Buffer.from("\n\n");
  let blank = rest.length;
  for await (const chunk of createReadStream(path, { highWaterMark: 262_144 })) {
    onRead(chunk.length);
    const data = Buffer.concat([rest, chunk as Buffer]);
    let from = 0;
    for (;;) {
      const { at, body, from: next } = nextEnvelope(data, from);
      keep(data.subarray(from, at ?? next));
      from = body ?? next;
      if (at === null) break;
      if (size > blank) yield Buffer.concat(kept).subarray(blank);
      [kept, size, blank] = [[], 0, 0];
    }
    rest = Buffer.from(data.subarray(from));
  }
  keep(rest);
  if (size > blank) yield Buffer.concat(kept).subarray(blank);
}

const startsWithSeparator = async (path: string): Promise<boolean> => {
  for await (const chunk of createReadStream(path, { start: 0, end: 4 })) return (chunk as Buffer).equals(separator);
  return false;
};

/** Every regular file below a path, in the order of their names. Throws SourceError for a path that is not there. */
export async function* walkFiles(path: string): AsyncGenerator<{ file: string; size: number }> {
  const stat = await lstat(path).catch(() => null);
  if (!stat) throw new SourceError(`There is no file or folder at ${path}.`);
  if (stat.isFile()) yield { file: path, size: stat.size };
  else if (stat.isDirectory()) for (const name of (await readdir(path)).sort()) yield* walkFiles(join(path, name));
}

/** The messages of a path. Throws SourceError for a path that is not there. */
export async function* readSources(path: string, options: ReadOptions = {}): AsyncGenerator<Source> {
  const { mostBytes = 64_000_000, onRead = () => {} } = options;
  for await (const { file, size } of walkFiles(path)) {
    if (await startsWithSeparator(file)) {
      let number = 0;
      for await (const bytes of readMbox(file, mostBytes, onRead)) yield { name: ++number === 1 ? file : `${file}#${number}`, bytes };
    } else {
      yield { name: file, bytes: await readFile(file) };
      onRead(size);
    }
  }
}
