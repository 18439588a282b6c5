/**
 * `npm run bench:fleet`: many inboxes polled every minute while mail comes, by one worker and by two, on PostgreSQL. INBOXES (10,000) in
 * all, DOVECOT (1,000) of them on a real Dovecot, the others computed in the worker (fleet-worker.ts): what a stand-in of Gmail or
 * Graph costs beside the worker on the same machine would be measured with it; so would its client's, which is therefore not in
 * the figures. SECONDS (120) each. Then the same poll on an inbox with a thousand stored messages, and with a million (STORED).
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { sql } from "kysely";
import { loadConfig } from "../../src/cli/config.ts";
import { openHouse } from "../../src/cli/house.ts";
import { syncDeps } from "../../src/cli/sync-deps.ts";
import type { Json } from "../../src/ports/connector.ts";
import type { Database } from "../../src/ports/database.ts";
import { upsertAccount } from "../../src/store/accounts.ts";
import { saveSecrets } from "../../src/store/inbox-secrets.ts";
import { createInbox } from "../../src/store/inboxes.ts";
import { loadKeys } from "../../src/store/secrets.ts";
import { pollNow } from "../../src/store/turns.ts";
import { syncInbox } from "../../src/sync/sync-inbox.ts";
import { type MemoryMessage, memoryConnector } from "../fakes/memory-connector.ts";
import { makeNotice, makeSent } from "../fixtures/make-mail.ts";
import { makeRunFolder, stopRun } from "../setup/mail-server/run-folder.ts";
import { startMailServer } from "../setup/mail-server.ts";
import { startOwnPostgres } from "../setup/postgres.ts";

const inboxes = Number(process.env.INBOXES ?? 10_000);
const onDovecot = Number(process.env.DOVECOT ?? inboxes / 10);
const seconds = Number(process.env.SECONDS ?? 120);
const stored = Number(process.env.STORED ?? 1_000_000);
const everyMinute = 60_000;

const folder = mkdtempSync(join(tmpdir(), "bounceline-fleet-"));
const postgres = await startOwnPostgres({ settings: ["synchronous_commit=on", "shared_buffers=1GB"] });
const run = makeRunFolder();
const mail = onDovecot > 0 ? await startMailServer(run) : { skipped: "none was asked for" };
const keys = loadKeys({ keyFile: join(folder, "key"), allowCreate: true });
const env = {
  PATH: process.env.PATH ?? "",
  HOME: folder,
  DATABASE_URL: postgres.url,
  BOUNCELINE_KEY_FILE: join(folder, "key"),
  BOUNCELINE_PORT: "0",
  BOUNCELINE_ROLES: "sync",
  BOUNCELINE_LOG_LEVEL: "error",
  BOUNCELINE_ALLOWED_HOSTS: "127.0.0.1,::1,localhost",
  BOUNCELINE_CONFIG: "fleet.json",
  FLEET_EVERY_SECONDS: "600",
  FLEET_BEGAN: String(Date.now()),
};
// Who sent within the hour is looked at twice as often: once a minute.
const sync = { pollEverySeconds: 120, inboxesAtOnce: 40, connectionsHeld: 0 };
writeFileSync(join(folder, "fleet.json"), JSON.stringify({ sync }));
const house = await openHouse(loadConfig(env, folder));
const { database } = house;

const account = await database.transaction((tx) => upsertAccount(tx, { name: "Fleet", logFor: "all" }, Date.now()));
const makeInboxes = async (): Promise<void> => {
  const at = Date.now();
  for (let from = 0; from < inboxes; from += 500) {
    await database.transaction(async (tx) => {
      for (let n = from; n < Math.min(from + 500, inboxes); n += 1) {
        const real = n < onDovecot && !("skipped" in mail);
        const address = `u${n}@sales.example`;
        const wish: { provider: string; settings: Json } = real
          ? {
              provider: "imap",
              settings: {
                host: mail.imap.host,
                port: mail.imap.port,
                security: "tls",
                username: address,
                pinnedCertificate: mail.imap.pinnedCertificate,
              },
            }
          : { provider: "fleet", settings: { n } };
        // Spread over the minute, as they are when they have been polled for a while; all sent something lately.
        const nextPollAt = at + 5000 + Math.floor(((n * 7919) % inboxes) * (everyMinute / inboxes));
        const made = await createInbox(tx, account.id, { ...wish, address, since: at - 86_400_000, nextPollAt }, at);
        await saveSecrets(tx, keys, account.id, made.id, real ? { password: mail.password } : {}, null);
      }
    });
  }
};

const figuresOf = async (worker: ChildProcess): Promise<{ cpu: NodeJS.CpuUsage; rss: number }> => {
  const answer = once(worker, "message");
  worker.send("figures");
  return (await answer)[0];
};

const cpuSeconds = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1e6;
const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

/** When each inbox was last polled, looked at every few seconds: what lies between two polls beyond the minute is lag. */
const watch = async (forMs: number) => {
  const last = new Map<string, number>();
  const gaps: number[] = [];
  let polls = 0;
  for (const end = Date.now() + forMs; Date.now() < end; await pause(5000)) {
    const rows = await database.read.selectFrom("inboxes").select(["id", "last_poll_at"]).where("last_poll_at", "is not", null).execute();
    for (const { id, last_poll_at } of rows) {
      const before = last.get(id);
      last.set(id, last_poll_at ?? 0);
      if (before === undefined || before === last_poll_at) continue;
      polls += 1;
      gaps.push((last_poll_at ?? 0) - before - everyMinute);
    }
  }
  const states = await database.read
    .selectFrom("inboxes")
    .select(["state", (eb) => eb.fn.countAll<number>().as("n")])
    .groupBy("state")
    .execute();
  return {
    polls,
    gaps: gaps.map((gap) => Math.max(0, gap)).sort((a, b) => a - b),
    states: states.map(({ state, n }) => `${n} ${state}`).join(", "),
  };
};

