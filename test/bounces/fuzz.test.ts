import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fuzzParser } from "../fuzz/fuzz-parser.ts";
import { mutate, randomFrom } from "../fuzz/mutate.ts";

const folder = join(import.meta.dirname, "../fixtures/lab-mails/mails");
const samples = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".eml"))
  .map((name) => new Uint8Array(readFileSync(join(folder, name))));

describe("mutated messages", () => {
  it("never make the parser throw, and each gets a verdict with its reasons", () => {
    // Time is measured by npm run fuzz: here other tests run beside.
    const { broken, bounces } = fuzzParser(samples, 3000, 1, Number.POSITIVE_INFINITY);
    expect(broken).toEqual([]);
    expect(bounces).toBeGreaterThan(300);
  });

  it("are the same for the same seed, and differ for another", () => {
    const [sample = new Uint8Array()] = samples;
    expect(mutate(sample, randomFrom(7))).toEqual(mutate(sample, randomFrom(7)));
    expect(mutate(sample, randomFrom(7))).not.toEqual(mutate(sample, randomFrom(8)));
  });
});
