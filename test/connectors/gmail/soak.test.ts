import { expect, test } from "vitest";
import { gmail } from "../../../connectors/gmail/connector.ts";
import { ConnectorError, type Cursor } from "../../../src/ports/connector.ts";
import { badToken, failure, notFound } from "../../fakes/google/answer.ts";
import type { Script } from "../../fakes/google/start-google.ts";
import { type GmailStage, letter, openGmail, toolsOf } from "./open-gmail.ts";

/** A small generator (Lehmer), so that a run that fails can be repeated. */
const dice = (seed: number) => (): number => {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed / 2_147_483_647;
};

const labels = [["INBOX", "UNREAD"], ["SENT"], ["SPAM"], ["Label_7"], ["TRASH"], ["SENT", "INBOX"]];
const troubles = [
  failure(429, "rateLimitExceeded", "Too many concurrent requests for user", { "retry-after": "1" }),
  failure(403, "userRateLimitExceeded", "User-rate limit exceeded.  Retry after 2026-11-25T18:30:00.000Z"),
  failure(429, "rateLimitExceeded", "Too many concurrent requests for user", {
    "retry-after": "600",
  }),
  badToken(),
  failure(503, "backendError", "The service is currently unavailable."),
  "reset",
] as const;

/** One turn on the mailbox, which may fail or be stopped anywhere. The cursor moves with each page, as in the database. */
const turn = async (stage: GmailStage, held: { cursor: Cursor; seen: Set<string> }, stopAfter: number): Promise<void> => {
  const session = await gmail.open(stage.inbox, toolsOf(stage));
  let pages = 0;
  for await (const page of session.pull(held.cursor)) {
    for (const { ref } of page.messages) held.seen.add(ref);
    held.cursor = JSON.parse(JSON.stringify(page.cursor));
    if (++pages >= stopAfter) return;
  }
};

const change = (stage: GmailStage, roll: () => number, round: number): void => {
  for (let n = Math.floor(roll() * 25); n >= 0; n--) stage.mailbox.put(letter(`${round}-${n}`), labels[Math.floor(roll() * labels.length)]);
  if (roll() < 0.3) stage.mailbox.put(letter(`${round}-draft`), ["DRAFT"]);
  const some = [...stage.mailbox.messages.keys()];
  if (roll() < 0.5) stage.mailbox.label(some[Math.floor(roll() * some.length)] ?? "", ["STARRED"], ["UNREAD"]);
  if (roll() < 0.2) stage.mailbox.remove(some[Math.floor(roll() * some.length)] ?? "");
  if (roll() < 0.15) stage.mailbox.forgetChanges();
  if (roll() < 0.2) stage.google.oauth.endAccess();
  stage.google.oddities = { emptyHistoryPages: roll() < 0.3 ? 2 : 0, duplicateAdditions: roll() < 0.3, bareHistory: roll() < 0.5 };
};

const trouble =
  (roll: () => number): Script =>
  ({ method }) => {
    if (method.startsWith("gmail") && roll() < 0.03) return troubles[Math.floor(roll() * troubles.length)] ?? null;
    return method === "gmail.users.history.list" && roll() < 0.1 ? notFound() : null;
  };

test("whatever goes wrong, in the end every message has been seen", async () => {
  const stage = await openGmail({ firstSync: "everything" });
  stage.google.quota.perUserPerMinute = 1_000_000;
  stage.google.oauth.rotates = true;
  const roll = dice(2007);
  const held = { cursor: null as Cursor, seen: new Set<string>() };
  const kinds = new Set<string>();
  for (let round = 0; round < 25; round++) {
    change(stage, roll, round);
    stage.google.script = trouble(roll);
    await turn(stage, held, roll() < 0.3 ? 1 : 100).catch((error: unknown) => {
      if (!(error instanceof ConnectorError)) throw error;
      kinds.add(error.kind);
    });
  }
  stage.google.script = () => null;
  await turn(stage, held, 1000);
  const mail = [...stage.mailbox.messages.values()].filter((message) => !message.labels.has("DRAFT")).map(({ id }) => id);
  expect(mail.filter((id) => !held.seen.has(id))).toEqual([]);
  expect(mail.length).toBeGreaterThan(200);
  expect(kinds).toContain("rate_limited");
  await stage.google.stop();
}, 60_000);
