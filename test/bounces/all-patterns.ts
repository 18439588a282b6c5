/** Every regular expression of src/bounces: the literals of its code and the rows of its tables. For the pattern check. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import languages from "../../src/bounces/languages.json" with { type: "json" };
import table from "../../src/bounces/reason-rules.json" with { type: "json" };

export type Found = { where: string; pattern: RegExp };

const root = join(import.meta.dirname, "../../src/bounces");

/** After these a "/" begins a regular expression; after anything else it divides. */
const beforeLiteral = /(?:^|[(,=:[!&|?{};>]|\breturn)\s*$/;

/** Where a string or a template ends that begins at `at`. Nested templates with quotes in them do not occur. */
const stringEnd = (code: string, at: number): number => {
  const quote = code[at];
  let end = at + 1;
  while (end < code.length && code[end] !== quote) end += code[end] === "\\" ? 2 : 1;
  return end + 1;
};

/** Where a literal ends that begins at `at`: behind its flags. */
const literalEnd = (code: string, at: number): number => {
  let inClass = false;
  let end = at + 1;
  for (; end < code.length; end++) {
    if (code[end] === "\\") end++;
    else if (code[end] === "[") inClass = true;
    else if (code[end] === "]") inClass = false;
    else if (code[end] === "/" && !inClass) break;
  }
  return end + 1 + (/^[a-z]*/.exec(code.slice(end + 1))?.[0].length ?? 0);
};

/** The regular expression literals of a TypeScript source. */
export const literalsIn = (code: string): string[] => {
  const found: string[] = [];
  for (let at = 0; at < code.length; ) {
    const two = code.slice(at, at + 2);
    if (two === "//") at = code.indexOf("\n", at) < 0 ? code.length : code.indexOf("\n", at);
    else if (two === "/*") at = code.indexOf("*/", at) + 2;
    else if (code[at] === '"' || code[at] === "'" || code[at] === "`") at = stringEnd(code, at);
    else if (code[at] === "/" && beforeLiteral.test(code.slice(Math.max(0, at - 40), at))) {
      const end = literalEnd(code, at);
      found.push(code.slice(at, end));
      at = end;
    } else at++;
  }
  return found;
};

const compile = (literal: string): RegExp => {
  const end = literal.lastIndexOf("/");
  return new RegExp(literal.slice(1, end), literal.slice(end + 1));
};

/** The literals of all files, with where they stand. */
export const codePatterns = (): Found[] =>
  readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) => literalsIn(readFileSync(join(root, name), "utf8")).map((literal) => ({ where: name, pattern: compile(literal) })));

/** The rows of the tables. */
export const tablePatterns = (): Found[] => [
  ...[...table.rules, ...table.headings].flatMap((row) =>
    [...("words" in row ? (row.words ?? []) : []), ...("unless" in row ? (row.unless ?? []) : [])].map((words) => ({
      where: `reason-rules.json, ${row.rule}`,
      pattern: new RegExp(words),
    })),
  ),
  ...Object.entries(languages).flatMap(([language, { subjects, failed, delayed }]) =>
    [...subjects, ...failed, ...delayed].map((words) => ({ where: `languages.json, ${language}`, pattern: new RegExp(words, "iu") })),
  ),
];
