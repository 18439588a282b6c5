import { expect, test } from "vitest";
import { FenceLost } from "../../src/store/errors.ts";
import { readSecrets, saveSecrets } from "../../src/store/inbox-secrets.ts";
import { changeState, createInbox, getInbox, listInboxes, updateInbox } from "../../src/store/inboxes.ts";
import { beginAttempts, dueOwed, nextOwedAt, releaseAttempts, settleOwed } from "../../src/store/owed.ts";
import { savePage } from "../../src/store/save-page.ts";
import { claimSlot, forgetSlots } from "../../src/store/slots.ts";
import { claimInbox, dueInboxes, finishTurn, mendFuturePolls, pollNow, takeOverTurns } from "../../src/store/turns.ts";
import { newKeys, onBothEngines, openNew } from "./engines.ts";
import { accountWithInboxes, envelope, now, ordinary, page } from "./sample-mail.ts";

onBothEngines("inboxes and turns", (engine) => {
  const never = (): never => {
    throw new Error("not claimed");
  };

  const start = async () => {
    const database = await openNew(engine);
    const [claim] = await accountWithInboxes(database);
    if (!claim) throw new Error("no inbox");
    return { database, claim, accountId: claim.accountId, inboxId: claim.inboxId };
  };

  test("an inbox is made, listed and changed", async () => {
    const { database, accountId } = await start();
    const made = await database.transaction((tx) =>
      createInbox(
        tx,
        accountId,
        {
          provider: "gmail",
          address: "Eva@Sales.example",
          addresses: ["sales@sales.example"],
          externalId: "box-2",
          since: 5,
          nextPollAt: null,
        },
        now,
      ),
    );
    expect(made).toMatchObject({
      address: "Eva@Sales.example",
      addresses: ["eva@sales.example", "sales@sales.example"],
      state: "first_sync",
      nextPollAt: null,
      folders: [],
      warnings: [],
    });
    expect((await listInboxes(database.read, accountId, { externalId: "box-2" })).data).toEqual([made]);
    expect((await listInboxes(database.read, accountId, { provider: "imap", state: ["first_sync"] })).data).toHaveLength(1);
    await database.transaction((tx) => updateInbox(tx, accountId, made.id, { owner: { name: "Eva" }, settings: { host: "h" } }, now + 1));
    expect(await getInbox(database.read, accountId, made.id)).toMatchObject({
      owner: { name: "Eva" },
      settings: { host: "h" },
      updatedAt: now + 1,
    });
    expect((await listInboxes(database.read, accountId, { updatedSince: now + 1 })).data).toHaveLength(1);
  });

  test("only a due inbox is claimed, and only once at a time", async () => {
    const { database, accountId, inboxId } = await start();
    const claim = () => database.transaction((tx) => claimInbox(tx, accountId, inboxId, { busyUntil: now + 1000 }, now));
    expect(await dueInboxes(database.read, now, 10)).toEqual([{ accountId, inboxId, nextPollAt: now }]);
    const claims = await Promise.all([claim(), claim(), claim()]);
    expect(claims.filter((one) => one !== null)).toHaveLength(1);
    expect(await dueInboxes(database.read, now, 10)).toEqual([]);
    // Its worker dies: it is due again.
    expect(await dueInboxes(database.read, now + 1000, 10)).toHaveLength(1);
    expect(await database.transaction((tx) => claimInbox(tx, accountId, inboxId, { busyUntil: now + 2000 }, now + 1000))).not.toBeNull();
  });

  test("a turn that runs is taken from its worker by who knows that it is dead, and by nobody else", async () => {
    const { database, accountId, inboxId } = await start();
    const claim = (takeOver: boolean) => {
      const before = takeOver ? ("died" as const) : ("ended" as const);
      return database.transaction((tx) => claimInbox(tx, accountId, inboxId, { busyUntil: now + 1000, before }, now));
    };
    const first = await claim(false);
    // Asked for by a person meanwhile: a turn runs, and its end minds it.
    expect(await database.transaction((tx) => pollNow(tx, accountId, inboxId, now))).toBe(true);
    expect(await claim(false)).toBeNull();
    const second = await claim(true);
    expect(second?.claim.fence).toBe((first?.claim.fence ?? Number.NaN) + 1);
    const end = { state: "watching", nextPollAt: now + 60_000, failedPolls: 0 } as const;
    const finish = (claimed: typeof first) => database.transaction((tx) => finishTurn(tx, claimed?.claim ?? never(), end, now));
    await expect(finish(first)).rejects.toBeInstanceOf(FenceLost);
    // What was asked for before the turn began, it has seen to.
    expect(await finish(second)).toMatchObject({ nextPollAt: now + 60_000 });
    // Ended: there is nothing to take over, and it is not due.
    expect(await claim(true)).toBeNull();
    await database.transaction((tx) => takeOverTurns(tx, now));
    expect(await dueInboxes(database.read, now, 10)).toEqual([]);
    // Paused in its turn: the fence was raised, nothing runs.
    await database.transaction((tx) => pollNow(tx, accountId, inboxId, now));
    await claim(false);
    await database.transaction((tx) => takeOverTurns(tx, now));
    const third = await claim(false);
    expect(third).not.toBeNull();
    await database.transaction((tx) => changeState(tx, accountId, inboxId, { state: "paused", nextPollAt: null }, now));
    await database.transaction((tx) => takeOverTurns(tx, now));
    expect(await claim(true)).toBeNull();
  });

  test("inboxes that a clock polled in the future, and that it was set back from, are due", async () => {
    const { database, accountId, inboxId } = await start();
    const mend = (at: number) => database.transaction((tx) => mendFuturePolls(tx, at));
    const ahead = now + 3_600_000;
    const claimed = await database.transaction((tx) => claimInbox(tx, accountId, inboxId, { busyUntil: ahead + 9000 }, ahead));
    const end = { state: "watching", nextPollAt: ahead + 60_000, failedPolls: 0 } as const;
    await database.transaction((tx) => finishTurn(tx, claimed?.claim ?? never(), end, ahead));
    expect(await mend(ahead - 59_000)).toBe(0);
    expect(await mend(now)).toBe(1);
    expect(await dueInboxes(database.read, now, 10)).toHaveLength(1);
    expect(await mend(now)).toBe(0);
    await database.transaction((tx) => changeState(tx, accountId, inboxId, { state: "paused", nextPollAt: null }, now));
    expect(await mend(now)).toBe(0);
  });

  test("the end of a turn sets state and next poll under its fence alone", async () => {
    const { database, claim, accountId, inboxId } = await start();
    const end = (at: number, state: "watching" | "waiting") =>
      database.transaction((tx) =>
        finishTurn(
          tx,
          claim,
          { state, stateDetail: { why: "x" }, nextPollAt: at + 60_000, failedPolls: 0, warnings: [{ code: "w", text: "t" }] },
          at,
        ),
      );
    expect(await end(now + 1, "watching")).toMatchObject({
      state: "watching",
      stateSince: now + 1,
      nextPollAt: now + 60_001,
      warnings: [{ code: "w" }],
    });
    expect(await end(now + 2, "watching")).toMatchObject({ stateSince: now + 1 });
    expect(await end(now + 3, "waiting")).toMatchObject({ stateSince: now + 3 });
    await database.transaction((tx) =>
      changeState(tx, accountId, inboxId, { state: "paused", detail: { by: "anna" }, nextPollAt: null }, now + 4),
    );
    await expect(end(now + 5, "watching")).rejects.toBeInstanceOf(FenceLost);
    expect(await getInbox(database.read, accountId, inboxId)).toMatchObject({
      state: "paused",
      stateDetail: { by: "anna" },
      nextPollAt: null,
    });
    expect(await database.transaction((tx) => claimInbox(tx, accountId, inboxId, { busyUntil: now }, now + 10))).toBeNull();
    expect(await database.transaction((tx) => pollNow(tx, accountId, inboxId, now))).toBe(false);
  });

  test("disconnecting forgets the credentials, pausing does not", async () => {
    const { database, accountId, inboxId } = await start();
    const keys = newKeys();
    await database.transaction((tx) => saveSecrets(tx, keys, accountId, inboxId, "secret", null));
    const change = (state: "paused" | "disconnected") =>
      database.transaction((tx) => changeState(tx, accountId, inboxId, { state, nextPollAt: null }, now));
    await change("paused");
    expect(await readSecrets(database.read, keys, accountId, inboxId)).not.toBeNull();
    await change("disconnected");
    expect(await readSecrets(database.read, keys, accountId, inboxId)).toBeNull();
  });

  test("an envelope that is owed comes back as it was, headers and all", async () => {
    const { database, claim, accountId, inboxId } = await start();
    const odd = { ...envelope("odd"), headers: new Map([["__proto__", ["x", "y"]]]), hints: { otherIds: ["<a@b>"] } };
    await savePage(
      database,
      page(claim, [{ envelope: odd, verdict: "owed", facts: null, owed: { error: "timeout", dueAt: now + 9 } }], { backfill: true }),
    );
    expect(await nextOwedAt(database.read, accountId, inboxId)).toBe(now + 9);
    expect(await dueOwed(database.read, accountId, inboxId, now + 8, 10)).toEqual([]);
    const [owed] = await dueOwed(database.read, accountId, inboxId, now + 9, 10);
    expect(owed).toEqual({
      envelope: odd,
      backfill: true,
      attempts: 1,
      crashes: 0,
      dueAt: now + 9,
      error: "timeout",
      firstAt: now,
      judge: false,
    });
  });

  test("an attempt that is released does not count, and is no crash", async () => {
    const { database, claim, accountId, inboxId } = await start();
    const owed = { envelope: envelope("old"), backfill: false };
    await database.transaction((tx) => settleOwed(tx, claim, { done: [], again: [{ ...owed, error: "x", dueAt: now }] }, now));
    await database.transaction((tx) => beginAttempts(tx, claim, [owed, { envelope: envelope("new"), backfill: false }], now));
    await database.transaction((tx) => releaseAttempts(tx, claim, ["old", "new", "other"]));
    await database.transaction((tx) => claimInbox(tx, accountId, inboxId, { busyUntil: now }, now));
    expect(await dueOwed(database.read, accountId, inboxId, now, 10)).toMatchObject([
      { envelope: { ref: "old" }, attempts: 1, crashes: 0 },
    ]);
    await expect(database.transaction((tx) => beginAttempts(tx, claim, [owed], now))).rejects.toBeInstanceOf(FenceLost);
  });

  test("warnings are kept once per code and folder, and the newest mail's date never goes back", async () => {
    const { database, claim, accountId, inboxId } = await start();
    const save = (text: string, receivedAt: number) =>
      savePage(
        database,
        page(claim, [{ ...ordinary(`m${receivedAt}`), envelope: envelope(`m${receivedAt}`, { receivedAt }) }], {
          warnings: [{ code: "no_junk", text }],
          progress: { done: 1, total: 9 },
        }),
      );
    await save("old", now - 5);
    await save("new", now - 50);
    expect(await getInbox(database.read, accountId, inboxId)).toMatchObject({
      warnings: [{ code: "no_junk", text: "new" }],
      lastMailAt: now - 5,
      progress: { done: 1, total: 9 },
    });
  });

  test("a warning that is over is not kept, and others are", async () => {
    const { database, claim, accountId, inboxId } = await start();
    const missing = (folder: string) => ({ code: "folder_missing", text: `No ${folder}.`, folder });
    const warnings = async () => (await getInbox(database.read, accountId, inboxId))?.warnings;
    await savePage(database, page(claim, [], { warnings: [missing("A"), missing("B b"), { code: "no_junk", text: "No junk." }] }));
    await savePage(database, page(claim, [], { mended: [{ code: "folder_missing", folder: "B b" }, { code: "never_said" }] }));
    expect(await warnings()).toEqual([missing("A"), { code: "no_junk", text: "No junk." }]);
    await savePage(database, page(claim, [], { mended: [{ code: "no_junk" }], warnings: [{ ...missing("A"), text: "Still no A." }] }));
    expect(await warnings()).toEqual([{ ...missing("A"), text: "Still no A." }]);
  });

  test("a slot is claimed by one, whoever asks at the same time", async () => {
    const { database } = await start();
    const claim = (slot: string) => database.transaction((tx) => claimSlot(tx, "audit", slot, now));
    const claims = await Promise.all([claim("25"), claim("25"), claim("25"), claim("26")]);
    expect(claims.filter(Boolean)).toHaveLength(2);
    await database.transaction((tx) => forgetSlots(tx, now + 1));
    expect(await claim("25")).toBe(true);
  });
});
