/**
 * `npm run bench:parse [folder]`: mails per second of one core's time, median of five rounds after a warm-up, and memory. The
 * mails are read into memory first: those of the folder, else the labelled ones outside this repository (BOUNCELINE_SHARED, by
 * default ../shared), else the lab's.
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseHeaderFields } from "../../src/bounces/header-fields.ts";
import { inspectMail } from "../../src/bounces/inspect-mail.ts";
import { triage } from "../../src/bounces/triage.ts";
import { failedStatus, reportNotice } from "../bounces/notices.ts";

const root = join(import.meta.dirname, "../..");
const shared = join(process.env.BOUNCELINE_SHARED ?? join(root, "../shared"), "corpus/mails");
const folder = process.argv[2] ?? (existsSync(shared) ? shared : join(root, "test/fixtures/lab-mails/mails"));

const readFolder = (path: string): Uint8Array[] =>
  readdirSync(path, { recursive: true, encoding: "utf8" })
    .map((name) => join(path, name))
    .filter((file) => statSync(file).isFile())
    .map((file) => new Uint8Array(readFileSync(file)));

const median = (values: number[]): number => values.sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;

/** Seconds of this process's CPU time a piece of work takes. */
const cpuSeconds = (work: () => void): number => {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
};

/** Mails per CPU second: the median of five rounds of at least a second after a warm-up of one. */
const perSecond = (mails: Uint8Array[], work: (bytes: Uint8Array) => void): number => {
  const round = (): void => mails.forEach(work);
  const once = cpuSeconds(round);
  const repeat = Math.max(1, Math.ceil(1 / Math.max(once, 0.001)));
  const rounds = (): void => {
    for (let n = 0; n < repeat; n++) round();
  };
  rounds();
  return median(Array.from({ length: 5 }, () => (mails.length * repeat) / cpuSeconds(rounds)));
};

const judge = (bytes: Uint8Array): void => {
  const headers = parseHeaderFields(bytes);
  triage(
    { ref: "", folder: "", role: "inbox", headers, receivedAt: null, size: bytes.length, threadId: null, hints: {} },
    { ownAddresses: new Set(), sentById: () => null },
  );
};

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** A notice whose returned letter makes it so many bytes. */
const noticeOf = (size: number): Uint8Array =>
  reportNotice({
    status: failedStatus(),
    original: `Message-ID: <big@sales.example>\nTo: jan@customer.example\n\n${"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=\n".repeat(size / 38)}`,
  });

const peak = (work: () => void): number => {
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  work();
  return Math.max(0, process.memoryUsage().rss - before);
};

const printSize = (): void => {
  const [small, large] = [noticeOf(1_000_000), noticeOf(25_000_000)];
  for (let n = 0; n < 20; n++) inspectMail(small);
  const timeOf = (bytes: Uint8Array): number => median(Array.from({ length: 15 }, () => cpuSeconds(() => void inspectMail(bytes))));
  const [quick, slow] = [timeOf(small), timeOf(large)];
  console.log(
    `a notice of 1 MB / 25 MB    ${(quick * 1e3).toFixed(2)} / ${(slow * 1e3).toFixed(2)} ms: ${(slow / quick).toFixed(2)} times`,
  );
  console.log(`memory for the 25 MB one    ${megabytes(peak(() => void inspectMail(large)))} beside its own ${megabytes(large.length)}`);
};

const mails = readFolder(folder);
const bounces = mails.filter((bytes) => inspectMail(bytes).verdict === "bounce");
const others = mails.filter((bytes) => inspectMail(bytes).verdict !== "bounce");
console.log(
  `${folder}: ${bounces.length} bounces, ${others.length} other mails, ${megabytes(mails.reduce((sum, { length }) => sum + length, 0))}`,
);
console.log(`bounces per second          ${Math.round(perSecond(bounces, (bytes) => void inspectMail(bytes)))}`);
console.log(`other mails per second      ${Math.round(perSecond(others, (bytes) => void inspectMail(bytes)))}`);
console.log(`triage alone per second     ${Math.round(perSecond(mails, judge))}`);
printSize();
console.log(`peak memory                 ${megabytes(process.resourceUsage().maxRSS * 1024)}`);
