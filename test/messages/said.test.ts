import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { analyse } from "scslre";
import { describe, expect, it } from "vitest";
import { limitEvidence, recipientEvidence } from "../../src/bounces/evidence.ts";
import { inspectMail } from "../../src/bounces/inspect-mail.ts";
import { machineSignWords } from "../../src/bounces/machine-signs.ts";
import type { RecipientOutcome } from "../../src/bounces/report.ts";
import { parts, type Row, sentences } from "../../src/messages/pl/said.ts";
import { said } from "../../src/messages/said.ts";

const root = join(import.meta.dirname, "../..");
const filesUnder = (folder: string, ending: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name));

/** Every sentence of evidence about the mails of the lab. */
const labSentences = (): string[] => {
  const mails = filesUnder("test/fixtures/lab-mails/mails", ".eml").map((file) => inspectMail(readFileSync(join(root, file))));
  return [...new Set(mails.flatMap(({ evidence }) => evidence.map(({ because }) => because)))];
};

/** Comments, then strings and templates by what they hold; the expressions of a template may hold templates. */
const literal =
  /\/\*[\s\S]*?\*\/|\/\/.*|"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|`((?:[^`$\\]|\\.|\$(?!\{)|\$\{(?:[^{}`]|`[^`]*`|\{[^{}]*\})*\})*)`/g;

