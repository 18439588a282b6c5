import { expect, test } from "vitest";
import { upsertAccount } from "../../src/store/accounts.ts";
import { appendEvents, readEvents } from "../../src/store/events.ts";
import { onBothEngines, openNew } from "./engines.ts";
import { now } from "./sample-mail.ts";

onBothEngines("the event log", (engine) => {
  test("sequences count from 1 per account, and a rolled back transaction leaves no hole", async () => {
    const database = await openNew(engine);
    const append = (accountId: string, types: string[], fail = false) =>
      database.transaction(async (tx) => {
        const events = types.map((type) => ({ type, backfill: false, data: { about: type } }));
        const last = await appendEvents(tx, accountId, events, now);
        if (fail) throw new Error("undone");
        return last;
      });
    const [a, b] = await database.transaction(async (tx) => [
      (await upsertAccount(tx, { name: "a" }, now)).id,
      (await upsertAccount(tx, { name: "b" }, now)).id,
    ]);
    expect(await append(a ?? "", ["one", "two"])).toBe(2);
    expect(await append(b ?? "", ["other"])).toBe(1);
    await expect(append(a ?? "", ["lost"], true)).rejects.toThrow("undone");
    expect(await append(a ?? "", ["three"])).toBe(3);
    expect(await append(a ?? "", [])).toBeNull();
    const events = await readEvents(database.read, a ?? "", 1, 10);
    expect(events).toMatchObject([
      { sequence: 2, type: "two", accountId: a, backfill: false, at: now, data: { about: "two" } },
      { sequence: 3, type: "three" },
    ]);
  });

  test("with 8 writers at once a follower misses none", async () => {
    const database = await openNew(engine);
    const { id } = await database.transaction((tx) => upsertAccount(tx, { name: "busy" }, now));
    const perWriter = 40;
    let writing = 8;
    const writer = async (name: number) => {
      for (let i = 0; i < perWriter; i += 1) {
        const events = Array.from({ length: 1 + (i % 3) }, (_, k) => ({ type: "t", backfill: false, data: `${name}/${i}/${k}` }));
        await database.transaction(async (tx) => {
          await appendEvents(tx, id, events, now);
          // A slow commit: what made followers of a bigserial miss events.
          if (i % 5 === 0) await getEvents(1);
        });
      }
      writing -= 1;
    };
    const getEvents = (limit: number, after = 0) => readEvents(database.read, id, after, limit);
    const follow = async () => {
      const seen: number[] = [];
      for (;;) {
        const last = writing === 0;
        const batch = await getEvents(50, seen.at(-1) ?? 0);
        seen.push(...batch.map((event) => event.sequence));
        if (last && batch.length === 0) return seen;
      }
    };
    const [seen] = await Promise.all([follow(), ...Array.from({ length: 8 }, (_, name) => writer(name))]);
    const total = 8 * Array.from({ length: perWriter }, (_, i) => 1 + (i % 3)).reduce((a, b) => a + b, 0);
    expect(seen).toEqual(Array.from({ length: total }, (_, i) => i + 1));
  });
});
