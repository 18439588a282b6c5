import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { exportText } from "../../src/cli/commands/export.ts";
import { csvLine } from "../../src/messages/csv-line.ts";
import type { Database } from "../../src/ports/database.ts";
import { openDatabase } from "../../src/store/open.ts";
import { savePage } from "../../src/store/save-page.ts";
import { loadKeys } from "../../src/store/secrets.ts";
import { onBothEngines, openNew, quiet, temporaryDirectory } from "../store/engines.ts";
import { accountWithInboxes, delayed, notice, now, outcome, page, sentMessage } from "../store/sample-mail.ts";
import { runCli } from "./run-cli.ts";

const addresses = (count: number) => Array.from({ length: count }, (_, i) => `c${i}@customer.example`);

/** An account with one message to `count` recipients, all of whom bounced, the last one for a while only. */
const bounced = async (database: Database, count: number, diagnostic = "550 5.1.1 User unknown"): Promise<string> => {
  const [inbox] = await accountWithInboxes(database);
  if (!inbox) throw new Error("no inbox");
  const [last = "", ...others] = addresses(count).reverse();
  const outcomes = [...others.map((address) => outcome(address, { diagnostic })), delayed(last)];
  await savePage(database, page(inbox, [sentMessage("offer", addresses(count)), notice("offer", outcomes)]));
  return inbox.accountId;
};

const read = async (pieces: AsyncIterable<string>): Promise<string[]> => {
  const all: string[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
};

/** A reader of RFC 4180, by its grammar. */
const parseCsv = (text: string): string[][] =>
  text
    .split(/\r\n(?=(?:[^"]*"[^"]*")*[^"]*$)/)
    .slice(0, -1)
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare ?? ""),
    );

onBothEngines("export", (engine) => {
  test("every engagement is in it once, a page at a time", async () => {
    const database = await openNew(engine);
    const accountId = await bounced(database, 450);
    const pieces = await read(exportText({ read: database.read, describe: async () => null }, accountId, "csv", {}));
    expect(pieces).toHaveLength(3);
    const [names = [], ...rows] = parseCsv(pieces.join(""));
    expect(rows.map((row) => row[names.indexOf("address")]).sort()).toEqual(addresses(450).sort());
    expect(new Set(rows.map((row) => row.length))).toEqual(new Set([names.length]));
    const [pending] = parseCsv(
      (await read(exportText({ read: database.read, describe: async () => null }, accountId, "csv", { state: ["pending"] }))).join(""),
    ).slice(1);
    expect(pending?.[names.indexOf("address")]).toBe("c449@customer.example");
    expect(
      await read(exportText({ read: database.read, describe: async () => null }, accountId, "csv", { occurredSince: now + 1 })),
    ).toEqual([csvLine(names)]);
  });

  test("a server's words that a spreadsheet would run are text, and come through whole", async () => {
    const database = await openNew(engine);
    const diagnostic = '=HYPERLINK("https://x.example","zażółć"),\r\nand more';
    const accountId = await bounced(database, 2, diagnostic);
    const [names = [], row = []] = parseCsv(
      (await read(exportText({ read: database.read, describe: async () => null }, accountId, "csv", { state: ["hard"] }))).join(""),
    );
    expect(row[names.indexOf("diagnostic")]).toBe(`'${diagnostic}`);
  });

  test("a line of NDJSON is the engagement as the API gives it", async () => {
    const database = await openNew(engine);
    const accountId = await bounced(database, 2);
    const [text = ""] = await read(
      exportText({ read: database.read, describe: async () => null }, accountId, "ndjson", { state: ["hard"] }),
    );
    expect(JSON.parse(text)).toMatchObject({
      object: "engagement",
      state: "hard",
      recipient: { address: "c0@customer.example", othersTotal: 1 },
      sentMessage: { subject: "Offer", sentAt: "2026-11-25T16:00:00.000Z" },
      text: { title: "Hard bounce: Unknown user" },
    });
  });
});

test.each([
  ["plain", "plain"],
  ['say "hi"', '"say ""hi"""'],
  ["a,b", '"a,b"'],
  ["a\r\nb", '"a\r\nb"'],
  ["=1+1", "'=1+1"],
  ["+48 22", "'+48 22"],
  ["-5", "'-5"],
  ["@here", "'@here"],
  ["  =1", "'  =1"],
  ["\t=1", "'\t=1"],
  ["a=b", "a=b"],
  [-5, "-5"],
  [null, ""],
])("%j is written %j", (value, written) => {
  expect(csvLine([value, "end"])).toBe(`${written},end\r\n`);
});

test("the command prints it, says what the columns are, and refuses what is no date", async () => {
  const home = temporaryDirectory();
  const directory = join(home, "data");
  mkdirSync(directory, { mode: 0o700 });
  const keyFile = join(home, "key");
  const keys = loadKeys({ keyFile, allowCreate: true });
  const database = await openDatabase({ file: join(directory, "bounceline.sqlite"), keys, log: quiet, now: () => now });
  await bounced(database, 3);
  await database.close();
  const env = { BOUNCELINE_DATA_DIR: directory, BOUNCELINE_KEY_FILE: keyFile };
  const run = (...args: string[]) => runCli(["export", ...args], { cwd: home, env });
  const [csv, hard, bad, help] = [
    await run("--format", "csv", "--since", "2026-11-25"),
    await run("--format", "ndjson", "--state", "hard"),
    await run("--format", "csv", "--since", "yesterday"),
    await run("--help"),
  ];
  expect([csv.status, csv.err]).toEqual([0, ""]);
  expect(parseCsv(csv.out)).toHaveLength(4);
  expect(
    hard.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).state),
  ).toEqual(["hard", "hard"]);
  expect([bad.status, bad.err]).toEqual([64, "bounceline: --since is a date such as 2026-11-01 or 2026-11-01T08:00:00Z, not yesterday.\n"]);
  for (const name of parseCsv(csv.out)[0] ?? []) expect(help.out).toContain(`  ${name} `);
});