/** What stands for an expression of a template: what it can be where that matters, else a number, which is a word, too. */
const samples: readonly [RegExp, string][] = [
  [/^answered\(/, ' It answered: "NO [LIMIT] x".'],
  [/^said\(problem/, ': "It is too much"'],
  [/\.message$/, "Google does not answer."],
  [/^error\.code \?\?/, "no reason given"],
  [/^error instanceof/, "x is undefined"],
  [/^ruleWords/, "In-Reply-To"],
  [/^by$/, "Tied by References"],
  [/^how$/, "the notice says it stands for"],
  [/^why$/, "The notice names no message."],
  [/^named\.map/, "<a@b.example> or <c@d.example> or <e@f.example>"],
  [/^wanted$/, "the key of a Google service account"],
  [/^lineAt/, "line 3 of the text"],
  [/^messageId$/, "<a@b.example>"],
  [/^foundIn/, "part message/rfc822"],
  [/^hint$/, "Check user name and password; many providers ask for an app password in place of the usual one."],
  [/=== 1 \?/, "messages"],
];
const sampled = (template: string): string =>
  template.replace(/\$\{((?:[^{}`]|`[^`]*`|\{[^{}]*\})*)\}/g, (_, code: string) => samples.find(([is]) => is.test(code))?.[1] ?? "7");

/** The sentences a source writes down. What is described (settings, limits) or warned of has a code and a sentence in the catalogues. */
const sentencesIn = (file: string): string[] => {
  const source = readFileSync(join(root, file), "utf8");
  return [...source.matchAll(literal)].flatMap((found) => {
    const words = found[1] ?? found[2]?.replaceAll("\\", "") ?? found[3];
    const before = source.slice(Math.max(0, found.index - 80), found.index);
    if (
      words === undefined ||
      !/[a-z}] [a-z(].*\.(?: ?\$\{(?:answered|hint).*\})*$|^(?:It|The) .*: \$\{[^}]*\}$/.test(words) ||
      /describe\($|code: "\w+",\s*text: $/.test(before)
    )
      return [];
    return [sampled(words)];
  });
};

/** Written for the command line, the log or another sentence, or shown by the code beside them. */
const elsewhere =
  /^ ?(?:77: 7; |It answered: |Check user name|If this server is meant|The original's Message-ID <a@b\.example> stands in the 7)|Pub\/Sub (?:subscription|Subscriber)|^Google does not accept the service|notifications could not be worked|sent mail in the settings, is not there|keeps sent mail|is taken for the folder|named in the settings, is not there|has renumbered|is not there any more|is not there, so|is known to hold sent mail|There is no folder|was rewritten by another|tell us this mailbox's|Disconnecting forgets/;

const connectorFiles = ["exchange", "gmail", "imap", "office365", "maildir", "shared"]
  .flatMap((name) => filesUnder(`connectors/${name}`, ".ts"))
  .filter((file) => !/probe|transcript/.test(file));
const coreFiles = filesUnder("src/bounces", ".ts");
const syncFiles = filesUnder("src/sync", ".ts");
const storeFiles = ["whom-to-log", "tie-notices", "reclassify-notice", "save-page", "owed"].map((name) => `src/store/${name}.ts`);

const bounced: RecipientOutcome = {
  address: "jan@customer.example",
  originalAddress: null,
  action: "failed",
  status: "4.2.2",
  smtpCode: 452,
  type: "soft",
  category: "mailbox_full",
  reason: "mailboxfull",
  rule: "mailbox-full",
  diagnostic: null,
  remoteMta: null,
  willRetryUntil: null,
};
const noCode = { status: null, smtpCode: null } as const;
const nothingFailed = { type: "none", reason: null, category: null } as const;
const aboutRecipients = (
  [
    [{}, "line 3 of the text", 'said "over quota", and more'],
    [{}, "the returned message, as its only recipient", null],
    [{ type: "hard" }, "group 1 of the delivery-status part", null],
    [{ type: "hard", ...noCode }, "the X-Failed-Recipients field", null],
    [noCode, null, null],
    [{ action: "delayed", type: "pending" }, null, null],
    [{ action: "delivered", ...nothingFailed }, null, null],
    [{ action: "relayed", ...nothingFailed }, null, null],
    [{ action: "expanded", ...nothingFailed }, null, null],
  ] as [Partial<RecipientOutcome>, string | null, string | null][]
).map(([more, where, heard]) => recipientEvidence({ outcome: { ...bounced, ...more }, where, heard }).because);

/** What is put together from pieces, as its code puts it together. */
const assembled = [
  ...limitEvidence(3000, 2000).map(({ because }) => because),
  ...Object.values(machineSignWords),
  ...aboutRecipients,
  "The original's Message-ID <a@b.example> stands in the text.",
  "The original's Message-ID <a@b.example> stands in the part message/rfc822.",
  'It could not be opened in 9 attempts: mx.example ended the connection. It answered: "bye".',
  "Tied by recipient, subject and sender; jan@customer.example is one of its recipients.",
  "Tied by the conversation it lies in; jan@customer.example is one of its recipients. Logged on the contact with this address.",
  "Tied by the Message-ID in the returned mail; who@x.example was not written to, but the message had no other recipient than jan@x.example.",
  "mx.example (10.0.0.1) lies inside a private network, and Bounceline connects only to public addresses. If this server is meant, ask the operator to add mx.example to the setting allowedHosts.",
  "Microsoft Graph refused what it was asked (ErrorItemNotFound).",
  "Microsoft Graph refused what it was asked (no reason given).",
  "Gmail cannot be used here yet: the operator has to enter the Google app's client id and secret first.",
  "The app for Microsoft 365 is not set up on this server (it is missing). Ask the operator to set it up.",
  "it did not answer in time",
  "something went wrong on our side; it is in the log",
];
const written = (files: readonly string[]): string[] =>
  [...new Set(files.flatMap(sentencesIn))].filter((sentence) => !elsewhere.test(sentence));

/** The forms a sentence uses: the first that fits, and those of the parts it has translated. */
const formsOf = (words: string, rows: readonly Row[]): Row[] => {
  for (const form of rows) {
    const found = form[0].exec(words);
    if (!found) continue;
    const inside = [...form[1].matchAll(/\{(\d)\}/g)].map(([, n]) => found[Number(n)] ?? "").filter((part) => part !== "");
    const used = inside.map((part) => formsOf(part, [...parts, ...sentences]));
    if (used.every((some) => some.length > 0)) return [form, ...used.flat()];
  }
  return [];
};

const inEnglish = (some: readonly string[]): string[] => some.filter((sentence) => said("pl", sentence).language !== "pl");

describe("what a trace, a match or a connector says", () => {
  it("has a Polish form for all evidence of the lab's mails", () => {
    const all = labSentences();
    expect(all.length).toBeGreaterThan(200);
    expect(inEnglish(all).length / all.length).toBeLessThan(0.05);
  });

  it.each([
    ["triage and the parser", coreFiles, 50],
    ["the store", storeFiles, 6],
    ["the sync loop", syncFiles, 9],
    ["the connectors", connectorFiles, 90],
  ])("has one for every sentence %s write down", (_, files, least) => {
    const all = written(files);
    expect(all.length).toBeGreaterThan(least);
    expect(inEnglish(all)).toEqual([]);
  });

  it("has one for what is put together from pieces", () => {
    expect(inEnglish(assembled)).toEqual([]);
  });

  it("has no form that nothing we write can use", () => {
    const all = [...labSentences(), ...written([...coreFiles, ...storeFiles, ...syncFiles, ...connectorFiles]), ...assembled];
    const used = new Set(all.flatMap((sentence) => formsOf(sentence, sentences)));
    expect([...sentences, ...parts].filter((form) => !used.has(form)).map(([pattern]) => String(pattern))).toEqual([]);
  });

  it("takes linear time, and the whole sentence", () => {
    for (const [pattern] of [...sentences, ...parts]) {
      expect(analyse(pattern).reports, String(pattern)).toEqual([]);
      expect(pattern.source).toMatch(/^\^.*\$$/);
    }
  });

  it("names every capture it fills in", () => {
    for (const [pattern, polish] of [...sentences, ...parts]) {
      const captures = new RegExp(`${pattern.source}|`).exec("")?.length ?? 0;
      for (const [, kept, ours] of polish.matchAll(/\$(\d)|\{(\d)\}/g)) expect(Number(kept ?? ours), polish).toBeLessThan(captures);
    }
  });

  it("keeps addresses, ids and servers' words as they are", () => {
    const [{ because: recipient }] = [recipientEvidence({ outcome: bounced, where: "line 3 of the text", heard: "over $1 quota" })];
    expect(said("pl", recipient)).toEqual({
      language: "pl",
      text: "jan@customer.example (wiersz 3 tekstu): nie doręczono; powód mailboxfull według reguły mailbox-full (słowa: „over $1 quota”), stąd kategoria mailbox_full; miękkie, bo 4.2.2 z tymi słowami oznacza błąd przejściowy.",
    });
    expect(
      said(
        "pl",
        "No sent message of this account is known by <a@b.example> or <c@d.example>. 2 to x@y.example left in the week before; only recipient and time fit.",
      ).text,
    ).toBe(
      "Żadna wysłana wiadomość tego konta nie jest znana pod identyfikatorem <a@b.example> lub <c@d.example>. Wiadomości wysłane na x@y.example w ciągu poprzedniego tygodnia: 2; zgadzają się tylko odbiorca i czas.",
    );
    expect(said("pl", 'mx.example asks us to slow down. It answered: "Too many logins".').text).toBe(
      "mx.example prosi, byśmy zwolnili. Odpowiedź serwera: „Too many logins”.",
    );
  });

  it("stays English for who reads English, and where a sentence or a part of it is not known", () => {
    const english = (words: string) => ({ text: words, language: "en" });
    expect(said("en", "It shows no sign of a notice.")).toEqual(english("It shows no sign of a notice."));
    for (const words of [
      "What an older release said.",
      "failed",
      "",
      "It could not be opened (what an older release said); tried again later.",
    ])
      expect(said("pl", words)).toEqual(english(words));
    const long = `It is a report of another kind (${"x".repeat(5000)}).`;
    expect(said("pl", long)).toEqual(english(long));
  });
});
