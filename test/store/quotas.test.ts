import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { createLimiter, type Withdraw } from "../../connectors/shared/limiter.ts";
import { createSharedCounter } from "../../src/api/rate-limit.ts";
import { withdrawQuota } from "../../src/store/quotas.ts";
import { openNew } from "./engines.ts";

test("workers spend together what one may, and no more", async () => {
  const database = await openNew("postgres");
  const quota = { burst: 40, perSecond: 100, block: 10 };
  const withdraw: Withdraw = (key, units, its) => withdrawQuota(database, key, units, its);
  const ending = new AbortController();
  let spent = 0;
  const worker = async (): Promise<void> => {
    const limiter = createLimiter({ now: Date.now, quotas: { app: quota }, withdraw });
    const spend = async (): Promise<void> => {
      for (;;) {
        await limiter.take("app", 2, ending.signal);
        spent += 2;
      }
    };
    await Promise.allSettled([spend(), spend(), spend()]);
  };
  const began = performance.now();
  const ended = Promise.all([worker(), worker(), worker()]);
  await pause(2000);
  ending.abort();
  await ended;
  const may = quota.burst + ((performance.now() - began) / 1000) * quota.perSecond;
  expect(spent).toBeLessThanOrEqual(may);
  // A process that holds a block when it is stopped has not spent it.
  expect(spent).toBeGreaterThan(quota.burst);
});

test("who waits for a shared quota stops at once, and a database that does not answer spends nothing", async () => {
  let asked = 0;
  const withdraw: Withdraw = async () => {
    asked += 1;
    throw new Error("no database");
  };
  const limiter = createLimiter({ now: Date.now, quotas: { app: { burst: 5, perSecond: 5, block: 5 } }, withdraw });
  await expect(limiter.take("app", 1, AbortSignal.timeout(50))).rejects.toMatchObject({ name: "TimeoutError" });
  expect(asked).toBe(1);
});

test("a clock that is set back gives no quota away, and takes none for good", async () => {
  const database = await openNew("postgres");
  const quota = { burst: 10, perSecond: 1 };
  expect(await withdrawQuota(database, "app", 10, quota)).toBe(0);
  await database.transaction((tx) =>
    tx
      .updateTable("quotas")
      .set((eb) => ({ at: eb("at", "+", 3_600_000) }))
      .execute(),
  );
  const wait = await withdrawQuota(database, "app", 5, quota);
  expect(wait).toBeGreaterThan(4000);
  expect(await withdrawQuota(database, "app", 1, quota)).toBeLessThanOrEqual(wait + 1000);
});

test("requests of one key are counted over all processes", async () => {
  const database = await openNew("postgres");
  let clock = 1_000_000;
  const processes = [createSharedCounter(database, 3, () => clock), createSharedCounter(database, 3, () => clock + 500)] as const;
  const counts = [];
  for (let n = 0; n < 4; n += 1) counts.push(await processes[n % 2 === 0 ? 0 : 1]("key"));
  expect(counts.map(({ allowed, remaining }) => [allowed, remaining])).toEqual([
    [true, 2],
    [true, 1],
    [true, 0],
    [false, 0],
  ]);
  expect((await processes[0]("other")).remaining).toBe(2);
  clock += 60_000;
  expect((await processes[0]("key")).remaining).toBe(2);
  clock -= 86_400_000;
  expect((await processes[0]("key")).remaining).toBe(2);
});
