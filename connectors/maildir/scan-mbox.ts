/** Finds the messages of an mbox file (RFC 4155) without holding more than a window of it. */
import type { FileHandle } from "node:fs/promises";

/** One message: `start` is its "From " line, `end` is where the next one begins (or the end of the file). */
export type MboxSpan = { start: number; end: number };

const windowSize = 1024 * 1024;
/** Enough to see a whole separator and the field below it. */
const lookAhead = 1024;

/**
 * A separator stands behind a blank line, is dated (or is the bare one Thunderbird writes), and a header field follows it. Asking for all three keeps an
 * unquoted "From " in somebody's text from tearing a message in two:
 *
 *     From 1849281@xxx Wed Nov 25 15:50:49 +0000 2026
 *     X-GM-THRID: 1849281
 */
const separator = /^From (?:\S*|\S[^\n]*\d{1,2}:\d{2}[^\n]*\d{4}[^\n]*?) *\r?\n(?:>?From |[!-9;-~]+[ \t]*:)/;

const isBlankBefore = (bytes: Buffer, at: number): boolean =>
  bytes[at - 1] === 10 && (bytes[at - 2] === 10 || (bytes[at - 2] === 13 && bytes[at - 3] === 10));

/** The separators inside a window of the file; `fileStart` tells whether the window begins where the file does. */
function* separatorsIn(bytes: Buffer, fileStart: boolean): Iterable<number> {
  for (let at = bytes.indexOf("From "); at >= 0; at = bytes.indexOf("From ", at + 5)) {
    const placed = at === 0 ? fileStart : isBlankBefore(bytes, at);
    if (placed && separator.test(bytes.toString("latin1", at, at + lookAhead))) yield at;
  }
}

const readWindow = async (handle: FileHandle, at: number, buffer: Buffer): Promise<Buffer> => {
  let length = 0;
  while (length < windowSize) {
    const { bytesRead } = await handle.read(buffer, length, windowSize - length, at + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
};

/** The offsets of all separators at or behind `from`, in order. */
async function* separators(handle: FileHandle, from: number, signal: AbortSignal): AsyncGenerator<number, number> {
  // One buffer for all windows: a new one each would leave the file's size behind as garbage.
  const buffer = Buffer.alloc(windowSize);
  let at = Math.max(0, from - 3);
  let next = from;
  for (;;) {
    signal.throwIfAborted();
    const bytes = await readWindow(handle, at, buffer);
    const atEnd = bytes.length < windowSize;
    // What begins too near the window's end to be judged belongs to the next window, which begins before it.
    const judged = atEnd ? bytes.length : bytes.length - lookAhead;
    for (const found of separatorsIn(bytes, at === 0)) {
      if (found >= judged || at + found < next) continue;
      yield at + found;
      next = at + found + 1;
    }
    if (atEnd) return at + bytes.length;
    at += judged - 3;
  }
}

/** The messages that begin at or behind `from`, in order, in constant memory. Text before the first separator belongs to none. */
export async function* scanMbox(handle: FileHandle, from: number, signal: AbortSignal): AsyncGenerator<MboxSpan> {
  const found = separators(handle, from, signal);
  let start: number | null = null;
  for (;;) {
    const { value, done } = await found.next();
    if (start !== null) yield { start, end: value };
    if (done) return;
    start = value;
  }
}
