/** `bounceline inspect`: what messages on disk are, and why. Needs no database. */
import { createReadStream } from "node:fs";
import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { inspectMail } from "../bounces/inspect-mail.ts";
import type { Report } from "../bounces/report.ts";

export type InspectFormat = "text" | "json" | "ndjson";

/** A path that is not there or cannot be read; the message is a sentence for people. */
export class InspectError extends Error {}

/** One message of a path: `bytes`, and the name it is shown by (an mbox adds "#" and a number from 1). */
type Source = { name: string; bytes: Uint8Array };

const separator = Buffer.from("From ");

/** An envelope line ("From anna@sales.example Wed Nov 25 15:50:49 2026") and not a sentence that begins with "From ". */
const isSeparator = (line: Buffer): boolean =>
  line.subarray(0, 5).equals(separator) && /^From \S+ .*\d\d:\d\d.*\d{4}/.test(line.subarray(0, 200).toString("latin1"));

/** Lines as they stand, with their LF. */
async function* readLines(path: string): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const chunk of createReadStream(path)) {
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

/** More of one message is not kept in memory; the parser sets it aside as too large. */
const mostBytes = 64_000_000;

/** The messages of an mbox file (RFC 4155), one at a time; ">From " lines stay as they are. */
async function* readMbox(path: string): AsyncGenerator<Uint8Array> {
  let lines: Buffer[] = [];
  let size = 0;
  let afterBlank = true;
  for await (const line of readLines(path)) {
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

/** Names the messages of an mbox: the first by its path alone, the later ones "path#2", "path#3". */
async function* nameMessages(path: string): AsyncGenerator<Source> {
  let number = 0;
  for await (const bytes of readMbox(path)) yield { name: ++number === 1 ? path : `${path}#${number}`, bytes };
}

const startsWithSeparator = async (path: string): Promise<boolean> => {
  for await (const chunk of createReadStream(path, { start: 0, end: 4 })) return (chunk as Buffer).equals(separator);
  return false;
};

/** Every regular file below a path, in the order of their names. */
async function* walkFiles(path: string): AsyncGenerator<string> {
  const stat = await lstat(path).catch(() => null);
  if (!stat) throw new InspectError(`There is no file or folder at ${path}.`);
  if (stat.isFile()) yield path;
  else if (stat.isDirectory()) for (const name of (await readdir(path)).sort()) yield* walkFiles(join(path, name));
}

async function* readSources(path: string): AsyncGenerator<Source> {
  for await (const file of walkFiles(path)) {
    if (await startsWithSeparator(file)) yield* nameMessages(file);
    else yield { name: file, bytes: await readFile(file) };
  }
}

/** What `--format ndjson` prints for one message (surfaces.md); `elapsedMs` is the time the parser took. */
export const inspectLine = (file: string, report: Report, elapsedMs: number): Record<string, unknown> => ({
  file,
  verdict: report.verdict,
  kind: report.kind,
  format: report.format,
  recipients: report.recipients,
  original: report.original,
  inReplyTo: report.inReplyTo,
  notice: report.notice,
  reportingMta: report.reportingMta,
  evidence: report.evidence,
  language: report.language,
  parserVersion: report.parserVersion,
  elapsedMs: Math.round(elapsedMs * 1000) / 1000,
});

/** What `--format text` prints for one message: what it is, whom it concerns, why we think so. */
const inspectText = (file: string, report: Report): string => {
  const recipients = report.recipients.flatMap((one) => [
    `  ${one.address}${one.originalAddress ? ` (written to as ${one.originalAddress})` : ""}`,
    `    ${one.action}${one.type === "none" ? "" : `, ${one.type}`}${one.category ? `, ${one.category}` : ""}${one.reason ? ` (${one.reason})` : ""}${one.status ? `, status ${one.status}` : ""}`,
    ...(one.diagnostic ? [`    "${one.diagnostic.slice(0, 300)}"`] : []),
  ]);
  const { original } = report;
  return [
    file,
    `  What:  ${report.verdict === "bounce" ? `a bounce (${report.kind})` : report.verdict === "unreadable" ? "cannot be read" : `no bounce (${report.kind})`}, read as ${report.format}`,
    ...(recipients.length > 0 ? ["  Whom:", ...recipients.map((line) => `  ${line}`)] : []),
    ...(original.messageId || original.subject
      ? [
          `  About: ${original.subject ? `"${original.subject}" ` : ""}${original.messageId ?? "(no Message-ID)"}${original.from ? ` from ${original.from}` : ""}`,
        ]
      : []),
    "  Why:",
    ...report.evidence.map(({ because }) => `    - ${because}`),
    "",
  ].join("\n");
};

/**
 * Inspects files, folders (with all below them) and mbox files, a message at a time, and hands each line of output to
 * `write`. "json" prints one array. Throws InspectError for a path that is not there.
 */
export const inspectPaths = async (
  paths: readonly string[],
  options: { format: InspectFormat },
  write: (line: string) => void | Promise<void>,
): Promise<void> => {
  let count = 0;
  if (options.format === "json") await write("[");
  for (const path of paths) {
    for await (const { name, bytes } of readSources(path)) {
      const started = performance.now();
      const report = inspectMail(bytes);
      const line = inspectLine(name, report, performance.now() - started);
      if (options.format === "text") await write(inspectText(name, report));
      else await write(`${options.format === "json" && count > 0 ? "," : ""}${JSON.stringify(line)}`);
      count++;
    }
  }
  if (options.format === "json") await write("]");
};
