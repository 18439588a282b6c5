import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { office365 } from "../../../connectors/office365/connector.ts";
import { problem } from "../../fakes/microsoft/graph-service.ts";
import type { Misbehaviour } from "../../fakes/microsoft/start-fake-microsoft.ts";
import { failureOf, idsOf, lastCursor, letter, named } from "../letters.ts";
import { type Office365, openOffice365, pullAll, timesAsked, toolsOf } from "./open-office365.ts";

let stage: Office365;
beforeEach(async () => {
  stage = await openOffice365();
  stage.put("inbox", letter(1));
});
afterEach(() => stage.close());

/** Graph answers the first `times` requests so. */
const firstAnswers = (times: number, answer: Misbehaviour): void => {
  let left = times;
  stage.fake.script = ({ kind }) => (kind === "graph" && left-- > 0 ? answer : null);
};
const throttled = (seconds: number) =>
  problem(429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit.", { "retry-after": String(seconds) });

describe("quotas", () => {
  test("a short wait is waited for once, by everybody on the mailbox", async () => {
    firstAnswers(1, throttled(1));
    const began = Date.now();
    expect(idsOf(await pullAll(stage))).toEqual(named(1));
    expect(Date.now() - began).toBeGreaterThanOrEqual(1000);
  });

  test("asked to wait twice: rate_limited with the time asked for, and no third request", async () => {
    firstAnswers(5, throttled(1));
    expect(await failureOf(pullAll(stage))).toMatchObject({ kind: "rate_limited", retryAfterMs: 1000 });
    expect(timesAsked(stage)).toBe(2);
  });

  test.each([
    [429, throttled(900), 1],
    [503, problem(503, "serviceNotAvailable", "Busy.", { "retry-after": "120" }), 1],
  ])("a long wait (%i) is the poll's to keep: one request", async (_, answer, times) => {
    firstAnswers(5, answer);
    const failure = await failureOf(pullAll(stage));
    expect(failure).toMatchObject({ kind: "rate_limited", retryAfterMs: expect.any(Number) });
    expect(timesAsked(stage)).toBe(times);
  });

  test.each([
    ["a date", problem(429, "ApplicationThrottled", "Over.", { "retry-after": new Date(Date.now() + 300_000).toUTCString() }), 300_000],
    ["the error's words", problem(429, "ApplicationThrottled", "Over its limit. Please try again in 5 minutes."), 300_000],
  ])("the wait may be told as %s", async (_, answer, wait) => {
    firstAnswers(5, answer);
    const failure = (await failureOf(pullAll(stage))) as { retryAfterMs: number };
    expect(Math.abs(failure.retryAfterMs - wait)).toBeLessThan(5000);
  });

  test.each([
    ["500", problem(500, "ErrorInternalServerError", "An internal server error occurred.")],
    ["503", problem(503, "serviceNotAvailable", "The service is temporarily unavailable.")],
    ["504", problem(504, "ErrorTimeoutExpired", "The operation timed out.")],
    ["a reset", "reset"],
  ] as const)("%s once is asked again; twice is unavailable", async (_, answer) => {
    firstAnswers(1, answer);
    expect(idsOf(await pullAll(stage))).toEqual(named(1));
    firstAnswers(100, answer);
    expect(await failureOf(pullAll(stage))).toMatchObject({ kind: "unavailable" });
  });

  test("a failure in the middle of a first sync loses nothing: the next pull goes on at the last page", async () => {
    for (let n = 2; n <= 450; n++) stage.put("inbox", letter(n));
    stage.fake.script = ({ path, search }) =>
      path.endsWith("/messages") && search.get("$filter")?.includes(" lt ") && timesAsked(stage, "/messages") > 12 ? "reset" : null;
    const session = await office365.open(stage.inbox, toolsOf(stage));
    const told: string[] = [];
    let cursor = lastCursor([]);
    const pulling = (async () => {
      for await (const page of session.pull(null)) {
        told.push(...idsOf([page]));
        cursor = page.cursor;
      }
    })();
    await failureOf(pulling);
    stage.fake.script = () => null;
    told.push(...idsOf(await pullAll(stage, cursor)));
    expect(new Set(told).size).toBe(450);
    expect(told.length, "and nothing is told again").toBe(450);
  });

  test("the limiter is asked before each request, for the mailbox and for the app", async () => {
    const taken: string[] = [];
    const tools = toolsOf(stage);
    const limiter = {
      ...tools.limiter,
      take: async (key: string, units: number, signal: AbortSignal) => {
        taken.push(key);
        await tools.limiter.take(key, units, signal);
      },
    };
    await pullAll(stage, null, { limiter });
    expect(taken.filter((key) => key === "office365:mailbox:inb_1")).toHaveLength(timesAsked(stage));
    expect(taken.filter((key) => key === "office365:app")).toHaveLength(timesAsked(stage));
  });

  test("several sessions of one mailbox together have no more than four requests open", async () => {
    for (let n = 2; n <= 30; n++) stage.put("inbox", letter(n), { hasHeader: false });
    await Promise.all([pullAll(stage), pullAll(stage), pullAll(stage)]);
    expect(stage.fake.mostOpen).toBeLessThanOrEqual(4);
    expect(stage.fake.seen.filter(({ status }) => status === 429)).toEqual([]);
  });
});

describe("permissions", () => {
  test("mail that may not be read: missing_permission", async () => {
    stage.secrets.accessToken = stage.fake.signIn.signedIn("anna@sales.example", ["User.Read"]).accessToken;
    expect(await failureOf(pullAll(stage))).toMatchObject({ kind: "auth", outcome: "missing_permission" });
  });
});

describe("the probe", () => {
  test("says of each assumption whether it holds, with mail to look at and without", async () => {
    const answers = await office365.probe(stage.inbox, toolsOf(stage));
    expect(answers.filter(({ holds }) => holds === false)).toEqual([]);
    expect(answers.filter(({ holds }) => holds === true).length).toBeGreaterThanOrEqual(8);
    stage.box.remove(stage.box.find("<1@sales.example>"));
    const without = await office365.probe(stage.inbox, toolsOf(stage));
    expect(without.filter(({ holds }) => holds === "unknown").length).toBeGreaterThan(3);
  });

  test("an assumption that fails is told, not thrown", async () => {
    stage.fake.graph.moods.refuseExpand = true;
    const answers = await office365.probe(stage.inbox, toolsOf(stage));
    expect(answers.find(({ assumption }) => assumption.includes("class"))?.holds).toBe(false);
  });
});
