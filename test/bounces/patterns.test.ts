import { RegExpParser, visitRegExpAST } from "@eslint-community/regexpp";
import { analyse } from "scslre";
import { describe, expect, it } from "vitest";
import { codePatterns, literalsIn, tablePatterns } from "./all-patterns.ts";

/** Ways a pattern can take more than linear time, as scslre (the engine of eslint-plugin-regexp's super-linear rules) finds them. */
const superLinear = (pattern: RegExp): string[] =>
  analyse(pattern).reports.map(({ type, exponential }) => (exponential ? `${type}, exponential` : type));

/** Quantifiers without an upper bound. */
const unbounded = (pattern: RegExp): string[] => {
  const found: string[] = [];
  const { source, flags } = pattern;
  visitRegExpAST(new RegExpParser().parsePattern(source, 0, source.length, { unicode: flags.includes("u") }), {
    onQuantifierEnter: ({ max, raw }) => {
      if (max === Number.POSITIVE_INFINITY) found.push(raw);
    },
  });
  return found;
};

describe("every pattern of the parser", () => {
  it("is found: the literals of the code and the rows of the tables", () => {
    expect(literalsIn('const a = /b[/"]c/gi; // no /x/\nconst d = "/e/" + 4 / 2 / 1;')).toEqual(['/b[/"]c/gi']);
    expect(codePatterns().length).toBeGreaterThan(150);
    expect(tablePatterns().length).toBeGreaterThan(300);
  });

  it("takes linear time in the code", () => {
    for (const { where, pattern } of codePatterns()) expect(superLinear(pattern), `${where}: ${pattern}`).toEqual([]);
  });

  it("takes linear time in the tables, and is bounded: each place of a line costs at most so much", () => {
    for (const { where, pattern } of tablePatterns()) {
      expect(superLinear(pattern), `${where}: ${pattern}`).toEqual([]);
      expect(unbounded(pattern), `${where}: ${pattern}`).toEqual([]);
    }
  });

  it("would be caught if it did not", () => {
    for (const bad of [/(a|a)*b/, /(?:a+)+b/, /a*a*b/, /a+$/]) expect(superLinear(bad), String(bad)).not.toEqual([]);
    expect(unbounded(/a{2,5}b?c+/)).toEqual(["c+"]);
  });
});
