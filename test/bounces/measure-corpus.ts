/** What bin/corpus runs: no test, a measurement. Prints the scorer's tables, triage figures and the parser's speed. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Envelope } from "../../src/bounces/envelope.ts";
import { parseHeaderFields } from "../../src/bounces/header-fields.ts";
import { inspectMail } from "../../src/bounces/inspect-mail.ts";
import { triage } from "../../src/bounces/triage.ts";
import { inspectPaths } from "../../src/cli/inspect.ts";

const root = join(import.meta.dirname, "../..");
const shared = process.env.BOUNCELINE_SHARED ?? join(root, "../shared");
const misses = process.argv.includes("--misses") ? (process.argv[process.argv.indexOf("--misses") + 1] ?? "20") : "0";

type Label = { file: string; is_bounce: boolean };

const readLabels = (path: string): Label[] =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Label);

const envelopeOf = (bytes: Uint8Array): Envelope => ({
  ref: "",
  folder: "INBOX",
  role: "inbox",
  headers: parseHeaderFields(bytes),
  receivedAt: null,
  size: bytes.byteLength,
  threadId: null,
  hints: {},
});

/** Nothing is known of the account: headers alone must do. */
const noContext = { ownAddresses: new Set<string>(), sentById: () => null };

const percent = (part: number, whole: number): string => `${part}/${whole}  ${whole === 0 ? "-" : ((100 * part) / whole).toFixed(1)}%`;

const printTriage = (mails: string, labels: Label[]): void => {
  const counts = { bounces: 0, found: 0, others: 0, opened: 0 };
  for (const { file, is_bounce } of labels) {
    const suspect = triage(envelopeOf(readFileSync(join(mails, file))), noContext).verdict === "suspect";
    if (is_bounce) counts.found += Number(suspect);
    else counts.opened += Number(suspect);
    counts[is_bounce ? "bounces" : "others"]++;
    if (is_bounce !== suspect && misses !== "0") console.log(`  triage: ${file} ${is_bounce ? "missed" : "opened for nothing"}`);
  }
  console.log(`triage suspects bounces  ${percent(counts.found, counts.bounces)}`);
  console.log(`triage opens others      ${percent(counts.opened, counts.others)}`);
};

const printSpeed = (mails: string, labels: Label[]): void => {
  const bounces = labels.filter(({ is_bounce }) => is_bounce).map(({ file }) => readFileSync(join(mails, file)));
  if (bounces.length === 0) return;
  for (const bytes of bounces) inspectMail(bytes);
  const started = process.cpuUsage().user;
  for (let round = 0; round < 5; round++) for (const bytes of bounces) inspectMail(bytes);
  console.log(`bounces per CPU second   ${Math.round((5 * bounces.length * 1e6) / (process.cpuUsage().user - started))}`);
};

const measure = async (name: string, folder: string, temporary: string): Promise<void> => {
  const labels = readLabels(join(folder, "labels.jsonl"));
  const results = join(temporary, `${name}.ndjson`);
  const lines: string[] = [];
  await inspectPaths([join(folder, "mails")], { format: "ndjson" }, (line) => void lines.push(line));
  writeFileSync(results, lines.join("\n"));
  console.log(`\n== ${name}`);
  const scorer = join(shared, "bin/score-corpus.mjs");
  console.log(
    execFileSync(process.execPath, [scorer, join(folder, "labels.jsonl"), results, "--misses", misses], { encoding: "utf8" }).trimEnd(),
  );
  printTriage(join(folder, "mails"), labels);
  printSpeed(join(folder, "mails"), labels);
};

if (!existsSync(join(shared, "bin/score-corpus.mjs"))) {
  console.log(`There is no ${shared} with the labelled mails and the scorer; set BOUNCELINE_SHARED. Nothing was measured.`);
} else {
  const temporary = mkdtempSync(join(tmpdir(), "bounceline-corpus-"));
  try {
    for (const name of ["corpus", "cases"]) await measure(name, join(shared, name), temporary);
    await measure("lab-mails", join(root, "test/fixtures/lab-mails"), temporary);
  } finally {
    rmSync(temporary, { recursive: true });
  }
}
