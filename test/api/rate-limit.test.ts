import { describe, expect, it } from "vitest";
import { createCounter } from "../../src/api/rate-limit.ts";
import { now } from "../sync/world.ts";
import { ask, startServer } from "./server.ts";

describe("requests with a key", () => {
  it("are answered up to the limit, then 429 until the minute is over, each key for itself", async () => {
    let clock = now;
    const { server, ours } = await startServer({ now: () => clock, limits: { requestsPerMinute: 3, failuresPerMinute: 60 } });
    const look = (key = ours.read) => ask(server, key, "GET", "/v1/events");
    const first = await look();
    expect([first.status, first.headers["ratelimit-policy"], first.headers.ratelimit]).toEqual([200, '"key";q=3;w=60', '"key";r=2;t=60']);
    clock += 20_500;
    expect([(await look()).status, (await look()).status]).toEqual([200, 200]);
    const refused = await look();
    expect([refused.status, refused.headers["retry-after"], refused.headers.ratelimit]).toEqual([429, "40", '"key";r=0;t=40']);
    expect(refused.headers["content-type"]).toBe("application/problem+json");
    expect(refused.json).toEqual({
      type: "rate-limited",
      title: "Too many requests",
      status: 429,
      detail: "More than 3 requests a minute came with this API key. Try again in 40 seconds.",
      requestId: expect.stringMatching(/^req_/),
      retryAfterSeconds: 40,
    });
    expect((await look(ours.write)).status).toBe(200);
    clock += 39_500;
    expect([(await look()).status, (await look()).headers.ratelimit]).toEqual([200, '"key";r=1;t=60']);
  });

  it("that are refused change nothing, and count when they lack the scope", async () => {
    const { server, ours, database } = await startServer({ limits: { requestsPerMinute: 1, failuresPerMinute: 60 } });
    expect((await ask(server, ours.read, "POST", "/v1/connect-links", {})).status).toBe(403);
    expect((await ask(server, ours.read, "POST", "/v1/connect-links", {})).status).toBe(429);
    expect((await ask(server, ours.write, "POST", "/v1/connect-links", {}, { "idempotency-key": "k" })).status).toBe(201);
    // The limit comes first, so that nothing is kept of what was not answered.
    expect((await ask(server, ours.write, "POST", "/v1/connect-links", {}, { "idempotency-key": "k" })).status).toBe(429);
    expect(await database.read.selectFrom("connect_links").select("id").execute()).toHaveLength(1);
  });
});

describe("requests without a valid key", () => {
  it("are answered 401 up to the limit from one address, then 429; a valid key goes on there", async () => {
    const { server, ours } = await startServer({ limits: { requestsPerMinute: 600, failuresPerMinute: 2 } });
    const guess = async (from: string, key: string | null = "bl_read_guess") => {
      const headers = key === null ? {} : { authorization: `Bearer ${key}` };
      const { statusCode, headers: told } = await server.inject({ url: "/v1/events", remoteAddress: from, headers });
      return [statusCode, told["retry-after"]];
    };
    expect([await guess("192.0.2.1"), await guess("192.0.2.1", null)]).toEqual([
      [401, undefined],
      [401, undefined],
    ]);
    expect(await guess("192.0.2.1")).toEqual([429, "60"]);
    expect(await guess("::ffff:192.0.2.1")).toEqual([429, "60"]);
    expect(await guess("192.0.2.1", ours.read)).toEqual([200, undefined]);
    expect((await guess("192.0.2.2"))[0]).toBe(401);
    // One network of IPv6 is one sender.
    for (const [address, status] of [
      ["2001:db8::1", 401],
      ["2001:db8::2", 401],
      ["2001:db8::3", 429],
      ["2001:db8:0:1::3", 401],
    ] as const)
      expect([address, (await guess(address))[0]]).toEqual([address, status]);
  });
});

describe("what anybody may ask", () => {
  it("is not limited", async () => {
    const { server } = await startServer({ limits: { requestsPerMinute: 1, failuresPerMinute: 1 } });
    for (const url of ["/healthz", "/readyz", "/openapi.json"]) {
      for (let n = 0; n < 3; n += 1) {
        const { status, headers } = await ask(server, null, "GET", url);
        expect([url, status, headers.ratelimit]).toEqual([url, 200, undefined]);
      }
    }
  });
});

describe("the counter", () => {
  it("remembers a bounded number of senders, and forgets those first whose minute is over", () => {
    let clock = 0;
    const count = createCounter(1, () => clock);
    count("old");
    clock = 30_000;
    count("young");
    for (let n = 0; n < 9_998; n += 1) count(`s${n}`);
    expect(count("young").allowed).toBe(false);
    clock = 60_000;
    count("new");
    expect(count("young").allowed).toBe(false);
    for (let n = 0; n < 10_000; n += 1) count(`t${n}`);
    expect(count("young").allowed).toBe(true);
  });
});