const measure = async (count: number): Promise<object> => {
  await sql`update inboxes set last_sent_at = ${Date.now()}`.execute(database.read);
  const start = async () => {
    const worker = fork(new URL("./fleet-worker.ts", import.meta.url).pathname, [], {
      cwd: folder,
      env,
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    await once(worker, "message");
    return worker;
  };
  const workers = await Promise.all(Array.from({ length: count }, start));
  const empty = await Promise.all(workers.map(figuresOf));
  // Everybody is read for the first time.
  await pause(75_000);
  const before = await Promise.all(workers.map(figuresOf));
  const began = performance.now();
  const { polls, gaps, states } = await watch(seconds * 1000);
  const took = (performance.now() - began) / 1000;
  const after = await Promise.all(workers.map(figuresOf));
  for (const worker of workers) {
    worker.kill("SIGTERM");
    await once(worker, "exit");
  }
  const cpu = after.map((one, i) => ((cpuSeconds(one.cpu) - cpuSeconds(before[i]?.cpu ?? one.cpu)) / took) * 100);
  const grown = after.reduce((sum, one, i) => sum + one.rss - (empty[i]?.rss ?? 0), 0);
  return {
    workers: count,
    "CPU of each, %": cpu.map((one) => one.toFixed(0)).join(" "),
    "RSS of each, MB": after.map(({ rss }) => (rss / 1e6).toFixed(0)).join(" "),
    "kB per inbox": (grown / 1000 / inboxes).toFixed(1),
    "jobs/s": (polls / took).toFixed(0),
    "lag p50, s": (at(gaps, 0.5) / 1000).toFixed(1),
    "lag p99, s": (at(gaps, 0.99) / 1000).toFixed(1),
    states,
    load: loadavg()
      .map((one) => one.toFixed(1))
      .join(" "),
  };
};

/** Milliseconds of a poll that finds one message and its notice, in turn on both inboxes. */
const pollsOf = async (database: Database): Promise<void> => {
  const boxes = await Promise.all(
    [1000, stored].map(async (count, i) => {
      const inbox = await database.transaction((tx) =>
        createInbox(
          tx,
          account.id,
          { provider: "memory", address: `stored${i}@sales.example`, since: 0, nextPollAt: Date.now() },
          Date.now(),
        ),
      );
      await sql`insert into seen_messages (account_id, inbox_id, ref, folder, verdict, received_at, seen_at)
        select ${account.id}, ${inbox.id}, 'old' || n, 'INBOX', 'other', ${Date.now()}::bigint - n, ${Date.now()}::bigint
        from generate_series(1, ${count}::int) n`.execute(database.read);
      return { count, inbox, messages: [] as MemoryMessage[], times: [] as number[] };
    }),
  );
  await sql`analyze`.execute(database.read);
  const rounds = 150;
  for (let round = 0; round < rounds; round += 1) {
    for (const [i, box] of boxes.entries()) {
      const n = 90_000_000 + i * 1_000_000 + round;
      const when = new Date();
      box.messages.push({ ref: `s${n}`, role: "sent", raw: Buffer.from(makeSent(n, when)), receivedAt: Date.now() });
      box.messages.push({ ref: `n${n}`, role: "inbox", raw: Buffer.from(makeNotice(n, when)), receivedAt: Date.now() });
      const deps = { ...syncDeps(house), loadConnector: async () => memoryConnector({ messages: box.messages }) };
      await database.transaction((tx) => pollNow(tx, account.id, box.inbox.id, Date.now()));
      const began = performance.now();
      await syncInbox(deps, { accountId: account.id, inboxId: box.inbox.id }, new AbortController().signal);
      if (round >= 30) box.times.push(performance.now() - began);
    }
  }
  for (const { count, times } of boxes)
    console.log(
      `a poll with ${count} stored messages: median ${at(
        times.sort((a, b) => a - b),
        0.5,
      ).toFixed(2)} ms of ${times.length}`,
    );
};

try {
  await makeInboxes();
  if ("skipped" in mail) console.log(`no Dovecot: ${mail.skipped}`);
  console.log(
    `${inboxes} inboxes, ${"skipped" in mail ? 0 : onDovecot} on Dovecot; a message and its notice in each of the others every ten minutes`,
  );
  const rows: object[] = [];
  for (const count of [1, 2]) rows.push(await measure(count));
  console.table(rows);
  await pollsOf(database);
} finally {
  await house.close();
  await postgres.stop();
  await stopRun(run);
  rmSync(folder, { recursive: true, force: true });
}
