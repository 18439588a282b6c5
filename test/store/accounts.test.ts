import { expect, test } from "vitest";
import { getAccount, listAccounts, updateAccount, upsertAccount } from "../../src/store/accounts.ts";
import { createApiKey, listApiKeys, revokeApiKey, rotateApiKey, verifyApiKey } from "../../src/store/api-keys.ts";
import { onBothEngines, openNew } from "./engines.ts";
import { now } from "./sample-mail.ts";

onBothEngines("accounts", (engine) => {
  test("an account is made, read and changed", async () => {
    const database = await openNew(engine);
    const made = await database.transaction((tx) =>
      upsertAccount(tx, { name: "Acme", externalId: "crm-1", metadata: { plan: "big" }, neverLog: ["@Bank.example"] }, now),
    );
    expect(made).toMatchObject({ name: "Acme", logFor: "auto", neverLog: ["@bank.example"], metadata: { plan: "big" }, eventSeq: 0 });
    expect(made.id).toMatch(/^acc_[0-9A-Z]{26}$/);
    const changed = await database.transaction((tx) => updateAccount(tx, made.id, { logFor: "known" }, now + 1));
    expect(changed).toEqual({ ...made, logFor: "known", updatedAt: now + 1 });
    expect(await getAccount(database.read, made.id)).toEqual(changed);
    expect(await getAccount(database.read, "acc_none")).toBeNull();
  });

  test("the same external id is the same account", async () => {
    const database = await openNew(engine);
    const upsert = (name: string) => database.transaction((tx) => upsertAccount(tx, { name, externalId: "crm-1" }, now));
    const first = await upsert("Old");
    expect(await upsert("New")).toMatchObject({ id: first.id, name: "New" });
  });

  test("a list goes on where it ended, and refuses a cursor that is not ours", async () => {
    const database = await openNew(engine);
    await database.transaction(async (tx) => {
      for (const name of ["a", "b", "c"]) await upsertAccount(tx, { name }, now);
    });
    const first = await listAccounts(database.read, { limit: 2 });
    const second = await listAccounts(database.read, { limit: 2, cursor: first.nextCursor });
    expect([...first.data, ...second.data].map((account) => account.name)).toEqual(["a", "b", "c"]);
    expect(second.nextCursor).toBeNull();
    await expect(listAccounts(database.read, { cursor: "x" })).rejects.toMatchObject({ code: "bad_cursor" });
  });
});

onBothEngines("API keys", (engine) => {
  test("a key opens its account until it is revoked, and is kept as a hash alone", async () => {
    const database = await openNew(engine);
    const made = await database.transaction((tx) => createApiKey(tx, "acc_1", { scope: "read", label: "CRM" }, now));
    expect(made.key).toMatch(/^bl_read_[\w-]{43}$/);
    expect(await verifyApiKey(database.read, made.key, now)).toEqual({ accountId: "acc_1", scope: "read", keyId: made.id });
    expect(await verifyApiKey(database.read, `${made.key}x`, now)).toBeNull();
    expect(JSON.stringify(await database.read.selectFrom("api_keys").selectAll().execute())).not.toContain(made.key);
    await database.transaction((tx) => revokeApiKey(tx, "acc_1", made.id, now));
    expect(await verifyApiKey(database.read, made.key, now)).toBeNull();
    expect(await listApiKeys(database.read, "acc_1")).toMatchObject([{ id: made.id, revokedAt: now }]);
  });

  test("after a rotation both keys open for the overlap, then the new one alone", async () => {
    const database = await openNew(engine);
    const old = await database.transaction((tx) => createApiKey(tx, null, { scope: "admin", label: "ops" }, now));
    const next = await database.transaction((tx) => rotateApiKey(tx, null, old.id, { overlapMs: 1000 }, now));
    const opens = async (key: string | undefined, at: number) => (await verifyApiKey(database.read, key ?? "", at)) !== null;
    expect([await opens(old.key, now + 999), await opens(next?.key, now + 999)]).toEqual([true, true]);
    expect([await opens(old.key, now + 1000), await opens(next?.key, now + 1000)]).toEqual([false, true]);
    expect(await database.transaction((tx) => rotateApiKey(tx, "acc_other", old.id, { overlapMs: 0 }, now))).toBeNull();
  });
});
