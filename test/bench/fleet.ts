/**
 * `npm run bench:fleet`: many inboxes polled every minute while mail comes, by one worker and by two, on PostgreSQL. INBOXES (10,000) in
 * all, DOVECOT (1,000) of them on a real Dovecot, the others on the stand-ins of Gmail and Microsoft 365 in a process of their own
 * (fleet-stand-ins.ts); each gets a message and its notice every ten minutes. SECONDS (120) each, WORKERS (1,2). Workers, stand-ins, Dovecot and
 * PostgreSQL share this machine. Then the same poll on an inbox with a thousand stored messages, and with a million (STORED).
 */
import { type ChildProcess, execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
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
import { letterOf } from "../chaos/soak-providers.ts";
import { type MemoryMessage, memoryConnector } from "../fakes/memory-connector.ts";
import { makeNotice, makeSent } from "../fixtures/make-mail.ts";
import { makeRunFolder, stopRun } from "../setup/mail-server/run-folder.ts";
import { type MailServer, startMailServer } from "../setup/mail-server.ts";
import { startOwnPostgres } from "../setup/postgres.ts";
import { inTurn } from "./fleet-mail.ts";

const inboxes = Number(process.env.INBOXES ?? 10_000);
const onDovecot = Number(process.env.DOVECOT ?? inboxes / 10);
const seconds = Number(process.env.SECONDS ?? 120);
const stored = Number(process.env.STORED ?? 1_000_000);
const workerCounts = (process.env.WORKERS ?? "1,2").split(",").map(Number);
const everyMinute = 60_000;

type Box = { provider: string; address: string; settings: Json; secrets: Json };
type StandIns = {
  ca: string;
  providers: { name: string; app: Json; settings: Json; boxes: { address: string; secrets: Json }[] }[];
};

const folder = mkdtempSync(join(tmpdir(), "bounceline-fleet-"));
const postgres = await startOwnPostgres({ settings: ["synchronous_commit=on", "shared_buffers=1GB"] });
const run = makeRunFolder();
const mail = onDovecot > 0 ? await startMailServer(run) : { skipped: "none was asked for" };
const dovecot = "skipped" in mail ? null : mail;
if (!dovecot) console.log(`no Dovecot: ${"skipped" in mail && mail.skipped}`);

const startChild = async (file: string, env: NodeJS.ProcessEnv): Promise<{ child: ChildProcess; first: unknown }> => {
  const child = fork(new URL(file, import.meta.url).pathname, [], { cwd: folder, env, stdio: ["ignore", "inherit", "inherit", "ipc"] });
  return { child, first: (await once(child, "message"))[0] };
};
const mailboxes = String(dovecot ? inboxes - onDovecot : inboxes);
const standIns = await startChild("./fleet-stand-ins.ts", { ...process.env, MAILBOXES: mailboxes });
const { ca, providers } = standIns.first as StandIns;
writeFileSync(join(folder, "ca.pem"), ca);

const env = {
  PATH: process.env.PATH ?? "",
  HOME: folder,
  NO_PROXY: "localhost",
  NODE_EXTRA_CA_CERTS: join(folder, "ca.pem"),
  DATABASE_URL: postgres.url,
  BOUNCELINE_KEY_FILE: join(folder, "key"),
  BOUNCELINE_PORT: "0",
  BOUNCELINE_ROLES: "sync",
  BOUNCELINE_LOG_LEVEL: "error",
  BOUNCELINE_ALLOWED_HOSTS: "127.0.0.1,::1,localhost",
  BOUNCELINE_CONFIG: "fleet.json",
};
// Who sent within the hour is looked at twice as often: once a minute.
const sync = { pollEverySeconds: 120, inboxesAtOnce: 40, connectionsHeld: 0 };
writeFileSync(
  join(folder, "fleet.json"),
  JSON.stringify({ sync, apps: Object.fromEntries(providers.map(({ name, app }) => [name, app])) }),
);
const keys = loadKeys({ keyFile: join(folder, "key"), allowCreate: true });
const house = await openHouse(loadConfig(env, folder));
const { database } = house;

const account = await database.transaction((tx) => upsertAccount(tx, { name: "Fleet", logFor: "all" }, Date.now()));

const onDovecotOf = ({ imap: { host, port, pinnedCertificate }, password }: MailServer, n: number): Box => {
  const address = `u${n}@sales.example`;
  const settings = { host, port, security: "tls", username: address, pinnedCertificate };
  return { provider: "imap", address, settings, secrets: { password } };
};

/** The mailboxes there are, in an order in which those of one provider do not come together. */
const boxes: Box[] = [
  ...(dovecot ? Array.from({ length: onDovecot }, (_, n) => onDovecotOf(dovecot, n)) : []),
  ...providers.flatMap(({ name, settings, boxes }) => boxes.map((box) => ({ provider: name, settings, ...box }))),
];

const makeInboxes = async (): Promise<void> => {
  const at = Date.now();
  for (let from = 0; from < boxes.length; from += 500) {
    await database.transaction(async (tx) => {
      for (const [i, { provider, address, settings, secrets }] of boxes.slice(from, from + 500).entries()) {
        // Spread over the minute, as they are when they have been polled for a while.
        const nextPollAt = at + 5000 + Math.floor((((from + i) * 7919) % inboxes) * (everyMinute / inboxes));
        const made = await createInbox(tx, account.id, { provider, address, settings, since: at - 86_400_000, nextPollAt }, at);
        await saveSecrets(tx, keys, account.id, made.id, secrets, null);
      }
    });
  }
};

/** Mail for those on Dovecot, put into their Maildirs as a delivery agent does. */
const mailOnDovecot = (): { stop: () => void } => {
  const owner = Number(execFileSync("id", ["-u", "mail"], { encoding: "utf8" }));
  const group = Number(execFileSync("id", ["-g", "mail"], { encoding: "utf8" }));
  const put = (address: string, under: string, name: string, raw: string): void => {
    const path = join(run, "dovecot/mail", address, under);
    if (!existsSync(path)) return;
    writeFileSync(join(path, "tmp", name), raw);
    chownSync(join(path, "tmp", name), owner, group);
    renameSync(join(path, "tmp", name), join(path, "new", name));
  };
  return inTurn(
    boxes.filter(({ provider }) => provider === "imap"),
    ({ address }, n) => {
      const { message, notice } = letterOf(50_000_000 + n, address);
      const name = `${Math.floor(Date.now() / 1000)}.M${(n * 7919) % 1_000_000}P${n}.imap`;
      put(address, "Maildir/.Sent", name, message);
      put(address, "Maildir", name, notice);
    },
  );
};

type Figures = { cpu: NodeJS.CpuUsage; rss: number };

const figuresOf = async (child: ChildProcess): Promise<Figures> => {
  const answer = once(child, "message");
  child.send("figures");
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

const countLogged = async (): Promise<number> =>
  (
    await database.read
      .selectFrom("engagements")
      .select((eb) => eb.fn.countAll<number>().as("n"))
      .executeTakeFirstOrThrow()
  ).n;

/** Until everybody has been read for the first time, or, by the workers after them, once. */
const untilAllAreWatched = async (): Promise<void> => {
  const began = Date.now();
  for (;;) {
    const row = await database.read
      .selectFrom("inboxes")
      .select((eb) => eb.fn.countAll<number>().as("n"))
      .where((eb) => eb.or([eb("state", "=", "first_sync"), eb("last_poll_at", "<", began), eb("last_poll_at", "is", null)]))
      .executeTakeFirstOrThrow();
    if (row.n === 0) return;
    await pause(2000);
  }
};

const measure = async (count: number): Promise<object> => {
  await sql`update inboxes set last_sent_at = ${Date.now()}`.execute(database.read);
  const workers = await Promise.all(Array.from({ length: count }, async () => (await startChild("./fleet-worker.ts", env)).child));
  const empty = await Promise.all(workers.map(figuresOf));
  await untilAllAreWatched();
  // What was late because of that is caught up with.
  await pause(60_000);
  const loggedBefore = await countLogged();
  const [besides, ...before] = await Promise.all([standIns.child, ...workers].map(figuresOf));
  const began = performance.now();
  const { polls, gaps, states } = await watch(seconds * 1000);
  const took = (performance.now() - began) / 1000;
  const [besidesAfter, ...after] = await Promise.all([standIns.child, ...workers].map(figuresOf));
  const logged = (await countLogged()) - loggedBefore;
  for (const worker of workers) {
    worker.kill("SIGTERM");
    await once(worker, "exit");
  }
  const share = (from: Figures | undefined, to: Figures | undefined): number =>
    from && to ? ((cpuSeconds(to.cpu) - cpuSeconds(from.cpu)) / took) * 100 : Number.NaN;
  const grown = after.reduce((sum, one, i) => sum + one.rss - (empty[i]?.rss ?? 0), 0);
  return {
    workers: count,
    "CPU of each, %": after.map((one, i) => share(before[i], one).toFixed(0)).join(" "),
    "CPU of the stand-ins, %": share(besides, besidesAfter).toFixed(0),
    "RSS of each, MB": after.map(({ rss }) => (rss / 1e6).toFixed(0)).join(" "),
    "kB per inbox": (grown / 1000 / inboxes).toFixed(1),
    "jobs/s": (polls / took).toFixed(0),
    "bounces logged": logged,
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
  const on = [...Map.groupBy(boxes, ({ provider }) => provider)].map(([provider, { length }]) => `${length} ${provider}`);
  console.log(`${boxes.length} inboxes: ${on.join(", ")}; a message and its notice in each every ten minutes`);
  const mailing = mailOnDovecot();
  const rows: object[] = [];
  for (const count of workerCounts) rows.push(await measure(count));
  mailing.stop();
  standIns.child.kill("SIGTERM");
  console.table(rows);
  await pollsOf(database);
} finally {
  standIns.child.kill("SIGKILL");
  await house.close();
  await postgres.stop();
  await stopRun(run);
  rmSync(folder, { recursive: true, force: true });
}
