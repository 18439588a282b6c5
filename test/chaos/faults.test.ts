/**
 * What a company's worst day does to several workers, one fault after the other, while mail comes: after each, every bounce is
 * written once and told, no inbox is stuck, the event log has no hole, and another look finds nothing. `npm run chaos` takes its
 * time over each (CHAOS_SECONDS) and repeats them (CHAOS_ROUNDS).
 */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sharedMailServer } from "../setup/mail-server.ts";
import { afterThis } from "../store/engines.ts";
import { openStage, type Stage, type Verdict } from "./stage.ts";

const seconds = Number(process.env.CHAOS_SECONDS ?? 2);
const rounds = Number(process.env.CHAOS_ROUNDS ?? 1);
const harmMs = seconds * 1000;

type Fault = { name: string /** Returns how often harm was done. */; harm: (stage: Stage) => Promise<number> };

/** Harms again and again, as long as a fault lasts. */
const repeatedly = async (everyMs: number, harm: () => Promise<void> | void): Promise<number> => {
  const end = Date.now() + harmMs;
  let times = 0;
  do {
    await harm();
    times += 1;
    await pause(Math.random() * everyMs);
  } while (Date.now() < end);
  return times;
};

const killWorker = async ({ workers, startWorker }: Stage): Promise<void> => {
  const victim = workers.shift();
  if (!victim) throw new Error("no worker is left");
  victim.kill("SIGKILL");
  await once(victim, "exit");
  await startWorker();
};

const faults: Fault[] = [
  { name: "a worker is killed", harm: (stage) => repeatedly(1500, () => killWorker(stage)) },
  {
    name: "all workers are killed at once",
    harm: async ({ workers, startWorker }) => {
      const victims = workers.splice(0);
      await pause(500);
      for (const victim of victims) victim.kill("SIGKILL");
      await Promise.all(victims.map(() => startWorker()));
      return victims.length;
    },
  },
  {
    name: "PostgreSQL is killed",
    harm: ({ postgres }) =>
      repeatedly(3000, async () => {
        await pause(800);
        postgres.kill("SIGKILL");
        await postgres.startAgain();
      }),
  },
  {
    name: "a worker is stopped for longer than its lease, and goes on",
    harm: async ({ workers }) => {
      const [victim] = workers;
      victim?.kill("SIGSTOP");
      await pause(Math.max(13_000, harmMs));
      victim?.kill("SIGCONT");
      await pause(2000);
      return 1;
    },
  },
  {
    name: "a worker's clock goes an hour ahead, then back",
    harm: async ({ workers }) => {
      const [victim] = workers;
      victim?.send({ clock: 3_600_000 });
      await pause(harmMs);
      victim?.send({ clock: -3_600_000 });
      await pause(harmMs);
      victim?.send({ clock: 0 });
      return 2;
    },
  },
  {
    name: "the database is slow",
    harm: async ({ toDatabase }) => {
      toDatabase.weather({ delayMs: 150 });
      await pause(2 * harmMs);
      toDatabase.weather({});
      return 1;
    },
  },
  {
    name: "the network to the database is cut anywhere",
    harm: async ({ toDatabase }) => {
      const before = toDatabase.cuts();
      toDatabase.weather({ cutAfter: () => Math.ceil(Math.random() * 20_000) });
      toDatabase.breakAll();
      await pause(2 * harmMs);
      toDatabase.weather({});
      return toDatabase.cuts() - before;
    },
  },
  {
    name: "two releases run side by side during an upgrade",
    harm: async ({ workers, startWorker, database }) => {
      const old = workers[0];
      await startWorker({ NEXT_RELEASE: "1" });
      await pause(harmMs);
      expect(old?.exitCode).toBeNull();
      // A worker of the older release can still be started; then it leaves.
      await killWorker({ workers, startWorker } as Stage);
      await pause(1000);
      const { rows } = await sql`select of_next from engagements where of_next is not null`.execute(database.read);
      expect(rows.length).toBeGreaterThan(0);
      return 1;
    },
  },
];

