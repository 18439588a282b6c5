import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import pino from "pino";
import { expect, test } from "vitest";
import { loadConfig, type Role } from "../../src/cli/config.ts";
import { openHouse } from "../../src/cli/house.ts";
import { runDaemon } from "../../src/cli/run-daemon.ts";
import { upsertAccount } from "../../src/store/accounts.ts";
import { createApiKey } from "../../src/store/api-keys.ts";
import { listEngagements } from "../../src/store/engagements.ts";
import { getInbox } from "../../src/store/inboxes.ts";
import { loadKeys } from "../../src/store/secrets.ts";
import { createWebhook } from "../../src/store/webhooks.ts";
import { connectInbox } from "../../src/sync/connect-inbox.ts";
import { startReceiver } from "../deliver/receiver.ts";
import { makeNotice, makeSent } from "../fixtures/make-mail.ts";
import { afterThis, emptyPlace, temporaryDirectory } from "../store/engines.ts";

const deliver = (mailbox: string, n: number): void => {
  const at = new Date(Date.now() - 60_000);
  writeFileSync(join(mailbox, "Sent/cur", `${n}.sent:2,S`), makeSent(n, at));
  writeFileSync(join(mailbox, "INBOX/new", `${n}.notice`), makeNotice(n, at));
};

/** An account with one inbox and one webhook on PostgreSQL, nothing running; `start` runs a process of some roles. */
const stage = async () => {
  const place = await emptyPlace("postgres");
  if (!("url" in place)) throw new Error("no PostgreSQL");
  const folder = temporaryDirectory();
  loadKeys({ keyFile: join(folder, "key"), allowCreate: true });
  const mailbox = join(folder, "mail");
  for (const name of ["INBOX", "Sent"]) for (const part of ["cur", "new", "tmp"]) mkdirSync(join(mailbox, name, part), { recursive: true });
  const open = async (roles: readonly Role[]) => {
    const env = { DATABASE_URL: place.url, BOUNCELINE_KEY_FILE: "key", BOUNCELINE_PORT: "0", BOUNCELINE_WEBHOOK_HOSTS: "127.0.0.1" };
    const config = loadConfig({ ...env, BOUNCELINE_ROLES: roles.join(",") }, folder);
    const house = await openHouse({ ...config, sync: { ...config.sync, pollEverySeconds: 3600 } }, { log: pino({ level: "silent" }) });
    afterThis(() => house.close());
    return house;
  };
  const house = await open(["api"]);
  const { database, keys } = house;
  const { account, key } = await database.transaction(async (tx) => {
    const made = await upsertAccount(tx, { name: "Fleet", logFor: "all" }, Date.now());
    return { account: made, key: (await createApiKey(tx, made.id, { scope: "write", label: "test" }, Date.now())).key };
  });
  const receiver = await startReceiver();
  await database.transaction((tx) => createWebhook(tx, keys, account.id, { url: receiver.url, types: ["engagement.created"] }, Date.now()));
  const inbox = await connectInbox(house.connecting, account.id, {
    provider: "maildir",
    address: "anna@sales.example",
    settings: { path: mailbox },
    secrets: {},
    since: Date.now() - 86_400_000,
  });
  return {
    mailbox,
    receiver,
    start: async (...roles: Role[]) => {
      const daemon = await runDaemon(await open(roles));
      afterThis(() => daemon.stop());
      return daemon;
    },
    syncNow: async (url: string) => {
      const response = await fetch(`${url}/v1/inboxes/${inbox.id}/sync`, { method: "POST", headers: { authorization: `Bearer ${key}` } });
      return response.status;
    },
    state: async () => (await getInbox(database.read, account.id, inbox.id))?.state,
    bounces: async () => (await listEngagements(database.read, account.id, { limit: 200 })).data.length,
  };
};

test("each process does its part alone, and what is asked of one reaches the one that does it", { timeout: 60_000 }, async () => {
  const { mailbox, receiver, start, syncNow, state, bounces } = await stage();
  deliver(mailbox, 1);
  const api = await start("api");
  expect(await syncNow(api.url)).toBe(202);
  await pause(2500);
  expect([await state(), await bounces()]).toEqual(["first_sync", 0]);

  const sync = await start("sync");
  // It tells how it is, and nothing else.
  const answers = await Promise.all(
    ["/readyz", "/healthz", "/metrics", "/v1/inboxes", "/timeline"].map((path) => fetch(`${sync.url}${path}`)),
  );
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 401, 404, 404]);
  await expect.poll(state, { timeout: 15_000 }).toBe("watching");
  expect(await bounces()).toBe(1);
  await pause(2500);
  expect(receiver.received).toEqual([]);

  await start("deliver");
  await expect.poll(() => receiver.accepted().length, { timeout: 15_000 }).toBe(1);

  // Not due for an hour: only the request makes it so, in another process.
  deliver(mailbox, 2);
  expect(await syncNow(api.url)).toBe(202);
  await expect.poll(bounces, { timeout: 15_000 }).toBe(2);
  await expect.poll(() => receiver.accepted().length, { timeout: 15_000 }).toBe(2);
});
