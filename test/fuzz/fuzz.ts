/**
 * `npm run fuzz [inputs] [first seed]`: 300,000 mutated messages, made from the lab mails and the labelled ones outside this
 * repository where they are (BOUNCELINE_SHARED). No throw, no run over 250 ms. Ends with status 1 where a promise was broken.
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fuzzParser } from "./fuzz-parser.ts";

const root = join(import.meta.dirname, "../..");
const shared = join(process.env.BOUNCELINE_SHARED ?? join(root, "../shared"), "corpus/mails");
const inputs = Number(process.argv[2] ?? 300_000);
const firstSeed = Number(process.argv[3] ?? 1);

const readFolder = (path: string): Uint8Array[] =>
  readdirSync(path, { recursive: true, encoding: "utf8" })
    .map((name) => join(path, name))
    .filter((file) => statSync(file).isFile())
    .map((file) => new Uint8Array(readFileSync(file)));

const samples = [join(root, "test/fixtures/lab-mails/mails"), shared].filter(existsSync).flatMap(readFolder);
const round = 10_000;
const total = { bounces: 0, unreadable: 0, slowest: 0, broken: 0 };
for (let done = 0; done < inputs; done += round) {
  const { bounces, unreadable, slowest, broken } = fuzzParser(samples, Math.min(round, inputs - done), firstSeed + done, 250);
  for (const { seed, promise } of broken) console.log(`seed ${seed}: ${promise}`);
  total.bounces += bounces;
  total.unreadable += unreadable;
  total.slowest = Math.max(total.slowest, slowest);
  total.broken += broken.length;
  if (process.stderr.isTTY) process.stderr.write(`\r${Math.min(done + round, inputs)} of ${inputs}`);
}
console.log(
  `${inputs} inputs from ${samples.length} mails: ${total.bounces} bounces, ${total.unreadable} unreadable, slowest ${total.slowest.toFixed(1)} ms, ${total.broken} broken promises`,
);
process.exitCode = total.broken > 0 ? 1 : 0;
