/**
 * The table of reason rules (reason-rules.json), read and checked. People outside edit it, so every fault names its row.
 *
 *   { "rule": "mailbox-full", "reason": "mailboxfull", "status": ["2.2"], "words": ["over ?quota"], "unless": ["message size"] }
 *
 * The first rule that matches gives the reason: its `status` (an enhanced code without its class) or `reply` (an SMTP code) is
 * the reported one, or one of its `words` stands in the line, and none of `unless` does. A line is lower case, cut at 1,000
 * characters: `code enhanced-code text`, "-" for an absent code; where the refused command is known the text begins with it
 * ("@helo", "@mail", "@rcpt", "@data"; "@conn" before any). Addresses read "addr", host names "host", block lists' hosts
 * "blocklist", so that a host called mailspamprotection is no spam verdict. Patterns are regular expressions.
 */
import data from "./reason-rules.json" with { type: "json" };

/** One row, compiled. `unless` holds it back, for words that mean something else in that company. */
export type ReasonRule = {
  rule: string;
  reason: string;
  status: ReadonlySet<string>;
  reply: ReadonlySet<number>;
  words: RegExp | null;
  unless: RegExp | null;
};

export type ReasonTable = {
  /** In order of how sure the words are: a rule stands above those whose words can occur in passing. */
  rules: readonly ReasonRule[];
  /** Lines a notice puts above its list of recipients, which say the cause for all of them; they run over one line of prose. */
  headings: readonly ReasonRule[];
  /** Enhanced codes that mean one thing: beside them only words of these rules are heard. By code without its class. */
  firmCodes: ReadonlyMap<string, ReadonlySet<string>>;
  /** What a code means where no words say it (RFC 3463, 7372, the IANA registry): by whole code, or without its class. */
  reasonByStatus: ReadonlyMap<string, string>;
};

/** A fault of the table: the message names the row and what is wrong with it. */
export class ReasonTableError extends Error {}

/** Sisimai's published vocabulary of reasons. */
export const reasonNames: ReadonlySet<string> = new Set(
  `authfailure badreputation blocked contenterror exceedlimit expired failedstarttls filtered greylisting hasmoved hostunknown
  mailboxfull mailererror mesgtoobig networkerror norelaying notaccept notcompliantrfc onhold policyviolation rejected requireptr
  securityerror spamdetected speeding suspend syntaxerror systemerror systemfull toomanyconn undefined userunknown
  virusdetected`.split(/\s+/),
);

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

const knownKeys = new Set(["rule", "reason", "status", "reply", "words", "unless"]);

const fail = (row: string, problem: string): never => {
  throw new ReasonTableError(`${row}: ${problem}`);
};

const readList = (row: string, name: string, value: unknown, type: "string" | "number"): unknown[] => {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length === 0) return fail(row, `"${name}" is no list, or an empty one`);
  if (!value.every((one) => typeof one === type && one !== "")) return fail(row, `"${name}" holds what is no ${type}`);
  return value;
};

const readPatterns = (row: string, name: string, value: unknown): RegExp | null => {
  const patterns = readList(row, name, value, "string") as string[];
  for (const pattern of patterns) {
    try {
      if (new RegExp(pattern).test("")) fail(row, `the pattern ${pattern} in "${name}" matches an empty line`);
    } catch (error) {
      if (error instanceof ReasonTableError) throw error;
      fail(row, `${(error as Error).message} in "${name}"`);
    }
  }
  return patterns.length === 0 ? null : new RegExp(patterns.join("|"));
};

const readReason = (row: string, value: unknown): string =>
  typeof value === "string" && reasonNames.has(value) ? value : fail(row, `${JSON.stringify(value)} is no reason we know`);

const readRule = (value: unknown, index: number, list: string): ReasonRule => {
  const place = `reason-rules.json, ${list} ${index + 1}`;
  if (!isRecord(value)) return fail(place, "it is no object");
  const { rule } = value;
  if (typeof rule !== "string" || !/^[a-z0-9-]+$/.test(rule)) return fail(place, '"rule" is no name of small letters, digits and "-"');
  const row = `${place} (${rule})`;
  const unknown = Object.keys(value).find((key) => !knownKeys.has(key));
  if (unknown) fail(row, `"${unknown}" is no field of a rule`);
  if (!value.status && !value.reply && !value.words) fail(row, "it has neither words nor codes");
  const status = readList(row, "status", value.status, "string") as string[];
  for (const code of status) if (!/^[0-7]\.\d{1,3}$/.test(code)) fail(row, `"${code}" is no enhanced code without its class`);
  return {
    rule,
    reason: readReason(row, value.reason),
    status: new Set(status),
    reply: new Set(readList(row, "reply", value.reply, "number") as number[]),
    words: readPatterns(row, "words", value.words),
    unless: readPatterns(row, "unless", value.unless),
  };
};

/** Reads a table. Throws ReasonTableError at its first fault. */
export const readReasonTable = (value: unknown): ReasonTable => {
  const place = "reason-rules.json";
  if (!isRecord(value) || !Array.isArray(value.rules)) return fail(place, 'it has no list "rules"');
  const rules = value.rules.map((row, index) => readRule(row, index, "rule"));
  const headings = Array.isArray(value.headings) ? value.headings.map((row, index) => readRule(row, index, "heading")) : [];
  const names = new Set<string>();
  for (const { rule } of [...rules, ...headings]) {
    if (names.has(rule)) fail(`${place}, rule ${rule}`, "another rule has this name");
    names.add(rule);
  }
  const firm = Object.entries(isRecord(value.firmCodes) ? value.firmCodes : {}).map(([code, list]): [string, Set<string>] => {
    const heard = readList(`${place}, firmCodes ${code}`, code, list, "string") as string[];
    for (const name of heard) if (!names.has(name)) fail(`${place}, firmCodes ${code}`, `there is no rule "${name}"`);
    return [code, new Set(heard)];
  });
  const byStatus = Object.entries(isRecord(value.reasonByStatus) ? value.reasonByStatus : {}).map(([code, reason]): [string, string] => [
    code,
    readReason(`${place}, reasonByStatus ${code}`, reason),
  ]);
  return { rules, headings, firmCodes: new Map(firm), reasonByStatus: new Map(byStatus) };
};

export const reasonTable: ReasonTable = readReasonTable(data);
