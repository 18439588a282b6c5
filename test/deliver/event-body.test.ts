import { describe, expect, it } from "vitest";
import { eventBody, largestBody } from "../../src/deliver/event-body.ts";
import { eventTypes, isEventFilter, sampleData } from "../../src/deliver/event-types.ts";
import type { Json } from "../../src/ports/connector.ts";

const event = (data: Json) => ({
  id: "evt_1",
  type: "engagement.updated",
  at: Date.UTC(2026, 10, 25, 17),
  sequence: 7,
  accountId: "acc_1",
  backfill: false,
  data,
});
const size = (data: Json): number => Buffer.byteLength(JSON.stringify(eventBody(event(data))));

describe("the body of an event", () => {
  it("is the contract's, and whole while it is small", () => {
    const data = { engagement: { server: { diagnostic: "550 ".repeat(500) } } };
    expect(eventBody(event(data))).toEqual({
      id: "evt_1",
      object: "event",
      type: "engagement.updated",
      timestamp: "2026-11-25T17:00:00.000Z",
      sequence: 7,
      accountId: "acc_1",
      backfill: false,
      data,
    });
  });

  it("keeps ids and states when long words, long histories or deep nests have to be cut", () => {
    const history = Array.from({ length: 400 }, (_, i) => ({ state: "pending", at: String(i), because: "delay_notice" }));
    const engagement = { id: "eng_1", state: "hard", server: { diagnostic: "ż".repeat(15_000) }, history };
    const body = eventBody(event({ engagement, previous: { state: "pending" } }));
    const cut = body.data as { truncated: boolean; engagement: typeof engagement; previous: object };
    expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThan(largestBody);
    expect(cut).toMatchObject({ truncated: true, engagement: { id: "eng_1", state: "hard" }, previous: { state: "pending" } });
    expect(cut.engagement.history.at(-1)).toEqual(history.at(-1));
    expect(cut.engagement.server.diagnostic).toMatch(/^ż+…$/);
  });

  it("stays below 20 KB whatever it holds, and is well-formed text", () => {
    let deep: Json = "x";
    for (let i = 0; i < 2_000; i += 1) deep = { deep, more: "y".repeat(50) };
    const wide = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`key${i}`, "z"]));
    for (const data of [deep, wide, { list: Array.from({ length: 9_000 }, () => "😀") }, { text: "😀".repeat(30_000) }])
      expect(size(data as Json)).toBeLessThan(largestBody);
    const odd = eventBody(event({ a: `${"x".repeat(999)}😀${"y".repeat(30_000)}` }));
    expect((odd.data.a as string).isWellFormed()).toBe(true);
  });
});

describe("types of events", () => {
  it("each has a test event that says it is one", () => {
    for (const type of eventTypes) expect(sampleData(type)).toMatchObject({ test: true });
    expect(sampleData("toString")).toBeNull();
    expect(sampleData("engagement.creatd")).toBeNull();
  });

  it("a filter is a type, a group or everything; a typing error is none", () => {
    expect(["*", "engagement.*", "connect_link.*", "webhook.disabled"].filter(isEventFilter)).toHaveLength(4);
    expect(["", "engagement", "engagement.", "eng*", "engagement.creatd", "*.*", "%"].filter(isEventFilter)).toEqual([]);
  });
});
