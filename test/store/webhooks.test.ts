import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Database } from "../../src/ports/database.ts";
import { upsertAccount } from "../../src/store/accounts.ts";
import { eraseAccount } from "../../src/store/erase.ts";
import { appendEvents } from "../../src/store/events.ts";
import { forgetOld } from "../../src/store/forget-old.ts";
import { resealSecrets } from "../../src/store/inbox-secrets.ts";
import { addKey, type Keys, loadKeys } from "../../src/store/secrets.ts";
import { countPending, nextWebhookEvents } from "../../src/store/webhook-events.ts";
import { dueLetters, listDeadLetters, queueLetter } from "../../src/store/webhook-letters.ts";
import { webhookSecrets } from "../../src/store/webhook-secrets.ts";
import { claimWebhook, dueWebhooks, saveWebhookStep } from "../../src/store/webhook-turns.ts";
import { createWebhook, deleteWebhook, getWebhook, listWebhooks, type NewWebhook, rotateWebhookSecret } from "../../src/store/webhooks.ts";
import { newKeys, onBothEngines, openNew, temporaryDirectory } from "./engines.ts";
import { now } from "./sample-mail.ts";

const setUp = async (database: Database, keys: Keys, wish: Partial<NewWebhook> = {}) => {
  const { id: accountId } = await database.transaction((tx) => upsertAccount(tx, { name: "Acme" }, now));
  const happen = (types: string[], at = now) =>
    database.transaction((tx) =>
      appendEvents(
        tx,
        accountId,
        types.map((type) => ({ type, backfill: false, data: {} })),
        at,
      ),
    );
  const made = await database.transaction((tx) => createWebhook(tx, keys, accountId, { url: "https://hooks.example/", ...wish }, now));
  const look = async () => {
    const row = await getWebhook(database.read, accountId, made.webhook.id);
    if (!row) throw new Error("it is gone");
    return row;
  };
  const due = { accountId, webhookId: made.webhook.id };
  const claim = async () => {
    const claimed = await database.transaction((tx) => claimWebhook(tx, due, { busyUntil: now + 30_000 }, now));
    if (!claimed) throw new Error("nothing to claim");
    return claimed.claim;
  };
  return { accountId, happen, look, due, claim, ...made };
};