const mailFaults: Fault[] = [
  {
    name: "a provider hangs",
    harm: async ({ toMail, count }) => {
      toMail?.weather({ hangs: true });
      await pause(500);
      const before = await count();
      await pause(2 * harmMs);
      const after = await count();
      // The other inboxes go on.
      expect(after.logged).toBeGreaterThan(before.logged + 3);
      toMail?.breakAll();
      toMail?.weather({});
      return 1;
    },
  },
  {
    name: "the network to a provider is cut anywhere",
    harm: async ({ toMail, database }) => {
      const before = toMail?.cuts() ?? 0;
      toMail?.weather({ cutAfter: () => Math.ceil(Math.random() * 12_000) });
      toMail?.breakAll();
      await repeatedly(300, () =>
        database
          .transaction((tx) =>
            tx
              .updateTable("inboxes")
              .set({ next_poll_at: Date.now() })
              .where("provider", "=", "imap")
              .where("state", "=", "unreachable")
              .execute(),
          )
          .then(() => {}),
      );
      await pause(harmMs);
      toMail?.weather({});
      return (toMail?.cuts() ?? 0) - before;
    },
  },
];

type Row = Verdict & { fault: string; times: number; seconds: number };
const table: Row[] = [];
/** The long form takes the better part of an hour: it tells after each fault how it went. */
const isLong = process.env.CHAOS_SECONDS !== undefined;
afterAll(() => {
  if (isLong) console.table(table.map(({ fault, ...row }) => ({ fault, ...row })));
});

const holds = async (stage: Stage, { name, harm }: Fault): Promise<void> => {
  let times = 0;
  await stage.under(async () => {
    times = await harm(stage);
  });
  const verdict = await stage.settle();
  table.push({ fault: name, times, ...verdict });
  if (isLong) process.stderr.write(`${table.length} of ${expected}: ${name}: ${JSON.stringify({ times, ...verdict })}\n`);
  const { bounces, messages } = verdict;
  expect(times).toBeGreaterThan(0);
  expect(verdict).toMatchObject({
    logged: bounces,
    twice: 0,
    stuck: 0,
    gaps: 0,
    seen: messages,
    foundLater: 0,
    told: bounces,
    setAside: 0,
  });
};

const server = await sharedMailServer();
const mail = "skipped" in server ? null : server;
const expected = rounds * (faults.length + (mail ? mailFaults.length : 0)) + 1;

describe("several workers", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(mail);
    await stage.startWorker();
    await stage.startWorker();
    for (let n = 0; n < 10; n += 1) await stage.deliverOne();
  });
  for (let round = 1; round <= rounds; round += 1) {
    const suffix = rounds > 1 ? `, ${round}` : "";
    for (const fault of faults) it(fault.name + suffix, { timeout: 180_000 + 4 * harmMs }, () => holds(stage, fault));
    for (const fault of mailFaults) it.skipIf(!mail)(fault.name + suffix, { timeout: 180_000 + 4 * harmMs }, () => holds(stage, fault));
  }
});

/** A file system of so many megabytes, where this may be mounted; null where not. */
const smallDisk = (megabytes: number): string | null => {
  const path = mkdtempSync(join(tmpdir(), "bounceline-small-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", path], { stdio: "ignore" });
  } catch {
    rmSync(path, { recursive: true });
    return null;
  }
  chmodSync(path, 0o755);
  afterThis(() => {
    execFileSync("umount", ["--lazy", path]);
    rmSync(path, { recursive: true });
  });
  return path;
};

it("a full disk below the database", { timeout: 180_000 }, async ({ skip }) => {
  const disk = smallDisk(160);
  if (disk === null) return skip("a small file system can be mounted by root alone");
  const stage = await openStage(null, disk);
  await stage.startWorker();
  await stage.startWorker();
  await holds(stage, {
    name: "the disk is full",
    harm: async ({ postgres, database }) => {
      await pause(1000);
      const ballast = join(disk, "ballast");
      // As much as there is room for.
      for (let n = 0; ; n += 1) {
        try {
          writeFileSync(`${ballast}-${n}`, Buffer.alloc(2 ** Math.max(0, 20 - Math.floor(n / 200))));
        } catch {
          break;
        }
      }
      await pause(2 * harmMs);
      const source = new Uint8Array(4_000_000).map(() => Math.random() * 256);
      const large = { account_id: "a", notice_id: "large", source };
      await expect(database.transaction((tx) => tx.insertInto("notice_sources").values(large).execute())).rejects.toThrow();
      execFileSync("sh", ["-c", `rm -f ${ballast}-*`]);
      // A PostgreSQL that cannot write its log gives up; who frees the disk starts it again.
      if (!postgres.isRunning()) await postgres.startAgain();
      return 1;
    },
  });
});
