import { expect, test } from "vitest";
import { getInbox } from "../../src/store/inboxes.ts";
import { ask, startServer } from "../api/server.ts";
import { makeNotice, makeSent } from "../fixtures/make-mail.ts";
import { now } from "../sync/world.ts";
import { signedInAs } from "./browser.ts";
import { received, sent, startWhy } from "./why-world.ts";

const at = new Date(now - 7_200_000);

/** Looks again until the comparison has ended, as the page does by itself. */
const ended = async (look: () => Promise<string>): Promise<string> => {
  for (let body = await look(); ; body = await look()) if (!body.includes("hx-trigger")) return body;
};

test("coverage: every inbox with its numbers; check now finds what is missing, lists it, and it is read", async () => {
  const world = await startWhy(sent("s1", makeSent(1, at)));
  world.mailbox.messages.unshift(received("lost", makeNotice(1, at)));
  const browser = await signedInAs(world, "support");
  const { inboxId } = world.ours;
  expect((await browser.get("/coverage")).body).toContain("Compared: not yet");
  const running = await browser.submit(`/coverage/${inboxId}/check`);
  expect(running.status).toBe(200);
  const part = await ended(async () => (await browser.get(`/coverage/${inboxId}`, { "hx-request": "true" })).body);
  expect(part).toContain("<b>1 of 2</b>");
  expect(part).toContain("Missing: 1");
  expect(part).toContain("queued to be read");
  expect(part).toMatch(/^<section class="covered"/);
  // Opened by hand, it leads to the page it is of.
  const whole = await browser.get(`/coverage/${inboxId}`);
  expect(whole.url).toBe(`/coverage#${inboxId}`);
  expect(whole.body).toMatch(/^<!doctype html>[\s\S]*<link rel="stylesheet"[\s\S]*<section class="covered"/);
  const api = await ask(world.server, world.ours.read, "GET", `/v1/inboxes/${inboxId}`);
  expect(api.json.coverage).toEqual({ gap: 1, checkedAt: new Date(now).toISOString() });
  await world.poll();
  const after = (await browser.get("/coverage?language=pl")).body;
  expect(after).toContain("już przeczytane");
  expect(after).toContain("<b>1 z 2</b>");
  expect((await browser.get("/why?id=%3Cn1%40mx.relay.example%3E")).body).toContain('data-code="logged"');
});

test("coverage is for support and owners, and of their own account", async () => {
  const test = await startServer();
  expect((await (await signedInAs(test, "sales")).get("/coverage")).status).toBe(403);
  const browser = await signedInAs(test, "support");
  expect((await browser.get(`/coverage/${test.theirs.inboxId}`)).status).toBe(404);
  const csrf = /name="csrf" value="([^"]+)"/.exec((await browser.get("/coverage")).body)?.[1] ?? "";
  expect((await browser.submit(`/coverage/${test.theirs.inboxId}/check`, { csrf })).status).toBe(404);
  expect((await ask(test.server, test.ours.read, "GET", "/v1/inboxes")).json.data[0].coverage).toEqual({ gap: null, checkedAt: null });
  expect(await getInbox(test.database.read, test.theirs.accountId, test.theirs.inboxId)).not.toBeNull();
});
