/**
 * Header blocks, RFC 5322 section 2.2. No imports but types: connectors use this file too.
 */
import type { HeaderFields } from "./envelope.ts";

/** A header block cut off its message: its fields, how many there were, the length of the longest, and where the body begins. */
export type HeaderBlock = { fields: HeaderFields; count: number; longest: number; bodyStart: number };

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });
const windows1252 = new TextDecoder("windows-1252");

/** CRLF, CR CR LF (what a text-mode copy makes of it), and a lone CR. Bounded: a run of CR costs linear time. */
export const lineEnds = /\r\r?\n|\r/g;

/** One character per byte, every line end (CRLF, LF, a lone CR, CR CR LF) as one LF. */
export const latin1Lines = (bytes: Uint8Array): string => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  return text.includes("\r") ? text.replace(lineEnds, "\n") : text;
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: asks whether any byte is above ASCII
const aboveAscii = /[^\x00-\x7f]/;

/** Text of raw 8-bit bytes held as latin1: UTF-8 (RFC 6532) where the bytes are valid UTF-8, else Windows-1252. */
export const rawText = (latin1: string): string => {
  if (!aboveAscii.test(latin1)) return latin1;
  if (/[\u0100-\uffff]/.test(latin1)) return latin1; // text that was decoded before
  const bytes = Buffer.from(latin1, "latin1");
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return windows1252.decode(bytes);
  }
};

// A field name is any printable character but the colon; white space before the colon is obsolete syntax (RFC 5322, 4.5).
const fieldLine = /^[!-9;-~]+[ \t]*:/;

/** Where the line that begins at `at` ends: the index of its LF, or the end of the text. */
const lineEnd = (text: string, at: number, limit: number): number => {
  const end = text.indexOf("\n", at);
  return end < 0 || end > limit ? limit : end;
};

/** The end of a field that begins at `at`: its first line and every line after it that begins with white space and holds more. */
const fieldEnd = (text: string, at: number, limit: number): number => {
  let end = lineEnd(text, at, limit);
  while (end < limit && (text[end + 1] === " " || text[end + 1] === "\t")) {
    const next = lineEnd(text, end + 1, limit);
    if (text.slice(end + 1, next).trim() === "") break;
    end = next;
  }
  return end;
};

const addField = (fields: Map<string, string[]>, field: string): void => {
  const colon = field.indexOf(":");
  const name = field.slice(0, colon).trimEnd().toLowerCase();
  const raw = rawText(field.slice(colon + 1));
  const value = (raw.includes("\n") ? raw.replace(/\n[ \t]*/g, " ") : raw).trim();
  const known = fields.get(name);
  if (known) known.push(value);
  else fields.set(name, [value]);
};

/**
 * Reads the header block that begins at `start` of a text made by `latin1Lines`. It ends at a blank line, or at the first
 * line that is neither field nor continuation: such a line already belongs to the body of a message that lost its blank
 * line. An mbox separator ("From " or ">From ") above the first field is passed over. `maxFields` fields are kept at most;
 * `count` tells whether there were more.
 */
export const readHeaderBlock = (text: string, start = 0, limit = text.length, maxFields = Number.POSITIVE_INFINITY): HeaderBlock => {
  const fields = new Map<string, string[]>();
  let count = 0;
  let longest = 0;
  let at = start;
  while (at < limit) {
    const end = lineEnd(text, at, limit);
    const line = text.slice(at, Math.min(end, at + 1000));
    if (count === 0 && /^>?From /.test(line)) {
      at = end + 1;
      continue;
    }
    if (line.trim() === "" && start === 0 && count === 0 && end < limit) {
      at = end + 1; // blank lines above a message are no header
      continue;
    }
    if (line.trim() === "") return { fields, count, longest, bodyStart: Math.min(end + 1, limit) };
    if (!fieldLine.test(line)) break;
    const last = fieldEnd(text, at, limit);
    count++;
    longest = Math.max(longest, last - at);
    if (count <= maxFields) addField(fields, text.slice(at, last));
    at = last + 1;
  }
  return { fields, count, longest, bodyStart: Math.min(at, limit) };
};

/**
 * The header fields of a message or of a bare header block, by lower-case name, values unfolded and otherwise as on the
 * wire (raw 8-bit bytes read as UTF-8, else Windows-1252). Never throws; whatever follows the block is not looked at.
 */
export const parseHeaderFields = (bytes: Uint8Array): HeaderFields => readHeaderBlock(latin1Lines(bytes)).fields;