onBothEngines("webhooks in the store", (engine) => {
  test("an endpoint is due when there is something for it, nobody is at it, and its time has come", async () => {
    const keys = newKeys();
    const database = await openNew(engine, { keys });
    const { happen, claim, due, webhook } = await setUp(database, keys, { types: ["contact.*"] });
    const isDue = async (at = now) => (await dueWebhooks(database.read, at, 10)).length;
    const save = async (step: Parameters<typeof saveWebhookStep>[2]) => {
      const of = await claim();
      expect(await isDue()).toBe(0);
      expect(await database.transaction((tx) => saveWebhookStep(tx, of, step, now))).toBe(true);
    };
    expect(await isDue()).toBe(0);
    await happen(["address.eligible"]);
    expect(await dueWebhooks(database.read, now, 10)).toEqual([due]);
    await save({ kind: "failed", error: "answered 500", dueAt: now + 5_000 });
    expect([await isDue(now + 4_999), await isDue(now + 5_000)]).toEqual([0, 1]);
    await database.transaction((tx) => tx.updateTable("webhooks").set({ due_at: now }).execute());
    await save({ kind: "passed", sequence: 1, busyUntil: now + 30_000 });
    expect([await isDue(now + 29_999), await isDue(now + 30_000)]).toEqual([0, 0]);
    await database.transaction((tx) => tx.updateTable("webhooks").set({ busy_until: null }).execute());
    await database.transaction((tx) => queueLetter(tx, due.accountId, webhook.id, 1, now + 100));
    expect([await isDue(now + 99), await isDue(now + 100)]).toEqual([0, 1]);
  });

  test("its secrets lie sealed, open in no other row, and are sealed anew with everything else", async () => {
    const keyFile = join(temporaryDirectory(), "key");
    const keys = loadKeys({ keyFile, allowCreate: true });
    const database = await openNew(engine, { keys });
    const { accountId, webhook, secret } = await setUp(database, keys);
    const rotated = await database.transaction((tx) => rotateWebhookSecret(tx, keys, accountId, webhook.id, { overlapMs: 1_000 }, now));
    const [row] = await database.read.selectFrom("webhooks").selectAll().execute();
    for (const text of [secret, rotated?.secret ?? ""]) expect(JSON.stringify(row)).not.toContain(text.slice(6));
    const both = addKey(keyFile);
    expect(await resealSecrets(database, both)).toBe(1);
    const file = JSON.parse(readFileSync(keyFile, "utf8"));
    writeFileSync(keyFile, JSON.stringify({ ...file, keys: file.keys.slice(0, 1) }));
    const newest = loadKeys({ keyFile, allowCreate: false });
    expect(await webhookSecrets(database.read, newest, accountId, webhook.id, now)).toEqual([rotated?.secret, secret]);
    const other = await database.transaction((tx) => createWebhook(tx, newest, accountId, { url: "https://other.example/" }, now));
    await database.transaction((tx) =>
      tx
        .updateTable("webhooks")
        .set({ secret: row?.secret ?? "" })
        .where("id", "=", other.webhook.id)
        .execute(),
    );
    await expect(webhookSecrets(database.read, keys, accountId, other.webhook.id, now)).rejects.toMatchObject({ code: "key_wrong" });
  });

  test("what is pending is counted up to a thousand, and only what the endpoint gets", async () => {
    const keys = newKeys();
    const database = await openNew(engine, { keys });
    const { happen, look } = await setUp(database, keys, { types: ["contact.*"] });
    await happen(Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? "contact.created" : "address.eligible")));
    expect(await countPending(database.read, await look())).toBe(30);
    expect(await nextWebhookEvents(database.read, await look(), 10)).toMatchObject({ upTo: 19, events: { length: 10 } });
    expect(await nextWebhookEvents(database.read, await look(), 100)).toMatchObject({ upTo: 60, events: { length: 30 } });
    await happen(Array.from({ length: 1_200 }, () => "contact.created"));
    expect(await countPending(database.read, await look())).toBe(1_000);
  });

  test("letters go with their events, with their endpoint, and with the account", async () => {
    const keys = newKeys();
    const database = await openNew(engine, { keys });
    const { accountId, webhook, happen, claim } = await setUp(database, keys);
    const day = 86_400_000;
    await happen(["contact.created"], now - 91 * day);
    await happen(["contact.created", "contact.erased"]);
    for (const sequence of [1, 2]) {
      const step = { kind: "dead", sequence, error: "answered 400" } as const;
      const of = await claim();
      await database.transaction((tx) => saveWebhookStep(tx, of, step, now));
    }
    const dead = async () => (await listDeadLetters(database.read, accountId, webhook.id)).data.map(({ sequence }) => sequence);
    expect(await dead()).toEqual([1, 2]);
    await database.transaction((tx) => forgetOld(tx, accountId, now));
    expect(await dead()).toEqual([2]);
    expect(await database.read.selectFrom("webhook_letters").selectAll().execute()).toHaveLength(1);
    const first = await listDeadLetters(database.read, accountId, webhook.id, { limit: 1 });
    expect(first.nextCursor).toBeNull();

    await database.transaction((tx) => queueLetter(tx, accountId, webhook.id, 3, now));
    expect(await dueLetters(database.read, accountId, webhook.id, now, 10)).toMatchObject([{ sequence: 3, attempts: 0 }]);
    expect(await database.transaction((tx) => deleteWebhook(tx, accountId, webhook.id))).toBe(true);
    expect(await database.read.selectFrom("webhook_letters").selectAll().execute()).toEqual([]);

    await database.transaction((tx) => createWebhook(tx, keys, accountId, { url: "https://hooks.example/" }, now));
    await database.transaction((tx) => eraseAccount(tx, accountId, "key:k", now));
    expect((await listWebhooks(database.read, accountId)).data).toEqual([]);
  });
});
