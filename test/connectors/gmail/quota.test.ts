import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createLimiter } from "../../../connectors/shared/limiter.ts";
import { quotas } from "../../../connectors/shared/quotas.ts";
import type { Limiter } from "../../../src/ports/connector.ts";
import { failure } from "../../fakes/google/answer.ts";
import { failureOf, type GmailStage, idsOf, lastCursor, letter, openGmail, pullAll, timesAsked } from "./open-gmail.ts";

let stage: GmailStage;
beforeEach(async () => {
  stage = await openGmail();
});
afterEach(() => stage.google.stop());

const spent = (): { requests: number; units: number } => {
  const all = [...stage.google.quota.spent.values()];
  return { requests: all.reduce((sum, each) => sum + each.requests, 0), units: all.reduce((sum, each) => sum + each.units, 0) };
};

describe("asked to slow down", () => {
  const meet = async (answer: ReturnType<typeof failure>): Promise<unknown> => {
    stage.mailbox.put(letter(1), ["SENT"]);
    stage.google.script = ({ method }) => (method === "gmail.users.messages.get" ? answer : null);
    return failureOf(pullAll(stage));
  };

  test("in each way Google says it: rate_limited", async () => {
    const ways = [
      failure(403, "rateLimitExceeded", "Rate Limit Exceeded"),
      failure(403, "userRateLimitExceeded", "User Rate Limit Exceeded"),
      failure(403, "dailyLimitExceeded", "Daily Limit Exceeded"),
      failure(429, "rateLimitExceeded", "Too many concurrent requests for user"),
      { status: 429, body: "Too Many Requests" },
    ];
    for (const way of ways) expect(await meet(way)).toMatchObject({ name: "ConnectorError", kind: "rate_limited", retryAfterMs: null });
  });

  test("once: nothing is sent again at once, by us or by the library", async () => {
    await meet(failure(429, "rateLimitExceeded", "Too many concurrent requests for user", { "retry-after": "11" }));
    expect(timesAsked(stage, "gmail.users.messages.get")).toBe(1);
    await meet(failure(403, "dailyLimitExceeded", "Daily Limit Exceeded"));
    expect(timesAsked(stage, "gmail.users.messages.get"), "each of two messages once").toBe(1 + 2);
  });

  test("for a short while: everybody on the mailbox waits, and the page goes on where it was", async () => {
    for (let n = 0; n < 8; n++) stage.mailbox.put(letter(n), ["SENT"]);
    const busy = [
      failure(429, "rateLimitExceeded", "Too many concurrent requests for user", { "retry-after": "1" }),
      failure(403, "userRateLimitExceeded", "User-rate limit exceeded.  Retry after a second."),
    ];
    const asked: number[] = [];
    stage.google.script = ({ method }) => {
      if (method !== "gmail.users.messages.get") return null;
      asked.push(Date.now());
      return asked.length > 2 ? (busy.pop() ?? null) : null;
    };
    expect(idsOf(await pullAll(stage))).toHaveLength(8);
    expect(asked).toHaveLength(10);
    const silence = Math.max(...asked.slice(1).map((at, index) => at - (asked[index] ?? at)));
    expect(silence, "nobody asks meanwhile").toBeGreaterThan(900);
  });

  test("the wait is what Google says, in a header, in its words, or in its details", async () => {
    const until = new Date(Date.now() + 600_000).toISOString();
    const details = failure(429, "rateLimitExceeded", "Quota exceeded");
    Object.assign((details.body as { error: object }).error, {
      details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "34.5s" }],
    });
    const close = (ms: number) => expect.closeTo(ms, -4);
    const cases: [ReturnType<typeof failure>, unknown][] = [
      [failure(429, "rateLimitExceeded", "slow down", { "retry-after": "900" }), 900_000],
      [failure(403, "rateLimitExceeded", "slow down", { "retry-after": new Date(Date.now() + 60_000).toUTCString() }), close(60_000)],
      [failure(403, "userRateLimitExceeded", `User-rate limit exceeded.  Retry after ${until}`), close(600_000)],
      [details, 34_500],
    ];
    for (const [answer, retryAfterMs] of cases) expect(await meet(answer)).toMatchObject({ kind: "rate_limited", retryAfterMs });
  });

  test("a minute's units are used up: the stand-in counts as Google does, and what was read is kept", async () => {
    for (const refusal of [403, 429] as const) {
      stage.google.quota.refusal = refusal;
      stage.google.quota.perUserPerMinute = spent().units + 2500;
      for (let n = 0; n < 200; n++) stage.mailbox.put(letter(`${refusal}-${n}`), ["SENT"], Date.now() - n * 1000);
      const error = await failureOf(pullAll(stage));
      expect(error).toMatchObject({ kind: "rate_limited" });
      expect((error as { retryAfterMs: number }).retryAfterMs).toBeLessThanOrEqual(60_000);
      expect((error as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(20_000);
    }
  });
});

describe("what it costs", () => {
  test("an empty look: one request, 2 units", async () => {
    const cursor = lastCursor(await pullAll(stage));
    const before = spent();
    await pullAll(stage, cursor);
    expect([spent().requests - before.requests, spent().units - before.units]).toEqual([1, 2]);
  });

  test("1,000 new messages: 1,002 requests, 20,004 units", async () => {
    stage.google.quota.perUserPerMinute = 1_000_000;
    const cursor = lastCursor(await pullAll(stage));
    for (let n = 0; n < 1000; n++) stage.mailbox.put(letter(n));
    const before = spent();
    await pullAll(stage, cursor);
    expect([spent().requests - before.requests, spent().units - before.units]).toEqual([1002, 20_004]);
  });

  test("every unit is paid for with the limiter first, for the inbox and for the app", async () => {
    for (let n = 0; n < 10; n++) stage.mailbox.put(letter(n), ["SENT"]);
    const paid = new Map<string, number>();
    const limiter: Limiter = {
      take: async (key, units) => void paid.set(key, (paid.get(key) ?? 0) + units),
      pause: () => {},
    };
    await pullAll(stage, null, { limiter });
    expect(Object.fromEntries(paid)).toEqual({ "gmail:user:inb_1": spent().units, "gmail:app": spent().units });
  });

  test("within the limits of the deployment Google never has to say no", async () => {
    const limiter = createLimiter({ now: Date.now, quotas });
    for (let n = 0; n < 40; n++) stage.mailbox.put(letter(n), ["SENT"]);
    const began = Date.now();
    await pullAll(stage, null, { limiter });
    const { burst = 0, perSecond = 1 } = quotas["gmail:user"] ?? {};
    expect(burst + 60 * perSecond).toBeLessThanOrEqual(6000);
    expect(Date.now() - began, "beyond the burst it waits").toBeGreaterThan(((spent().units - burst) / perSecond) * 1000 - 100);
  });
});
