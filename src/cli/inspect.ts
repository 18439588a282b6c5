/** `bounceline inspect`: what messages on disk are, and why. Needs no database. */
import { inspectMail } from "../bounces/inspect-mail.ts";
import type { Report } from "../bounces/report.ts";
import { inspectPage } from "./inspect-page.ts";
import { readSources } from "./read-sources.ts";

export type InspectFormat = "text" | "json" | "ndjson";

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

/**
 * Inspects files, folders (with all below them) and mbox files, a message at a time, and hands each line of output to
 * `write`. "json" prints one array. Throws SourceError for a path that is not there.
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
      if (options.format === "text") await write(inspectPage(name, report));
      else await write(`${options.format === "json" && count > 0 ? "," : ""}${JSON.stringify(line)}`);
      count++;
    }
  }
  if (options.format === "json") await write("]");
};
