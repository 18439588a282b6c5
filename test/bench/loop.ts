/**
 * `npm run bench:loop`: how long a reader of the API waits while 20 inboxes do their first sync in the same process, beside how
 * long the same reader waits when nothing else goes on. The ratio is the figure; milliseconds depend on the machine.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { loadConfig } from "../../src/cli/config.ts";
import { openHouse } from "../../src/cli/house.ts";
import { runDaemon } from "../../src/cli/run-daemon.ts";
import { upsertAccount } from "../../src/store/accounts.ts";
import { createApiKey } from "../../src/store/api-keys.ts";
import { listInboxes } from "../../src/store/inboxes.ts";
import { connectInbox } from "../../src/sync/connect-inbox.ts";
import { makeNotice, makeSent } from "../fixtures/make-mail.ts";

const inboxes = Number(process.env.INBOXES ?? 20);
/** Messages of each inbox: half of them sent, and a notice for one sent message in ten. */
const perInbox = Number(process.env.MESSAGES ?? 2_000);

const folder = mkdtempSync(join(tmpdir(), "bounceline-bench-"));

const fill = (n: number): string => {
  const path = join(folder, `mail-${n}`);
  const at = new Date(Date.now() - 3_600_000);
  for (const name of ["INBOX", "Sent"]) for (const part of ["cur", "new", "tmp"]) mkdirSync(join(path, name, part), { recursive: true });
  for (let i = 0; i < perInbox / 2; i += 1) {
    const id = n * perInbox + i;
    writeFileSync(join(path, "Sent/cur", `${id}.s:2,S`), makeSent(id, at));
    const ordinary = makeSent(id, at).replace("<m", "<o").replace("anna@sales", "eva@customer");
    writeFileSync(join(path, "INBOX/cur", `${id}.m:2,S`), i % 10 === 0 ? makeNotice(id, at) : ordinary);
  }
  return path;
};

type Latency = { requests: number; p50: number; p99: number; max: number };

/** Asks one request after the other until `until` says so. */
const ask = async (url: string, key: string, until: () => boolean | Promise<boolean>): Promise<Latency> => {
  const times: number[] = [];
  do {
    const began = performance.now();
    const response = await fetch(url, { headers: { authorization: `Bearer ${key}` } });
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`answered ${response.status}`);
    times.push(performance.now() - began);
    await pause(5);
  } while (!(await until()));
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return { requests: times.length, p50: at(0.5), p99: at(0.99), max: at(1) };
};

const show = (name: string, { requests, p50, p99, max }: Latency): void =>
  console.log(`${name.padEnd(22)} ${requests} requests  p50 ${p50.toFixed(1)} ms  p99 ${p99.toFixed(1)} ms  max ${max.toFixed(1)} ms`);

try {
  const config = loadConfig({ BOUNCELINE_DATA_DIR: join(folder, "data"), BOUNCELINE_PORT: "0", BOUNCELINE_LOG_LEVEL: "error" }, folder);
  const house = await openHouse(config);
  const daemon = await runDaemon(house);
  const { accountId, key } = await house.database.transaction(async (tx) => {
    const account = await upsertAccount(tx, { name: "Bench" }, Date.now());
    return { accountId: account.id, key: (await createApiKey(tx, account.id, { scope: "read", label: "bench" }, Date.now())).key };
  });
  const url = `${daemon.url}/v1/engagements?limit=50`;
  const paths = Array.from({ length: inboxes }, (_, n) => fill(n));

  // A timeline of the same length in both measurements: one inbox is read before the first.
  const connect = (path: string, n: number) =>
    connectInbox(house.connecting, accountId, {
      provider: "maildir",
      address: `u${n}@sales.example`,
      settings: { path },
      secrets: {},
      since: Date.now() - 30 * 86_400_000,
    });
  const watching = async (): Promise<number> =>
    (await listInboxes(house.database.read, accountId, { state: ["watching"], limit: 200 })).data.length;
  const untilWatching = async (n: number): Promise<void> => {
    while ((await watching()) < n) await pause(20);
  };
  await connect(paths[0] ?? "", 0);
  daemon.nudge();
  await untilWatching(1);
  const idleEnd = performance.now() + 5_000;
  const idle = await ask(url, key, () => performance.now() > idleEnd);
  show("nothing else going on", idle);

  const lag = monitorEventLoopDelay({ resolution: 1 });
  lag.enable();
  const began = performance.now();
  await Promise.all(paths.slice(1).map((path, n) => connect(path, n + 1)));
  daemon.nudge();
  const busy = await ask(url, key, async () => (await watching()) >= inboxes);
  lag.disable();
  const seconds = (performance.now() - began) / 1000;
  show(`${inboxes - 1} first syncs at once`, busy);
  const messages = (inboxes - 1) * perInbox;
  console.log(
    `first syncs: ${messages} messages in ${seconds.toFixed(1)} s, ${Math.round(messages / seconds)} a second; the longest that no timer ran: ${(lag.max / 1e6).toFixed(0)} ms`,
  );
  console.log(`ratio busy / idle: p50 ${(busy.p50 / idle.p50).toFixed(1)}, p99 ${(busy.p99 / idle.p99).toFixed(1)}`);
  await daemon.stop();
  await house.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
