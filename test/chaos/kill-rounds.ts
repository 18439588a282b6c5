/**
 * Rounds of kill -9 in the middle of a sync: in each, new sent messages and notices arrive, a process of the real command line
 * begins to read them, and is killed at a random moment. At the end one process finishes. Every bounce must be written once.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Database } from "../../src/ports/database.ts";
import { openDatabase } from "../../src/store/open.ts";
import { loadKeys } from "../../src/store/secrets.ts";
import { makeNotice, makeSent } from "../fixtures/make-mail.ts";
import { quiet } from "../store/engines.ts";

const root = join(import.meta.dirname, "../..");
const main = join(root, "src/cli/main.ts");

export type KillRounds = {
  rounds: number;
  /** Rounds in which the process was killed when it had written something and not yet everything. */
  midway: number;
  /** How many bounces there are to find. */
  expected: number;
  engagements: number;
  /** Entries of all histories, and the highest version of an engagement. */
  histories: number;
  highestVersion: number;
  /** Events that tell of a new engagement; all sequences without a gap. */
  created: number;
  gapless: boolean;
  owed: number;
};

type Store = { file: string; url?: undefined } | { url: string; file?: undefined };

/** Runs the rounds in an empty folder, which stays with the caller. With `url` the store is PostgreSQL, else SQLite. */
export const killRounds = async (folder: string, url: string | null, rounds: number, perRound = 40): Promise<KillRounds> => {
  const dataDir = join(folder, "data");
  const keyFile = join(folder, "key");
  const env = {
    PATH: process.env.PATH ?? "",
    HOME: folder,
    BOUNCELINE_LOG_LEVEL: "error",
    BOUNCELINE_DATA_DIR: dataDir,
    BOUNCELINE_KEY_FILE: keyFile,
    ...(url !== null && { DATABASE_URL: url }),
  };
  const cli = (...args: string[]): string => execFileSync(process.execPath, [main, ...args], { env, cwd: folder, encoding: "utf8" });
  // A key is never made for a database of one's own, so it is there first.
  const keys = loadKeys({ keyFile, allowCreate: true });
  const store: Store = url === null ? { file: join(dataDir, "bounceline.sqlite") } : { url };
  const mailbox = join(folder, "mail");
  for (const name of ["INBOX", "Sent"]) for (const part of ["cur", "new", "tmp"]) mkdirSync(join(mailbox, name, part), { recursive: true });

  cli("account", "create", "Chaos");
  deliver(mailbox, 0, 1);
  const inbox = (
    JSON.parse(cli("--json", "inbox", "connect", "maildir", "--address", "anna@sales.example", "--path", mailbox)) as { id: string }
  ).id;
  const database = await openDatabase({ ...store, keys, log: quiet, now: Date.now });
  try {
    let expected = 1;
    let midway = 0;
    for (let round = 0; round < rounds; round += 1) {
      deliver(mailbox, expected, perRound);
      expected += perRound;
      const before = await countSeen(database);
      const child = spawn(process.execPath, [main, "inbox", "sync", inbox], { env, cwd: folder, stdio: "ignore" });
      const exit = new Promise((resolve) => child.once("exit", resolve));
      // From the first thing it writes on, at a random moment.
      while ((await countSeen(database)) === before && child.exitCode === null) await pause(2);
      await pause(Math.random() * 120);
      child.kill("SIGKILL");
      await exit;
      if (child.signalCode === "SIGKILL" && (await countSeen(database)) < 2 * expected) midway += 1;
    }
    // What was being read alone when a process died is left be for five minutes: those have passed.
    cli("inbox", "sync", inbox);
    await database.transaction((tx) => tx.updateTable("owed").set({ due_at: 0 }).execute());
    cli("inbox", "sync", inbox);
    return { rounds, midway, expected, ...(await tally(database)) };
  } finally {
    await database.close();
  }
};

/** Everything a turn writes moves this: claims, attempts, pages. */
const countSeen = async ({ read }: Database): Promise<number> => {
  const seen = await read
    .selectFrom("seen_messages")
    .select((eb) => eb.fn.countAll<number>().as("n"))
    .executeTakeFirstOrThrow();
  return Number(seen.n);
};

const tally = async ({ read }: Database): Promise<Omit<KillRounds, "rounds" | "midway" | "expected">> => {
  const engagements = await read.selectFrom("engagements").select(["state", "version"]).where("state", "=", "hard").execute();
  const histories = await read.selectFrom("engagement_history").select("fingerprint").execute();
  const events = await read.selectFrom("events").select(["seq", "type"]).orderBy("seq").execute();
  const owed = await read.selectFrom("owed").select("ref").execute();
  return {
    engagements: engagements.length,
    histories: histories.length,
    highestVersion: Math.max(...engagements.map((row) => row.version)),
    created: events.filter(({ type }) => type === "engagement.created").length,
    gapless: events.every(({ seq }, i) => seq === i + 1),
    owed: owed.length,
  };
};

const deliver = (mailbox: string, from: number, count: number): void => {
  const at = new Date(Date.now() - 3_600_000);
  for (let n = from; n < from + count; n += 1) {
    const name = String(n).padStart(6, "0");
    writeFileSync(join(mailbox, "Sent/cur", `${name}.sent:2,S`), makeSent(n, at));
    writeFileSync(join(mailbox, "INBOX/new", `${name}.notice`), makeNotice(n, at));
  }
};
