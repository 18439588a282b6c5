import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ConnectorError } from "../../src/ports/connector.ts";
import { createInbox } from "../../src/store/inboxes.ts";
import { fromLocal, toLocal } from "../../src/web/page/local-time.ts";
import { readForm } from "../../src/web/page/read-form.ts";
import { ask, startServer } from "../api/server.ts";
import { makeNotice, makeSent } from "../fixtures/make-mail.ts";
import { temporaryDirectory } from "../store/engines.ts";
import { now } from "../sync/world.ts";
import { openBrowser, signedInAs } from "./browser.ts";
import { received, sent, startWhy } from "./why-world.ts";

const at = new Date(now - 7_200_000);
const logged = "/why?id=%3C20261125155050.525FB240BC8%40postfix.relay.test%3E";

describe("asking why", () => {
  test("is for who is signed in, in both languages, and says what to enter", async () => {
    const test = await startServer();
    expect((await openBrowser(test).get("/why")).body).toContain('action="/signin"');
    const browser = await signedInAs(test, "support");
    const page = await browser.get("/why");
    expect(page.body).toContain("<h1>Why not?</h1>");
    expect(page.body).toMatch(/<label>Message-ID<input name="id"/);
    expect((await browser.get("/why?id=")).status).toBe(422);
    expect((await browser.get("/why?mailbox=&hour=")).status).toBe(422);
    const answer = await browser.get(logged);
    expect(answer.body).toMatch(/<section class="answer" data-code="logged">/);
    expect(answer.body).toContain('<li lang="en">');
    const polish = (await browser.get(`${logged}&language=pl`)).body;
    expect(polish).toContain("Nie zostało pominięte");
    expect(polish).toContain('<li lang="pl">To raport z częścią delivery-status (RFC 3464, 6533).</li>');
    expect(polish).not.toContain('<li lang="en">');
    expect(polish).not.toContain("tylko po angielsku");
  });

  test("by the provider's id, which needs the inbox; an id nobody knows; another account's inbox", async () => {
    const test = await startServer();
    const browser = await signedInAs(test, "support");
    const of = async (inbox: string, id: string) => (await browser.get(`/why?inbox=${inbox}&id=${encodeURIComponent(id)}`)).body;
    expect(await of(test.ours.inboxId, "INBOX/postfix-unknown-user")).toContain('data-code="logged"');
    expect(await of(test.theirs.inboxId, "INBOX/postfix-unknown-user")).toContain('data-code="not_seen"');
    expect((await browser.get(`/why?inbox=${test.theirs.inboxId}&ref=INBOX%2Fpostfix-unknown-user`)).status).toBe(404);
  });

  test("by mailbox and hour: what came then, each with its own why; an address that is not connected", async () => {
    const test = await startServer();
    const browser = await signedInAs(test, "support");
    const { body } = await browser.get("/why?mailbox=anna%40sales.example&hour=2026-11-25T16:00");
    expect(body).toContain('data-code="hour_read"');
    const [, link = ""] = /href="(\/why\?inbox=[^"]+ref=INBOX%2Fpostfix-unknown-user)"/.exec(body) ?? [];
    expect((await browser.get(link.replace("&amp;", "&"))).body).toContain('data-code="logged"');
    expect((await browser.get("/why?mailbox=eva%40sales.example&hour=2026-11-25T16:00")).body).toContain(
      "eva@sales.example is not connected",
    );
  });

  test("sales users are told of their own inboxes only", async () => {
    const test = await startServer();
    const anna = await signedInAs(test, "sales", "anna@sales.example");
    expect((await anna.get(logged)).body).toContain('data-code="logged"');
    const eva = await signedInAs(test, "sales", "eva@sales.example");
    const page = await eva.get(logged);
    expect(page.body).toContain("You may not see this inbox");
    expect(page.body).not.toContain("anna@sales.example");
    expect((await eva.get(`/why?inbox=${test.ours.inboxId}&ref=INBOX%2Fpostfix-unknown-user`)).body).toContain('data-code="not_allowed"');
    const forged = async (action: string) => eva.submit(action, { csrf: await csrf(eva), inbox: test.ours.inboxId, ref: "x", folder: "x" });
    for (const action of ["/why/open", "/why/poll", "/why/watch", "/why/look"])
      expect([action, (await forged(action)).status]).toEqual([action, 404]);
    expect((await forged("/why/replay")).status).toBe(403);
  });
});

