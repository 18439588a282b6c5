/** Mutated messages against the promises of the parser. */
import { cutNotice } from "../../src/bounces/cut-notice.ts";
import { parseHeaderFields } from "../../src/bounces/header-fields.ts";
import { inspectMail } from "../../src/bounces/inspect-mail.ts";
import { triage } from "../../src/bounces/triage.ts";
import { mutate, randomFrom } from "./mutate.ts";

/** A promise that a mutated message broke; `seed` makes it again. */
export type Broken = { seed: number; promise: string };

export type FuzzResult = { inputs: number; bounces: number; unreadable: number; slowest: number; broken: Broken[] };

const envelopeOf = (bytes: Uint8Array) => ({
  ref: "",
  folder: "",
  role: "inbox" as const,
  headers: parseHeaderFields(bytes),
  receivedAt: null,
  size: bytes.length,
  threadId: null,
  hints: {},
});

/** What is wrong with the parser's answer to these bytes; null where nothing is. */
const brokenPromise = (bytes: Uint8Array, slowest: number): { promise: string | null; verdict: string; elapsed: number } => {
  const started = process.cpuUsage();
  const report = inspectMail(bytes);
  const { user, system } = process.cpuUsage(started);
  const elapsed = (user + system) / 1000;
  const { verdict, evidence, recipients } = report;
  const failed = recipients.some(({ action }) => action === "failed" || action === "delayed");
  triage(envelopeOf(bytes), { ownAddresses: new Set(), sentById: () => null });
  cutNotice(bytes);
  const promise =
    evidence[0]?.step === "parser_fault"
      ? `threw: ${evidence[0].because}`
      : elapsed > slowest
        ? `took ${Math.round(elapsed)} ms`
        : evidence.length === 0
          ? "no evidence"
          : (verdict === "bounce") !== failed
            ? `${verdict}, but its recipients say otherwise`
            : ({} as Record<string, unknown>).x !== undefined
              ? "a prototype was changed"
              : null;
  return { promise, verdict, elapsed };
};

/** Runs `inputs` mutated messages from a first seed on; a run over `slowest` milliseconds of CPU time breaks a promise. */
export const fuzzParser = (samples: readonly Uint8Array[], inputs: number, firstSeed: number, slowest: number): FuzzResult => {
  const result: FuzzResult = { inputs, bounces: 0, unreadable: 0, slowest: 0, broken: [] };
  for (let seed = firstSeed; seed < firstSeed + inputs; seed++) {
    const random = randomFrom(seed);
    const sample = samples[Math.floor(random() * samples.length)] ?? new Uint8Array();
    try {
      const { promise, verdict, elapsed } = brokenPromise(mutate(sample, random), slowest);
      if (promise) result.broken.push({ seed, promise });
      if (verdict === "bounce") result.bounces++;
      if (verdict === "unreadable") result.unreadable++;
      result.slowest = Math.max(result.slowest, elapsed);
    } catch (error) {
      result.broken.push({ seed, promise: `threw: ${error instanceof Error ? error.stack : String(error)}` });
    }
  }
  return result;
};
