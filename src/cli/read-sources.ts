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

/** An envelope line ("From anna@sales.example Wed Nov 25 15:50:49 2026") and not a sentence that begins with "From ". */
const isSeparator = (line: Buffer): boolean =>
  line.subarray(0, 5).equals(separator) && /^From \S+ .*\d\d:\d\d.*\d{4}/.test(line.subarray(0, 200).toString("latin1"));

/** Lines as they stand, with their LF. */
async function* readLines(path: string, onRead: (bytes: number) => void): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: 262_144 })) {
    onRead(chunk.length);
    const data = rest.length > 0 ? Buffer.concat([rest, chunk as Buffer]) : (chunk as Buffer);
    let from = 0;
    for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10, from)) {
      yield data.subarray(from, end + 1);
      from = end + 1;
    }
    rest = Buffer.from(data.subarray(from));
  }
  if (rest.length > 0) yield rest;
}

/** The messages of an mbox file (RFC 4155), one at a time; ">From " lines stay as they are. */
async function* readMbox(path: string, mostBytes: number, onRead: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  let lines: Buffer[] = [];
  let size = 0;
  let afterBlank = true;
  for await (const line of readLines(path, onRead)) {
    const begins = afterBlank && isSeparator(line);
    if (begins && lines.length > 0) {
      yield Buffer.concat(lines);
      [lines, size] = [[], 0];
    }
    if (!begins && size < mostBytes) size += lines.push(line) && line.length;
    afterBlank = line.length <= 2 && line.toString("latin1").trim() === "";
  }
  if (lines.length > 0) yield Buffer.concat(lines);
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
