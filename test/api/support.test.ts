import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { getInbox } from "../../src/store/inboxes.ts";
import { expireWaiting } from "../../src/store/waiting-notices.ts";
import { makeNotice } from "../fixtures/make-mail.ts";
import { now, worldOf } from "../sync/world.ts";
import { ask, startServer, type TestServer } from "./server.ts";

const sentAt = new Date(now - 3_600_000).toISOString();

/** A notice that names no message: recipient and subject only, as some gateways write them. */
const gatewayNotice = (subject: string) =>
  makeNotice(7, new Date(now))
    .replace("Message-ID: <m7@sales.example>\r\n", "")
    .replace("Subject: Undelivered Mail Returned to Sender", `Subject: ${subject}`)
    .replace("Subject: Offer 7\r\n", "");

const receive = async ({ database, ours }: TestServer, raw: string): Promise<void> => {
  const inbox = await getInbox(database.read, ours.accountId, ours.inboxId);
  if (!inbox) throw new Error("no inbox");
  const messages = Array.from({ length: 4 }, (_, n) => ({
    ref: `old-${n}`,
    role: "inbox" as const,
    raw: Buffer.from("Subject: x\r\n\r\n"),
    receivedAt: now,
  }));
  await worldOf(database, ours.accountId, inbox, {
    messages: [...messages, { ref: "gateway", role: "inbox", raw: Buffer.from(raw), receivedAt: now }],
  }).turn();
};

describe("messages that left through another system", () => {
  const message = {
    messageId: "<m7@sales.example>",
    sentAt,
    subject: "Offer 7",
    from: "anna@sales.example",
    recipients: [{ address: "u7@customer.example" }],
    kind: "marketing",
    sendId: "newsletter-3",
    externalId: "crm-mail-7",
    metadata: { dealId: "d-7" },
  };

  it("are registered once, tie notices that waited for them, and a send tells who bounced", async () => {
    const test = await startServer();
    const { server, ours } = test;
    await receive(test, makeNotice(7, new Date(now)));
    expect((await ask(server, ours.read, "GET", "/v1/notices?state=waiting")).json.data).toHaveLength(1);
    const ok = {
      ...message,
      messageId: "<m8@sales.example>",
      externalId: null,
      recipients: [{ address: "u8@customer.example", name: "Eva" }],
    };
    const made = await ask(server, ours.write, "POST", "/v1/sent-messages", { messages: [message, ok] });
    expect(made.json.data).toMatchObject([{ id: expect.stringMatching(/^msg_/), messageId: "<m7@sales.example>" }, {}]);
    const again = await ask(server, ours.write, "POST", "/v1/sent-messages", { messages: [message] });
    expect(again.json.data[0].id).toBe(made.json.data[0].id);

    const recipients = (await ask(server, ours.read, "GET", "/v1/sends/newsletter-3/recipients")).json.data;
    expect(recipients).toMatchObject([
      { address: "u7@customer.example", state: "hard", engagementId: expect.stringMatching(/^eng_/), externalId: "crm-mail-7" },
      { address: "u8@customer.example", name: "Eva", state: null, engagementId: null },
    ]);
    expect((await ask(server, ours.read, "GET", "/v1/sends/newsletter-3/recipients?state=hard")).json.data).toHaveLength(1);
    const bounce = (await ask(server, ours.read, "GET", `/v1/engagements/${recipients[0].engagementId}?expand=sentMessage`)).json;
    expect(bounce.sentMessage).toMatchObject({ kind: "marketing", sendId: "newsletter-3", metadata: { dealId: "d-7" } });
    expect((await ask(server, ours.read, "GET", `/v1/sent-messages/${bounce.sentMessageId}`)).json).toMatchObject({
      inboxId: null,
      subject: "Offer 7",
    });
    expect((await ask(server, ours.read, "GET", "/v1/sent-messages?sendId=newsletter-3")).json.data).toHaveLength(2);
  });

  it("are refused whole where one is wrong", async () => {
    const { server, ours } = await startServer();
    const bad = { ...message, sentAt: "yesterday", recipients: [] };
    const { status, json } = await ask(server, ours.write, "POST", "/v1/sent-messages", { messages: [message, bad] });
    expect([status, json.errors.map((error: { pointer: string }) => error.pointer)]).toEqual([
      422,
      ["/body/messages/1/sentAt", "/body/messages/1/recipients"],
    ]);
    expect((await ask(server, ours.read, "GET", "/v1/sent-messages?sendId=newsletter-3")).json.data).toEqual([]);
  });
});

