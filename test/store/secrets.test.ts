import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { inboxCredentials, readSecrets, resealSecrets, saveSecrets } from "../../src/store/inbox-secrets.ts";
import { openDatabase } from "../../src/store/open.ts";
import { addKey, addressHash, type Keys, loadKeys, open, type SealedAt, seal, sealedWith } from "../../src/store/secrets.ts";
import { afterThis, emptyPlace, newKeys, onBothEngines, openNew, quiet, temporaryDirectory } from "./engines.ts";
import { accountWithInboxes, now } from "./sample-mail.ts";

const at: SealedAt = { table: "inbox_secrets", accountId: "acc_1", row: "inb_1", column: "sealed" };

test("a sealed text opens again where it was sealed, and looks different each time", () => {
  const keys = newKeys();
  const sealed = seal(keys, at, "geheim ąę");
  expect(sealed).toMatch(/^1\.[0-9a-f]{8}\.[\w-]+$/);
  expect(open(keys, at, sealed)).toBe("geheim ąę");
  expect(seal(keys, at, "geheim ąę")).not.toBe(sealed);
});

test.each(["table", "accountId", "row", "column"] as const)("it does not open with another %s", (part) => {
  const keys = newKeys();
  const sealed = seal(keys, at, "secret");
  expect(() => open(keys, { ...at, [part]: "other" }, sealed)).toThrow(expect.objectContaining({ code: "key_wrong" }));
});

test("it does not open altered, cut short, with another key of the same name, or without its key", () => {
  const keys = newKeys();
  const other = newKeys();
  const sealed = seal(keys, at, "secret");
  const flipped = sealed.slice(0, -3) + (sealed.at(-3) === "A" ? "B" : "A") + sealed.slice(-2);
  expect(() => open(keys, at, flipped)).toThrow(expect.objectContaining({ code: "key_wrong" }));
  expect(() => open(keys, at, sealed.slice(0, 16))).toThrow(expect.objectContaining({ code: "key_wrong" }));
  const sameName: Keys = { ...other, sealing: [{ id: sealedWith(sealed), key: other.sealing[0]?.key ?? new Uint8Array(32) }] };
  expect(() => open(sameName, at, sealed)).toThrow(expect.objectContaining({ code: "key_wrong" }));
  expect(() => open(other, at, sealed)).toThrow(expect.objectContaining({ code: "key_missing" }));
});

test("a key is made only when allowed, for its owner alone, and never inside the data directory", () => {
  const directory = temporaryDirectory();
  const keyFile = join(directory, "keys", "bounceline.key");
  expect(() => loadKeys({ keyFile, allowCreate: false })).toThrow(expect.objectContaining({ code: "key_missing" }));
  const keys = loadKeys({ keyFile, allowCreate: true });
  expect(statSync(keyFile).mode & 0o777).toBe(0o600);
  expect(loadKeys({ keyFile, allowCreate: true })).toEqual(keys);
  mkdirSync(join(directory, "data"));
  const inside = { keyFile: join(directory, "data", "key"), allowCreate: true, dataDirectory: join(directory, "data") };
  expect(() => loadKeys(inside)).toThrow(expect.objectContaining({ code: "key_in_data_directory" }));
  writeFileSync(keyFile, readFileSync(keyFile, "utf8").slice(0, -20));
  expect(() => loadKeys({ keyFile, allowCreate: true })).toThrow(expect.objectContaining({ code: "key_file_unreadable" }));
});

test("after a rotation the new key seals, the old one still opens, and address hashes stay", () => {
  const keyFile = join(temporaryDirectory(), "key");
  const before = loadKeys({ keyFile, allowCreate: true });
  const sealed = seal(before, at, "old");
  const after = addKey(keyFile);
  expect(loadKeys({ keyFile, allowCreate: false })).toEqual(after);
  expect(open(after, at, sealed)).toBe("old");
  expect(() => open(before, at, seal(after, at, "new"))).toThrow(expect.objectContaining({ code: "key_missing" }));
  expect(addressHash(after, "a@b.example")).toBe(addressHash(before, "a@b.example"));
  expect(statSync(keyFile).mode & 0o777).toBe(0o600);
});

