import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createLimiter } from "../../../connectors/shared/limiter.ts";

const never = new AbortController().signal;

/** Milliseconds of the (fake) clock until a promise settles. */
const timed = async (work: Promise<void>): Promise<number> => {
  const began = Date.now();
  let ended = -1;
  const done = work.then(() => {
    ended = Date.now();
  });
  while (ended < 0) await vi.advanceTimersByTimeAsync(10);
  await done;
  return ended - began;
};

describe("the limiter", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const make = () => createLimiter({ now: Date.now, quotas: { gmail: { burst: 10, perSecond: 5 } } });

  test("spends a burst at once, then waits for what comes back", async () => {
    const limiter = make();
    expect(await timed(limiter.take("gmail:a", 10, never))).toBeLessThanOrEqual(10);
    expect(await timed(limiter.take("gmail:a", 5, never))).toBeCloseTo(1000, -2);
  });

  test("a longer beginning of a key has a quota of its own", async () => {
    const quotas = { gmail: { burst: 10, perSecond: 5 }, "gmail:user": { burst: 1, perSecond: 1 } };
    const limiter = createLimiter({ now: Date.now, quotas });
    expect(await timed(limiter.take("gmail:app", 10, never))).toBeLessThanOrEqual(10);
    expect(await timed(limiter.take("gmail:user:inb_1", 2, never))).toBeCloseTo(1000, -2);
    expect(await timed(limiter.take("gmail:user:inb_2", 1, never))).toBeLessThanOrEqual(10);
    expect(await timed(limiter.take("imap:mail.example", 1000, never))).toBeLessThanOrEqual(10);
  });

  test("keeps the order in which it was asked, also for more than a burst", async () => {
    const limiter = make();
    const order: string[] = [];
    const all = [
      limiter.take("gmail:a", 20, never).then(() => order.push("large")),
      limiter.take("gmail:a", 1, never).then(() => order.push("small")),
    ];
    await vi.advanceTimersByTimeAsync(5000);
    await Promise.all(all);
    expect(order).toEqual(["large", "small"]);
  });

  test("keys do not wait for each other, and a key without a quota does not wait", async () => {
    const limiter = make();
    await timed(limiter.take("gmail:a", 10, never));
    expect(await timed(limiter.take("gmail:b", 10, never))).toBeLessThanOrEqual(10);
    expect(await timed(limiter.take("__proto__", 1e9, never))).toBeLessThanOrEqual(10);
  });

  test("a pause holds everybody on the key, those who wait already too", async () => {
    const limiter = make();
    await timed(limiter.take("gmail:a", 10, never));
    const waiting = timed(limiter.take("gmail:a", 1, never));
    limiter.pause("gmail:a", Date.now() + 3000);
    expect(await waiting).toBeCloseTo(3000, -2);
    limiter.pause("imap:x", Date.now() + 500);
    expect(await timed(limiter.take("imap:x", 1, never))).toBeCloseTo(500, -2);
  });

  test("an abort ends the wait with its reason and gives back what was not spent", async () => {
    const limiter = make();
    await timed(limiter.take("gmail:a", 10, never));
    const stop = new AbortController();
    const waiting = limiter.take("gmail:a", 10, stop.signal);
    const ended = expect(waiting).rejects.toThrow("enough");
    stop.abort(new Error("enough"));
    await ended;
    expect(await timed(limiter.take("gmail:a", 5, never))).toBeCloseTo(1000, -2);
    await expect(limiter.take("gmail:a", 1, AbortSignal.abort(new Error("before")))).rejects.toThrow("before");
  });
});
