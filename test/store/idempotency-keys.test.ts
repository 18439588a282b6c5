import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eraseAccount } from "../../src/store/erase.ts";
import { forgetOld } from "../../src/store/forget-old.ts";
import { claimIdempotencyKey, type KeyedRequest, keepAnswer, markEffect, releaseIdempotencyKey } from "../../src/store/idempotency-keys.ts";
import { resealSecrets } from "../../src/store/inbox-secrets.ts";
import { addKey, loadKeys } from "../../src/store/secrets.ts";
import { newKeys, onBothEngines, openNew, temporaryDirectory } from "./engines.ts";
import { accountWithInboxes, now } from "./sample-mail.ts";

const hour = 3_600_000;
const answer = { status: 201, type: "application/json", body: '{"secret":"whsec_shown_once"}' };

onBothEngines("idempotency keys", (engine) => {
  const start = async (keys = newKeys()) => {
    const database = await openNew(engine, { keys });
    const [inbox] = await accountWithInboxes(database);
    const accountId = inbox?.accountId ?? "";
    const request = (wish: Partial<KeyedRequest> = {}): KeyedRequest => ({
      accountId,
      key: "k-1",
      requestId: "req_1",
      asked: "POST /v1/webhooks",
      ...wish,
    });
    const rows = () => database.read.selectFrom("idempotency_keys").selectAll().execute();
    return {
      database,
      accountId,
      request,
      rows,
      claim: async (wish: Partial<KeyedRequest> = {}, at = now) => await claimIdempotencyKey(database, keys, request(wish), at),
      keep: (wish: Partial<KeyedRequest> = {}) => database.transaction((tx) => keepAnswer(tx, keys, request(wish), answer)),
    };
  };

  test("the first request is carried out, the same again is answered as it was, for a day", async () => {
    const { claim, keep } = await start();
    expect(await claim()).toEqual({ is: "new" });
    expect(await claim({ requestId: "req_2" }, now + 1)).toEqual({ is: "running" });
    await keep();
    expect(await claim({ requestId: "req_2" }, now + 23 * hour)).toEqual({ is: "answered", answer });
    expect(await claim({ requestId: "req_2", asked: "POST /v1/contacts" }, now + 23 * hour)).toEqual({ is: "other_request" });
    expect(await claim({ requestId: "req_2", asked: "POST /v1/contacts" }, now + 24 * hour)).toEqual({ is: "new" });
  });

  test("of many at once one is carried out", async () => {
    const { claim } = await start();
    const states = await Promise.all(Array.from({ length: 8 }, (_, n) => claim({ requestId: `req_${n}` })));
    expect(states.map(({ is }) => is).sort()).toEqual(["new", ...Array.from({ length: 7 }, () => "running")]);
  });

  test("each account has keys of its own, and so have admins", async () => {
    const { claim, keep } = await start();
    await claim();
    await keep();
    expect(await claim({ accountId: "" })).toEqual({ is: "new" });
    expect(await claim({ accountId: "acc_other" })).toEqual({ is: "new" });
  });

  test("a request whose process died is carried out again only if nothing of it took effect", async () => {
    const { database, request, claim, keep } = await start();
    await claim();
    expect(await claim({ requestId: "req_2" }, now + 119_999)).toEqual({ is: "running" });
    expect(await claim({ requestId: "req_2" }, now + 120_000)).toEqual({ is: "new" });
    // The first was only slow: it no longer owns the key.
    await database.transaction((tx) => markEffect(tx, request()));
    await keep();
    expect(await claim({ requestId: "req_3" }, now + 120_001)).toEqual({ is: "running" });
    await database.transaction((tx) => markEffect(tx, request({ requestId: "req_2" })));
    expect(await claim({ requestId: "req_3" }, now + 240_000)).toEqual({ is: "lost" });
  });

  test("a key is given back after a failure of ours, unless something took effect", async () => {
    const { database, request, claim } = await start();
    const release = () => database.transaction((tx) => releaseIdempotencyKey(tx, request()));
    await claim();
    await release();
    expect(await claim()).toEqual({ is: "new" });
    await database.transaction((tx) => markEffect(tx, request()));
    await release();
    expect(await claim({ requestId: "req_2" })).toEqual({ is: "running" });
  });

  test("neither the key nor what was asked and answered can be read in the database", async () => {
    const { claim, keep, rows } = await start();
    await claim({ key: "order-4711", asked: "password=geheim" });
    await keep({ key: "order-4711" });
    const stored = JSON.stringify(await rows());
    expect(stored).toContain("req_1");
    expect(stored).not.toMatch(/whsec_shown_once|order-4711|geheim/);
  });

  test("what is kept is sealed anew with everything else, and opens when the old key is gone", async () => {
    const keyFile = join(temporaryDirectory(), "key");
    const { database, claim, keep, request } = await start(loadKeys({ keyFile, allowCreate: true }));
    await claim();
    await keep();
    await claim({ key: "k-2" });
    expect(await resealSecrets(database, addKey(keyFile))).toBe(2);
    const file = JSON.parse(readFileSync(keyFile, "utf8"));
    writeFileSync(keyFile, JSON.stringify({ ...file, keys: file.keys.slice(0, 1) }));
    const newest = loadKeys({ keyFile, allowCreate: false });
    expect(await claimIdempotencyKey(database, newest, request(), now)).toEqual({ is: "answered", answer });
    expect(await claimIdempotencyKey(database, newest, request({ key: "k-2" }), now)).toEqual({ is: "running" });
    expect(await resealSecrets(database, newest)).toBe(0);
  });

  test("they are forgotten after a day, and erased with the account, those of admins too", async () => {
    const { database, accountId, claim, rows } = await start();
    for (const owner of [accountId, "", "acc_other"]) await claim({ accountId: owner });
    await database.transaction((tx) => forgetOld(tx, accountId, now + 24 * hour - 1));
    expect(await rows()).toHaveLength(3);
    await database.transaction((tx) => forgetOld(tx, accountId, now + 24 * hour));
    expect((await rows()).map((row) => row.account_id)).toEqual(["acc_other"]);
    for (const owner of [accountId, ""]) await claim({ accountId: owner });
    await database.transaction((tx) => eraseAccount(tx, accountId, "key:k", now));
    expect((await rows()).map((row) => row.account_id)).toEqual(["acc_other"]);
  });
});
