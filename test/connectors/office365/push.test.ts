import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { office365, office365App } from "../../../connectors/office365/connector.ts";
import type { Hint, Watch } from "../../../src/ports/connector.ts";
import { letter } from "../letters.ts";
import { type Office365, openOffice365, toolsOf } from "./open-office365.ts";

const { push } = office365;
if (!push?.receive) throw new Error("no push");
const { receive } = push;

const minute = 60_000;
const url = "https://bounceline.example/push/office365";

/** A stand-in whose notifications are read by the connector; what they say is kept. */
const stage = async (settings: Parameters<typeof openOffice365>[0] = {}) => {
  const made = await openOffice365(settings);
  const hints: Hint[] = [];
  const { subscriptions } = made.fake;
  subscriptions.post = async (to, body) => {
    const { origin, pathname, searchParams } = new URL(to);
    expect(origin + pathname).toBe(url);
    const { answer, hints: said } = receive({ query: Object.fromEntries(searchParams), body: body ?? "" });
    hints.push(...said);
    return { status: answer === null ? 202 : 200, type: "text/plain; charset=utf-8", text: answer ?? "" };
  };
  return { ...made, hints, subscriptions };
};

const renew = (made: Office365, held: readonly Watch[] = []) => push.renew(made.inbox, toolsOf(made), { url, held });

const proves = ({ secret }: Hint, watches: readonly Watch[], id: string): boolean =>
  createHash("sha256")
    .update(secret ?? "")
    .digest("hex") === watches.find((each) => each.id === id)?.secretHash;

test("each watched folder is subscribed to, and its notifications prove themselves", async () => {
  const made = await stage();
  const before = Date.now();
  const { watches, renewAt, warning } = await renew(made);
  expect(warning).toBe(null);
  expect(watches.map(({ about }) => about)).toEqual(["sentitems", "inbox", "junkemail", "Bounces"]);
  expect(new Set(watches.map(({ secretHash }) => secretHash)).size).toBe(4);
  expect((renewAt - before) / minute).toBeCloseTo(2100, 0);
  made.subscriptions.copies = 2;
  made.put("inbox", letter(1));
  made.put("Bounces", letter(2));
  made.put("drafts", letter(3));
  await expect.poll(() => made.hints.length).toBe(4);
  expect(made.hints.every((hint) => hint.wants === "poll" && proves(hint, watches, hint.watchId))).toBe(true);
  expect(made.subscriptions.answered).toEqual([202, 202, 202, 202]);
  await made.close();
});

test("what was granted is read back, and renewed without making anything anew", async () => {
  const made = await stage();
  const first = await renew(made);
  made.fake.script = ({ method }) =>
    method === "PATCH" ? null : { status: 500, shape: "error", body: { error: { code: "x", message: "not asked" } } };
  const second = await renew(made, first.watches);
  expect(second.warning).toBe(null);
  expect(second.watches.map(({ id, secretHash }) => [id, secretHash])).toEqual(first.watches.map(({ id, secretHash }) => [id, secretHash]));
  for (const { id, expiresAt } of second.watches) {
    expect(expiresAt).toBe(Date.parse(made.subscriptions.active.get(id)?.expirationDateTime ?? ""));
  }
  await made.close();
});

test("subscriptions that have ended are made again, those of folders no longer watched are ended", async () => {
  const made = await stage();
  const { watches } = await renew(made);
  await made.subscriptions.lifecycle("subscriptionRemoved");
  expect(made.hints.map(({ wants }) => wants)).toEqual(["renew", "renew", "renew", "renew"]);
  const again = await renew(made, watches);
  expect(again.watches).toHaveLength(4);
  expect(again.watches.some(({ id }) => watches.some((each) => each.id === id))).toBe(false);
  const fewer = await push.renew({ ...made.inbox, settings: {} }, toolsOf(made), { url, held: again.watches });
  expect(fewer.watches.map(({ about }) => about)).toEqual(["sentitems", "inbox", "junkemail"]);
  expect(made.subscriptions.active.size).toBe(3);
  await push.stop(made.inbox, toolsOf(made), again.watches);
  expect(made.subscriptions.active.size).toBe(0);
  await made.close();
});

