/** Three missed bounces, found out on the pages by somebody from support who knows neither the code nor the logs. */
import { expect, test } from "vitest";
import { upsertContacts } from "../../src/store/upsert-contacts.ts";
import { expireWaiting } from "../../src/store/waiting-notices.ts";
import { ask } from "../api/server.ts";
import { makeNotice, makeSent } from "../fixtures/make-mail.ts";
import { now } from "../sync/world.ts";
import { signedInAs } from "./browser.ts";
import { received, sent, startWhy } from "./why-world.ts";

const at = new Date(now - 7_200_000);
const later = now + 73 * 3_600_000;

/** The text between tags, as somebody reads it. */
const seen = (body: string): string =>
  body
    .replace(/<[^>]+>/g, " ")
    .replace(/&#39;/g, "'")
    .replace(/\s+/g, " ");

test("a bounce that a rule of the mailbox filed into a folder that was not watched", async () => {
  const world = await startWhy(sent("s1", makeSent(1, at)));
  world.mailbox.elsewhere = { Bounces: [received("b1", makeNotice(1, at))] };
  const browser = await signedInAs(world, "support");
  // The sent message first: nothing is known of a notice, and the page says where else one may lie.
  const bySent = await browser.get("/why?id=%3Cm1%40sales.example%3E");
  expect(seen(bySent.body)).toContain("No notice about this message is in any watched folder");
  expect(seen(bySent.body)).toContain("it may lie in a folder that is not watched");
  // Anna has the notice, and sends it as .eml.
  const found = await browser.upload("/why/message", { field: "file", name: "notice.eml", bytes: Buffer.from(makeNotice(1, at)) });
  expect(seen(found.body)).toContain("The notice lies in “Bounces”, which is not watched; watch it and it is read now.");
  const watched = await browser.submit("/why/watch");
  expect(seen(watched.body)).toContain("“Bounces” is watched from now on and is being read.");
  expect(world.nudges()).toBe(1);
  await world.poll();
  const after = await browser.get("/why?id=%3Cm1%40sales.example%3E");
  expect(seen(after.body)).toContain("It was not missed: it was logged on u1@customer.example's timeline");
  expect(after.body).toMatch(/href="\/contacts\/con_\w+"/);
});

test("a notice in Mimecast's manner, which names no message at all", async () => {
  const notice = `Return-Path: <>\r\nFrom: Mail Delivery System <MAILER-DAEMON@mimecast.example>\r\nTo: anna@sales.example\r\nSubject: [Postmaster] Email Delivery Failure\r\nDate: ${at.toUTCString()}\r\nMessage-ID: <mc1@mimecast.example>\r\nX-MC-System: yes\r\nAuto-Submitted: auto-generated\r\n\r\nThis is a delivery failure notification message indicating that\r\nan email you addressed to email address :\r\n-- u1@customer.example\r\n\r\ncould not be delivered. The problem appears to be :\r\n-- Recipient email address is possibly incorrect\r\n\r\nAdditional information follows :\r\n-- 5.1.1 User unknown\r\n`;
  const world = await startWhy(sent("s1", makeSent(1, at)), received("mc1", notice));
  await expireWaiting(world.database, world.ours.accountId, later);
  const browser = await signedInAs(world, "support");
  await browser.get("/why");
  const found = await browser.upload("/why/message", { field: "file", name: "notice.eml", bytes: Buffer.from(notice) });
  expect(seen(found.body)).toContain("One message probably fits; waiting for anna to confirm.");
  expect(seen(found.body)).toContain("An id in the notice, or a person's word.");
  const [, link] = /class="button" href="(\/notices\/ntc_\w+)"/.exec(found.body) ?? [];
  expect(link).toBeDefined();
  const id = link?.split("/").at(-1) ?? "";
  const offered = (await ask(world.server, world.ours.write, "GET", `/v1/notices/${id}`)).json.recipients[0].suggestions;
  await ask(world.server, world.ours.write, "POST", `/v1/notices/${id}/confirm`, { sentMessageId: offered[0].sentMessageId, by: "Anna" });
  expect(seen((await browser.get("/why?id=%3Cmc1%40mimecast.example%3E")).body)).toContain("It was not missed: it was logged on");
});

test("a notice for a message that another system sent", async () => {
  const world = await startWhy(received("n7", makeNotice(7, at)));
  const browser = await signedInAs(world, "support");
  // What the CRM knows is the id of its own message.
  const bySent = await browser.get("/why?id=%3Cm7%40sales.example%3E");
  expect(seen(bySent.body)).toContain("The mail was sent by another system, so we never saw it; register it through the API.");
  expect(bySent.body).toContain('href="/docs#registerSentMessages"');
  // Days later, by the notice; the recipient is a contact, so nobody forged anything.
  await expireWaiting(world.database, world.ours.accountId, later);
  expect(seen((await browser.get("/why?id=%3Cn7%40mx.relay.example%3E")).body)).toContain("someone forged your address");
  const contact = { externalId: "crm-7", addresses: ["u7@customer.example"] };
  await world.database.transaction((tx) => upsertContacts(tx, world.ours.accountId, [contact], now));
  expect(seen((await browser.get("/why?id=%3Cn7%40mx.relay.example%3E")).body)).toContain("The mail was sent by another system");
  const message = { messageId: "<m7@sales.example>", sentAt: at.toISOString(), recipients: [{ address: "u7@customer.example" }] };
  expect((await ask(world.server, world.ours.write, "POST", "/v1/sent-messages", { messages: [message] })).status).toBe(200);
  expect(seen((await browser.get("/why?id=%3Cm7%40sales.example%3E&language=pl")).body)).toContain("Nie zostało pominięte");
});
