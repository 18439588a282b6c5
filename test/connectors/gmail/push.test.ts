import { expect, test } from "vitest";
import { gmail } from "../../../connectors/gmail/connector.ts";
import { listen } from "../../../connectors/gmail/listen.ts";
import type { Hint, Log, Watch } from "../../../src/ports/connector.ts";
import { failureOf, type GmailStage, letter, openGmail, timesAsked, toolsOf } from "./open-gmail.ts";
import { setUpPubSub } from "./set-up-pubsub.ts";

const day = 86_400_000;
const { push } = gmail;
if (!push) throw new Error("no push");

const until = async (holds: () => boolean): Promise<void> => {
  for (const end = Date.now() + 5000; !holds(); ) {
    if (Date.now() > end) throw new Error("it did not come to that in five seconds");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

const renew = (stage: GmailStage, held: readonly Watch[] = []) => push.renew(stage.inbox, toolsOf(stage), { url: null, held });

/** Listens until `stop`; gives what was heard and what was logged. */
const listening = (stage: GmailStage, work: (hint: Hint) => Promise<void> = async () => {}) => {
  const stopping = new AbortController();
  const [heard, warnings]: [string[], object[]] = [[], []];
  const log: Log = { debug: () => {}, info: () => {}, warn: (fields) => void warnings.push(fields), error: () => {} };
  const ended = listen(stage.app, { signal: stopping.signal, now: Date.now, log }, async (hint) => {
    await work(hint);
    heard.push(hint.watchId);
  });
  const stop = async (): Promise<void> => {
    stopping.abort();
    await ended;
  };
  return { heard, warnings, stop };
};

test("a watch is made for the mailbox's own address, renewed daily, and ended", async () => {
  const stage = await openGmail();
  setUpPubSub(stage);
  const before = Date.now();
  const { watches, renewAt, warning } = await renew({ ...stage, inbox: { ...stage.inbox, address: "anna.alias@sales.example" } });
  expect(warning).toBe(null);
  expect(watches).toEqual([{ id: "anna@sales.example", secretHash: null, about: "mailbox", expiresAt: expect.any(Number) }]);
  expect(watches[0]?.expiresAt).toBeGreaterThan(before + 6 * day);
  expect(renewAt - before).toBeGreaterThan(day - 1000);
  expect(renewAt - before).toBeLessThan(day + 10_000);
  expect(stage.google.pubsub.watched(stage.mailbox)).toBe(true);
  await push.stop(stage.inbox, toolsOf(stage), watches);
  expect(stage.google.pubsub.watched(stage.mailbox)).toBe(false);
  await stage.google.stop();
});

test("a watch that has ended tells nothing, and renewing makes it tell again", async () => {
  const stage = await openGmail();
  setUpPubSub(stage);
  const { watches } = await renew(stage);
  const { pubsub } = stage.google;
  const before = pubsub.backlog;
  stage.google.now = () => Date.now() + 8 * day;
  stage.mailbox.put(letter(1));
  expect(pubsub.backlog).toBe(before);
  stage.google.now = Date.now;
  await renew(stage, watches);
  stage.mailbox.put(letter(2));
  expect(pubsub.backlog).toBe(before + 2);
  await stage.google.stop();
});

test("without a topic nothing is watched, and with a wrong one the owner is told", async () => {
  const stage = await openGmail();
  expect(push.ready(stage.app, "https://x.example")).toBe(false);
  setUpPubSub(stage);
  expect(push.ready(stage.app, null)).toBe(true);
  stage.google.pubsub.topic = "projects/other/topics/other";
  expect(await failureOf(renew(stage))).toMatchObject({ name: "ConnectorError" });
  await stage.google.stop();
});

test("new mail is told of; doubled and strange messages do no harm, and nothing is left over", async () => {
  const stage = await openGmail();
  setUpPubSub(stage);
  await renew(stage);
  const { pubsub } = stage.google;
  pubsub.copies = 2;
  const listener = listening(stage);
  await until(() => listener.heard.length === 1 && pubsub.backlog === 0);
  stage.mailbox.put(letter(1));
  pubsub.publish("no JSON");
  pubsub.publish({ emailAddress: 7 });
  pubsub.publish({ emailAddress: "Nobody@Else.example", historyId: 1 });
  await until(() => listener.heard.includes("nobody@else.example") && pubsub.backlog === 0);
  expect(new Set(listener.heard)).toEqual(new Set(["anna@sales.example", "nobody@else.example"]));
  await listener.stop();
  expect(listener.warnings).toEqual([]);
  await stage.google.stop();
});

test("what could not be worked is not acknowledged, and comes again", async () => {
  const stage = await openGmail();
  setUpPubSub(stage);
  await renew(stage);
  stage.google.pubsub.ackDeadlineMs = 50;
  let failures = 1;
  const listener = listening(stage, async () => {
    if (failures-- > 0) throw new Error("the database does not answer");
  });
  await until(() => listener.heard.length === 1 && stage.google.pubsub.backlog === 0);
  await listener.stop();
  expect(listener.warnings).toHaveLength(1);
  await stage.google.stop();
});

test("failures are waited out: busy, reset and forbidden are told once, and the key is in no line of the log", async () => {
  const stage = await openGmail();
  const key = setUpPubSub(stage);
  await renew(stage);
  stage.google.pubsub.subscriber = null;
  const listener = listening(stage);
  await until(() => listener.warnings.length === 1);
  expect(JSON.stringify(listener.warnings)).toContain("Pub/Sub Subscriber");
  expect(JSON.stringify(listener.warnings)).not.toContain(key.private_key.slice(30, 60));
  stage.google.pubsub.subscriber = key.client_email;
  stage.google.script = ({ method }) => {
    if (method !== "pubsub.pull") return null;
    stage.google.script = () => null;
    return "reset";
  };
  await until(() => listener.heard.length === 1);
  expect(timesAsked(stage, "pubsub.pull")).toBeGreaterThanOrEqual(3);
  expect(listener.warnings).toHaveLength(1);
  await listener.stop();
  await stage.google.stop();
}, 15_000);

test("stopping ends a pull that waits, within a second", async () => {
  const stage = await openGmail();
  setUpPubSub(stage);
  stage.google.pubsub.waitMs = 60_000;
  const listener = listening(stage);
  await until(() => timesAsked(stage, "pubsub.pull") === 1);
  const began = Date.now();
  await listener.stop();
  expect(Date.now() - began).toBeLessThan(1000);
  expect(listener.warnings).toEqual([]);
  stage.google.pubsub.waitMs = 0;
  await stage.google.stop();
});

test("a topic that is none is refused at the start, and the key is not in what is said", () => {
  const serviceAccount = { client_email: "a@b", private_key: "geheim" };
  const pubsub = { topic: "gmail", subscription: "projects/a/subscriptions/b", serviceAccount };
  const checked = gmail.authorize?.app.safeParse({ clientId: "a", clientSecret: "b", pubsub });
  expect(checked?.error?.issues).toMatchObject([{ path: ["pubsub", "topic"] }]);
  expect(String(checked?.error)).not.toContain("geheim");
});