describe("the unmatched queue", () => {
  const unmatched = async (test: TestServer) => {
    const { server, ours, database } = test;
    await ask(server, ours.write, "POST", "/v1/sent-messages", {
      messages: [
        {
          messageId: "<m7@sales.example>",
          sentAt,
          subject: "Offer 7",
          from: "anna@sales.example",
          recipients: [{ address: "u7@customer.example" }],
        },
      ],
    });
    await receive(test, gatewayNotice("[Postmaster] Email Delivery Failure"));
    await expireWaiting(database, ours.accountId, now + 72 * 3_600_000);
    const [notice] = (await ask(server, ours.read, "GET", "/v1/notices?state=unmatched")).json.data;
    return notice;
  };

  it("offers what probably fits, and a person's word logs it", async () => {
    const test = await startServer();
    const { server, ours } = test;
    const notice = await unmatched(test);
    expect(notice).toMatchObject({
      kind: "failure",
      recipients: [{ address: "u7@customer.example", engagementId: null, suggestions: [{ rule: "recipient_time" }] }],
    });
    const body = { sentMessageId: notice.recipients[0].suggestions[0].sentMessageId, by: "Ola" };
    expect((await ask(server, ours.read, "POST", `/v1/notices/${notice.id}/confirm`, body)).status).toBe(403);
    expect((await ask(server, ours.write, "POST", `/v1/notices/${notice.id}/confirm`, { ...body, sentMessageId: "msg_none" })).status).toBe(
      404,
    );
    const confirmed = (await ask(server, ours.write, "POST", `/v1/notices/${notice.id}/confirm`, body)).json;
    expect(confirmed).toMatchObject({ state: "matched", recipients: [{ because: "Ola said that it is about this message." }] });
    const bounce = (await ask(server, ours.read, "GET", `/v1/engagements/${confirmed.recipients[0].engagementId}`)).json;
    expect(bounce).toMatchObject({ state: "hard", match: { rule: "confirmed", confirmedBy: "Ola" } });
  });

  it("is emptied by a dismissal too", async () => {
    const test = await startServer();
    const { server, ours } = test;
    const notice = await unmatched(test);
    expect((await ask(server, ours.write, "POST", `/v1/notices/${notice.id}/dismiss`, { by: "Ola" })).json.state).toBe("dismissed");
    expect((await ask(server, ours.read, "GET", "/v1/notices?state=unmatched")).json.data).toEqual([]);
    expect((await ask(server, ours.write, "POST", "/v1/notices/ntc_none/dismiss", {})).status).toBe(404);
  });
});

describe("why not?", () => {
  it("is answered for a notice, a sent message and a stranger, in the reader's language", async () => {
    const { server, ours } = await startServer();
    const explain = async (body: object, query = "") => (await ask(server, ours.read, "POST", `/v1/explain${query}`, body)).json;
    const notice = (await explain({ messageId: "<20261125155050.525FB240BC8@postfix.relay.test>" })).data[0];
    expect(notice).toMatchObject({
      code: "logged",
      sentence: "It was not missed: it was logged on nobody@customer.example's timeline at 25 Nov 2026, 17:00.",
    });
    expect(notice.steps.length).toBeGreaterThan(3);
    expect((await explain({ inboxId: ours.inboxId, ref: "INBOX/postfix-unknown-user" })).data[0].code).toBe("logged");
    expect((await explain({ messageId: "<ef34dd6403da449d.mwwavyoi@sales.example>" }, "?language=pl")).data[0].sentence).toMatch(
      /^Nie zostało pominięte/,
    );
    expect((await explain({ messageId: "<nobody@knows.example>" })).data[0].code).toBe("not_seen");
    expect(await explain({ inboxId: ours.inboxId, ref: "nowhere" })).toMatchObject({ status: 404 });
    expect(await explain({})).toMatchObject({ status: 422 });
  });

  it("an uploaded message is inspected and nothing is stored", async () => {
    const { server, ours } = await startServer();
    const payload = readFileSync(join(import.meta.dirname, "../fixtures/lab-mails/mails/exim/unknown-user.eml"));
    const send = (key: string, type: string) =>
      server.inject({ method: "POST", url: "/v1/inspect", payload, headers: { authorization: `Bearer ${key}`, "content-type": type } });
    const inspected = await send(ours.read, "message/rfc822");
    expect(inspected.json()).toMatchObject({
      verdict: "bounce",
      recipients: [{ address: "nobody@customer.example", category: "unknown_user" }],
    });
    expect((await send("bl_read_wrong", "message/rfc822")).statusCode).toBe(401);
    expect((await send(ours.read, "text/html")).statusCode).toBe(422);
  });
});