const csrf = async (browser: { get(url: string): Promise<{ body: string }> }): Promise<string> =>
  /name="csrf" value="([^"]+)"/.exec((await browser.get("/why")).body)?.[1] ?? "";

describe("a message as a file", () => {
  const upload = (bytes: Uint8Array) => ({ field: "file", name: "notice.eml", bytes });

  test("is examined and not kept; none chosen is said", async () => {
    const world = await startWhy(sent("s1", makeSent(1, at)), received("n1", makeNotice(1, at)));
    const browser = await signedInAs(world, "support");
    await browser.get("/why");
    const answer = await browser.upload("/why/message", upload(Buffer.from(makeNotice(1, at))));
    expect(answer.body).toContain('data-code="logged"');
    const empty = await browser.upload("/why/message", upload(new Uint8Array()));
    expect([empty.status, empty.body.includes("Choose an .eml file first.")]).toEqual([422, true]);
  });

  test("may have any name: it is no path, and nothing of it is markup", async () => {
    const world = await startWhy(sent("s1", makeSent(1, at)), received("n1", makeNotice(1, at)));
    const browser = await signedInAs(world, "support");
    await browser.get("/why");
    const folder = temporaryDirectory();
    for (const name of [
      `${folder}/written.eml`,
      `../../../../../..${folder}/written.eml`,
      "<img src=x onerror=alert(1)>.eml",
      "a\u0000.eml",
    ]) {
      const answer = await browser.upload("/why/message", { ...upload(Buffer.from(makeNotice(1, at))), name });
      expect(answer.body, name).toContain('data-code="logged"');
      expect(answer.body, name).not.toContain("<img src=x");
      await browser.get("/why");
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  test("is not taken from somebody who is not signed in, without the form's secret, or too large", async () => {
    const test = await startServer();
    const stranger = await openBrowser(test).upload("/why/message", upload(Buffer.from("x")));
    expect(stranger.body).toContain('action="/signin"');
    const browser = await signedInAs(test, "support");
    await browser.get("/timeline");
    expect((await browser.upload("/why/message", upload(Buffer.from("Subject: x\r\n\r\n")))).status).toBe(403);
    await browser.get("/why");
    const large = await browser.upload("/why/message", upload(Buffer.alloc(30_000_001)));
    expect([large.status, large.body.includes("larger than 30 MB")]).toEqual([413, true]);
  });

  test("that lies in a watched folder and has no record is our gap: it is read at once", async () => {
    const world = await startWhy(sent("s1", makeSent(1, at)));
    world.mailbox.messages.unshift(received("lost", makeNotice(1, at)));
    const browser = await signedInAs(world, "support");
    await browser.get("/why");
    const answer = await browser.upload("/why/message", upload(Buffer.from(makeNotice(1, at))));
    expect(answer.body).toContain("The mailbox holds this message and we have no record of it: our fault; it is queued now.");
    await world.poll();
    expect((await browser.get("/why?id=%3Cn1%40mx.relay.example%3E")).body).toContain('data-code="logged"');
  });

  test("that lies there from before the first sync looked back is no gap of ours", async () => {
    const world = await startWhy(sent("s1", makeSent(1, at)));
    world.mailbox.messages.unshift(received("old", makeNotice(1, at), now - 5 * 86_400_000));
    const browser = await signedInAs(world, "support");
    await browser.get("/why");
    const answer = await browser.upload("/why/message", upload(Buffer.from(makeNotice(1, at))));
    expect(answer.body).toContain('data-code="before_connected"');
    expect(answer.body).toMatch(/It arrived on 20 Nov 2026, 17:00, before the 1 days/);
  });

  test("a mailbox that cannot be searched leaves the dry run, and says so", async () => {
    const world = await startWhy(sent("s1", makeSent(1, at)));
    world.mailbox.onCall = (call) => {
      if (call === "find") throw new ConnectorError("unavailable", "Google does not answer.");
    };
    const browser = await signedInAs(world, "support");
    await browser.get("/why");
    const answer = await browser.upload("/why/message", upload(Buffer.from(makeNotice(1, at))));
    expect(answer.body).toContain('data-code="dry_run_bounce"');
    expect(answer.body).toContain("The mailbox could not be searched: Google does not answer.");
    await browser.get("/why?language=pl");
    const polish = await browser.upload("/why/message", upload(Buffer.from(makeNotice(1, at))));
    expect(polish.body).toContain("Nie udało się przeszukać skrzynki: Google nie odpowiada.");
  });
});

describe("the one thing to do", () => {
  test("open it now: what was not suspected is opened by the next poll", async () => {
    const hidden = makeNotice(1, at)
      .replace("Return-Path: <>\r\n", "")
      .replace("Auto-Submitted: auto-replied\r\n", "")
      .replace("MAILER-DAEMON@mx.relay.example", "help@mx.relay.example")
      .replace("Mail Delivery System", "Help")
      .replace("Undelivered Mail Returned to Sender", "Hello")
      .replace("multipart/report; report-type=delivery-status;", "multipart/mixed;");
    const world = await startWhy(sent("s1", makeSent(1, at)), received("n1", hidden));
    const browser = await signedInAs(world, "support");
    const page = await browser.get("/why?id=%3Cn1%40mx.relay.example%3E");
    expect(page.body).toContain('data-code="not_suspected"');
    const done = await browser.submit("/why/open");
    expect(done.body).toContain("It is opened by the next poll");
    expect(done.body).toContain('href="/why?id=%3Cn1%40mx.relay.example%3E"');
    await world.poll();
    expect((await browser.get("/why?id=%3Cn1%40mx.relay.example%3E")).body).not.toContain('data-code="not_suspected"');
  });

  test("send it to the CRM again: dead letters of the endpoint are due", async () => {
    const test = await startServer();
    const { server, ours, database } = test;
    const hook = (await ask(server, ours.write, "POST", "/v1/webhooks", { url: "https://crm.example/hook" })).json;
    const { seq } = await database.read
      .selectFrom("events")
      .select("seq")
      .where("type", "=", "engagement.created")
      .orderBy("seq")
      .limit(1)
      .executeTakeFirstOrThrow();
    const letter = {
      account_id: ours.accountId,
      webhook_id: hook.id,
      seq,
      attempts: 9,
      due_at: null,
      failing_since: null,
      error: "500",
      created_at: now,
    };
    await database.transaction((tx) => tx.insertInto("webhook_letters").values(letter).execute());
    const browser = await signedInAs(test, "support");
    expect((await browser.get(logged)).body).toContain("refused it 9 times; replay it.");
    expect((await browser.submit("/why/replay")).body).toContain("The CRM&#39;s endpoint is being told again. Events: 1.");
    expect(await database.read.selectFrom("webhook_letters").select(["due_at"]).execute()).toEqual([{ due_at: now }]);
  });

  test("a provider without further folders says so; a paused inbox is not polled", async () => {
    const test = await startServer();
    const inbox = await test.database.transaction((tx) =>
      createInbox(tx, test.ours.accountId, { provider: "other", address: "x@sales.example", since: 0, nextPollAt: null }, now),
    );
    const browser = await signedInAs(test, "support");
    const fields = { csrf: await csrf(browser), inbox: inbox.id, folder: "Bounces", back: "https://evil.example/" };
    const watch = await browser.submit("/why/watch", fields);
    expect(watch.body).toContain("no setting for further folders");
    expect(watch.body).not.toContain("evil.example");
    expect((await browser.submit("/why/poll", fields)).body).toContain("This inbox is not polled");
  });
});

describe("the same answer by the API", () => {
  test("with what was needed and what to do; by hour; from a message", async () => {
    const { server, ours, theirs } = await startServer();
    const explain = async (body: object) => (await ask(server, ours.read, "POST", "/v1/explain", body)).json;
    expect((await explain({ messageId: "<nobody@knows.example>", inboxId: ours.inboxId })).data[0]).toMatchObject({
      code: "not_seen",
      needed: expect.stringContaining("watched folder"),
      action: { code: "look_in_mailbox", inboxId: ours.inboxId },
    });
    expect((await explain({ inboxId: ours.inboxId, hour: "2026-11-25T16:00:00Z" })).data[0].code).toBe("hour_read");
    expect((await explain({ inboxId: theirs.inboxId, hour: "2026-11-25T16:00:00Z" })).status).toBe(404);
    const headers = { authorization: `Bearer ${ours.read}`, "content-type": "message/rfc822" };
    const file = await server.inject({ method: "POST", url: "/v1/explain/message", payload: makeNotice(5, at), headers });
    expect(file.json().data[0].code).toBe("dry_run_bounce");
  });
});

describe("a form with a file", () => {
  const type = "multipart/form-data; boundary=b";
  const form = (...parts: string[]) => Buffer.from(`${parts.map((part) => `--b\r\n${part}\r\n`).join("")}--b--\r\n`, "latin1");

  test("is read as browsers send it, whatever is in the file", () => {
    const bytes = "\r\n--c\r\n--\r\n\r\n-b--\x00\xff";
    const read = readForm(
      type,
      form(
        'Content-Disposition: form-data; name="csrf"\r\n\r\nabc',
        `Content-Disposition: form-data; name="file"; filename="a.eml"\r\nContent-Type: x\r\n\r\n${bytes}`,
      ),
    );
    expect(read.csrf).toBe("abc");
    expect(read.file).toEqual({ name: "a.eml", bytes: Buffer.from(bytes, "latin1") });
  });

  test.each([
    ["no boundary", "multipart/form-data", form()],
    ["another boundary", "multipart/form-data; boundary=c", form()],
    ["no end", type, Buffer.from('--b\r\nContent-Disposition: form-data; name="x"\r\n\r\nabc')],
    ["no name", type, form("Content-Disposition: form-data\r\n\r\nabc")],
    ["nothing", type, Buffer.alloc(0)],
  ])("with %s is refused", (_name, contentType, body) => expect(() => readForm(contentType, body)).toThrow());
});

describe("an hour on somebody's clock", () => {
  test.each([
    ["2026-11-25T16:00", "Europe/Warsaw", "2026-11-25T15:00:00.000Z"],
    ["2026-07-25T16:00", "Europe/Warsaw", "2026-07-25T14:00:00.000Z"],
    ["2026-03-29T03:30", "Europe/Warsaw", "2026-03-29T01:30:00.000Z"],
    ["2026-10-25T01:30", "Europe/Warsaw", "2026-10-24T23:30:00.000Z"],
    ["2026-11-25T16:00", "America/New_York", "2026-11-25T21:00:00.000Z"],
    ["2026-11-25T16:00", "UTC", "2026-11-25T16:00:00.000Z"],
  ])("%s in %s is %s, and back", (local, zone, utc) => {
    const time = fromLocal(local, zone);
    expect(new Date(time ?? 0).toISOString()).toBe(utc);
    expect(toLocal(time ?? 0, zone)).toBe(local);
  });

  test("is none where it is none", () => expect(fromLocal("yesterday", "UTC")).toBeNull());
});