test("subscriptions that have expired are made anew, without asking for the old ones", async () => {
  const made = await stage();
  const { watches } = await renew(made);
  const later = Date.now() + 5000 * minute;
  const now = () => later;
  made.fake.now = now;
  made.secrets.expiresAt = later + 60 * minute;
  const again = await push.renew(made.inbox, toolsOf(made, { now }), { url, held: watches });
  expect(again.warning).toBe(null);
  expect(again.watches).toHaveLength(4);
  expect(made.fake.seen.filter(({ method }) => method === "PATCH")).toEqual([]);
  await made.close();
});

test("lifecycle events: missed polls, reauthorizationRequired renews", async () => {
  const made = await stage();
  const { watches } = await renew(made);
  await made.subscriptions.lifecycle("missed");
  await made.subscriptions.lifecycle("reauthorizationRequired");
  expect(made.hints.map(({ wants }) => wants)).toEqual([...Array(4).fill("poll"), ...Array(4).fill("renew")]);
  expect(made.hints.every((hint) => proves(hint, watches, hint.watchId))).toBe(true);
  await made.close();
});

test("too many subscriptions on a mailbox are a warning; what could be made stays", async () => {
  const made = await stage();
  made.subscriptions.most = 2;
  const { watches, renewAt, warning } = await renew(made);
  expect(watches.map(({ about }) => about)).toEqual(["sentitems", "inbox"]);
  expect(warning).toContain("too many active subscriptions");
  expect(renewAt - Date.now()).toBeLessThan(61 * minute);
  made.subscriptions.most = 1000;
  const again = await renew(made, watches);
  expect(again.watches).toHaveLength(4);
  expect(again.warning).toBe(null);
  expect(made.subscriptions.active.size).toBe(4);
  await made.close();
});

test("an address that does not answer the handshake gets no subscription, and a failing service costs none that is held", async () => {
  const made = await stage();
  const { post } = made.subscriptions;
  made.subscriptions.post = async () => ({ status: 404, type: "text/plain", text: "" });
  expect((await renew(made)).watches).toEqual([]);
  made.subscriptions.post = post;
  const { watches } = await renew(made);
  made.fake.script = ({ method }) =>
    method === "PATCH" ? { status: 503, shape: "error", body: { error: { code: "serviceNotAvailable", message: "busy" } } } : null;
  const again = await renew(made, watches);
  expect(again.watches).toEqual(watches);
  expect(again.warning).not.toBe(null);
  await made.close();
}, 20_000);

test("notifications without sense say nothing", () => {
  for (const body of [
    "",
    "null",
    "[]",
    "{",
    '{"value":7}',
    '{"value":[{"subscriptionId":7}]}',
    `{"value":[{"subscriptionId":"${"x".repeat(201)}"}]}`,
  ]) {
    expect(receive({ query: {}, body })).toEqual({ answer: null, hints: [] });
  }
  const bare = receive({ query: { validationToken: ["a", "b"] }, body: '{"value":[{"subscriptionId":"x"}]}' });
  expect(bare).toEqual({ answer: null, hints: [{ watchId: "x", secret: "", wants: "poll" }] });
});

test("only with a public https address and an app; a shared mailbox is told of to the app alone", async () => {
  const made = await stage({ sharedMailbox: "team@sales.example" });
  expect(push.ready(made.app, null)).toBe(false);
  expect(push.ready(null, url)).toBe(false);
  expect(push.ready(made.app, url)).toBe(true);
  const shared = await renew(made);
  expect(shared.watches).toEqual([]);
  expect(shared.warning).toContain("shared mailbox");
  expect(made.fake.seen).toEqual([]);
  expect(office365App.push).toBe(push);
  await made.close();
});