onBothEngines("keys and the database", (engine) => {
  test("another key, or another address secret, refuses to start and says what to do", async () => {
    const place = await emptyPlace(engine);
    const keys = newKeys();
    const start = (given: Keys) => openDatabase({ ...place, keys: given, log: quiet, now: () => now });
    await (await start(keys)).close();
    await expect(start(newKeys())).rejects.toMatchObject({ code: "key_missing", message: expect.stringContaining("Restore the key file") });
    await expect(start({ ...keys, addresses: newKeys().addresses })).rejects.toMatchObject({ code: "key_wrong" });
    await (await start(keys)).close();
  });

  test("when everything is sealed anew, the old key may leave", async () => {
    const place = await emptyPlace(engine);
    const keyFile = join(temporaryDirectory(), "key");
    const database = await openDatabase({ ...place, keys: loadKeys({ keyFile, allowCreate: true }), log: quiet, now: () => now });
    const [claim] = await accountWithInboxes(database);
    if (!claim) throw new Error("no inbox");
    const { accountId, inboxId } = claim;
    await database.transaction((tx) =>
      saveSecrets(tx, loadKeys({ keyFile, allowCreate: false }), accountId, inboxId, { password: "p" }, null),
    );
    const keys = addKey(keyFile);
    const newestOnly: Keys = { ...keys, sealing: keys.sealing.slice(0, 1) };
    const reopen = (given: Keys) => openDatabase({ ...place, keys: given, log: quiet, now: () => now });
    await expect(reopen(newestOnly)).rejects.toMatchObject({ code: "key_missing" });
    expect(await resealSecrets(database, keys)).toBe(1);
    expect(await resealSecrets(database, keys)).toBe(0);
    await database.close();
    const after = await reopen(newestOnly);
    afterThis(() => after.close());
    expect(await readSecrets(after.read, newestOnly, accountId, inboxId)).toEqual({ secrets: { password: "p" }, version: 1 });
  });

  test("credentials change by compare-and-set, and lie sealed in the table", async () => {
    const keys = newKeys();
    const database = await openNew(engine, { keys });
    const [claim] = await accountWithInboxes(database);
    if (!claim) throw new Error("no inbox");
    const { accountId, inboxId } = claim;
    const save = (secrets: string, version: number | null) =>
      database.transaction((tx) => saveSecrets(tx, keys, accountId, inboxId, secrets, version));
    expect(await readSecrets(database.read, keys, accountId, inboxId)).toBeNull();
    expect([await save("one", null), await save("again", null), await save("two", 1), await save("late", 1)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(await readSecrets(database.read, keys, accountId, inboxId)).toEqual({ secrets: "two", version: 2 });
    expect(await database.transaction((tx) => saveSecrets(tx, keys, "acc_other", inboxId, "x", null))).toBe(false);
  });

  test("refreshes at once run one after the other, each on the last one's answer", async () => {
    const keys = newKeys();
    const database = await openNew(engine, { keys });
    const [claim] = await accountWithInboxes(database);
    if (!claim) throw new Error("no inbox");
    const options = { database, keys, accountId: claim.accountId, inboxId: claim.inboxId, now: Date.now };
    await database.transaction((tx) => saveSecrets(tx, keys, options.accountId, options.inboxId, { n: 0 }, null));
    let running = 0;
    let most = 0;
    const refresh = () =>
      inboxCredentials(options).refresh(async (current) => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, 20));
        running -= 1;
        return { n: (current as { n: number }).n + 1 };
      });
    await Promise.all([refresh(), refresh(), refresh()]);
    expect(most).toBe(1);
    expect(await inboxCredentials(options).read()).toEqual({ n: 3 });
  });

  test("a refresh that fails keeps the credentials and lets the next one in; one whose lease ran out overwrites nothing", async () => {
    const keys = newKeys();
    const database = await openNew(engine, { keys });
    const [claim] = await accountWithInboxes(database);
    if (!claim) throw new Error("no inbox");
    let clock = now;
    const credentials = inboxCredentials({ database, keys, accountId: claim.accountId, inboxId: claim.inboxId, now: () => clock });
    await credentials.refresh(async (current) => ({ was: current }));
    const failing = credentials.refresh(async () => {
      throw new Error("invalid_grant");
    });
    await expect(failing).rejects.toThrow("invalid_grant");
    expect(await credentials.read()).toEqual({ was: null });
    const slow = await credentials.refresh(async () => {
      clock += 61_000;
      await credentials.refresh(async () => "from the fast one");
      return "from the slow one";
    });
    expect(slow).toBe("from the fast one");
    expect(await credentials.read()).toBe("from the fast one");
  });
});
