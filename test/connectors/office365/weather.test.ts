import { afterEach, beforeEach, expect, test } from "vitest";
import { office365 } from "../../../connectors/office365/connector.ts";
import type { Cursor } from "../../../src/ports/connector.ts";
import { problem } from "../../fakes/microsoft/graph-service.ts";
import { signInProblem } from "../../fakes/microsoft/sign-in-service.ts";
import type { Misbehaviour, Seen } from "../../fakes/microsoft/start-fake-microsoft.ts";
import { idsOf, letter } from "../letters.ts";
import { type Office365, openOffice365, toolsOf } from "./open-office365.ts";

let stage: Office365;
beforeEach(async () => {
  stage = await openOffice365();
});
afterEach(() => stage.close());

/** The same numbers in every run (mulberry32). */
const createDice = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
};

const onGraph: readonly ((seen: Seen) => Misbehaviour)[] = [
  () => "reset",
  () => problem(429, "ApplicationThrottled", "Over its limit.", { "retry-after": "0" }),
  () => problem(429, "ApplicationThrottled", "Over its limit.", { "retry-after": "600" }),
  () => problem(503, "serviceNotAvailable", "Busy."),
  () => problem(504, "ErrorTimeoutExpired", "Too slow."),
  () => {
    stage.fake.signIn.expireAccessTokens();
    return null;
  },
  ({ path }) => (path.endsWith("/delta") ? problem(410, "SyncStateNotFound", "The sync state generation is not found.") : null),
];
const onToken: readonly Misbehaviour[] = ["reset", signInProblem(503, "temporarily_unavailable", 90033, "A transient error.")];

test("in bad weather every message is told, from first sync to last poll, and nobody is asked to reconnect", async () => {
  const dice = createDice(20261125);
  const pick = <T>(of: readonly T[]): T => of[Math.floor(dice() * of.length)] as T;
  for (let n = 0; n < 700; n++) stage.put(pick(["inbox", "sentitems", "junkemail"]), letter(`old${n}`));
  let stormy = true;
  stage.fake.script = (seen) => {
    if (!stormy || dice() > 0.08) return null;
    if (seen.kind === "graph") return pick(onGraph)(seen);
    return seen.kind === "token" ? pick(onToken) : null;
  };
  const told = new Set<string>();
  const kinds = new Set<string>();
  let cursor: Cursor = null;
  const poll = async (): Promise<void> => {
    const session = await office365.open(stage.inbox, toolsOf(stage));
    try {
      for await (const page of session.pull(JSON.parse(JSON.stringify(cursor)))) {
        for (const id of idsOf([page])) told.add(id);
        cursor = page.cursor;
      }
    } catch (error) {
      kinds.add((error as { kind?: string }).kind ?? String(error));
    }
  };
  const put: string[] = [];
  for (let round = 0; round < 40; round++) {
    for (let n = 0; n < 5; n++) {
      put.push(`<r${round}-${n}@sales.example>`);
      stage.put(pick(["inbox", "sentitems", "junkemail", "Bounces"]), letter(`r${round}-${n}`));
    }
    if (dice() < 0.1) stage.box.generation++;
    await poll();
  }
  stormy = false;
  await poll();
  const missed = [...Array.from({ length: 700 }, (_, n) => `<old${n}@sales.example>`), ...put].filter((id) => !told.has(id));
  expect(missed).toEqual([]);
  expect([...kinds].filter((kind) => !["unavailable", "rate_limited"].includes(kind))).toEqual([]);
  expect(kinds).toContain("rate_limited");
}, 120_000);
