import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ConnectorError } from "../../src/ports/connector.ts";
import { appendAddressEvents } from "../../src/store/addresses.ts";
import { createApiKey, revokeApiKey } from "../../src/store/api-keys.ts";
import { InvalidSettings } from "../../src/sync/connect-inbox.ts";
import { now } from "../sync/world.ts";
import { ask, startServer } from "./server.ts";

describe("who may ask", () => {
  it("nobody without a key, with a wrong one, or with one that was revoked", async () => {
    const { server, database, ours } = await startServer();
    const gone = await database.transaction(async (tx) => {
      const made = await createApiKey(tx, ours.accountId, { scope: "read", label: "old" }, now);
      await revokeApiKey(tx, ours.accountId, made.id, now);
      return made.key;
    });
    for (const key of [null, "bl_read_wrong", gone]) {
      const { status, json, headers } = await ask(server, key, "GET", "/v1/engagements");
      expect([status, json.type, headers["content-type"]]).toEqual([401, "unauthenticated", "application/problem+json"]);
    }
  });

  it("a read key changes nothing, an account's key makes no accounts, an admin's key reads no account", async () => {
    const { server, ours, admin } = await startServer();
    for (const [key, method, url, body] of [
      [ours.read, "POST", "/v1/contacts", { contacts: [] }],
      [ours.read, "POST", `/v1/inboxes/${ours.inboxId}/pause`, undefined],
      [ours.write, "POST", "/v1/accounts", { name: "x" }],
      [ours.write, "GET", "/v1/accounts", undefined],
      [admin, "GET", "/v1/engagements", undefined],
    ] as const) {
      const { status, json } = await ask(server, key, method, url, body);
      expect([url, status, json.type]).toEqual([url, 403, "scope-missing"]);
    }
  });

  it("everybody may ask whether it lives and what it can do", async () => {
    const { server } = await startServer();
    expect((await ask(server, null, "GET", "/healthz")).json).toEqual({ status: "ok" });
    expect((await ask(server, null, "GET", "/readyz")).status).toBe(200);
    const { json } = await ask(server, null, "GET", "/openapi.json");
    expect(json.openapi).toBe("3.1.0");
    expect(Object.keys(json.paths)).toEqual(
      expect.arrayContaining(["/v1/contacts/{id}/timeline", "/v1/engagements", "/v1/events", "/v1/inboxes", "/v1/accounts"]),
    );
  });

  it("readyz says so when the database does not answer", async () => {
    const { server } = await startServer({ ready: async () => ({ ready: false, checks: { database: "does not answer" } }) });
    expect(await ask(server, null, "GET", "/readyz")).toMatchObject({ status: 503, json: { ready: false } });
  });
});

describe("a contact's timeline", () => {
  it("holds each bounce with the server's words, how it was tied, and what to do, in the reader's language", async () => {
    const { server, ours } = await startServer();
    const { json: contacts } = await ask(server, ours.read, "GET", "/v1/contacts?address=Nobody@Customer.example");
    const url = `/v1/contacts/${contacts.data[0].id}/timeline?language=pl&expand=sentMessage,notice`;
    const { status, json } = await ask(server, ours.read, "GET", url);
    expect(status).toBe(200);
    expect(json.nextCursor).toBeNull();
    expect(json.data).toEqual([
      {
        id: expect.stringMatching(/^eng_[0-9A-HJKMNP-TV-Z]{26}$/),
        object: "engagement",
        kind: "bounce",
        state: "hard",
        category: "unknown_user",
        reason: "userunknown",
        contactId: contacts.data[0].id,
        contactExternalId: null,
        inboxId: ours.inboxId,
        owner: { externalId: "user-anna", name: "anna" },
        recipient: {
          address: "nobody@customer.example",
          role: "to",
          reportedAddress: "nobody@customer.example",
          relation: "same",
          othersFailed: 0,
          othersTotal: 0,
        },
        sentMessageId: expect.stringMatching(/^msg_/),
        sentMessage: {
          id: json.data[0].sentMessageId,
          kind: "one_to_one",
          sendId: null,
          externalId: null,
          messageId: "<ef34dd6403da449d.mwwavyoi@sales.example>",
          subject: "Angebot für Müller — nächste Schritte",
          from: "anna.becker@sales.example",
          sentAt: "2026-11-25T15:50:49.000Z",
          metadata: {},
        },
        server: {
          status: "5.1.1",
          smtpCode: 550,
          diagnostic: "550 5.1.1 <nobody@customer.example>: Recipient address rejected: User unknown in virtual mailbox table",
          reportingMta: "postfix.relay.test",
          remoteMta: "mx.customer.example",
          language: "en",
        },
        text: {
          language: "pl",
          title: "Twarde odrzucenie: Nieznany użytkownik",
          meaning: "Wiadomość nie dotarła do nobody@customer.example, a ponowna wysyłka nic nie zmieni.",
          actions: [{ code: "correct_address", text: "Popraw adres lub znajdź inny kontakt." }],
          likelyCause: null,
          letter: null,
        },
        match: { rule: "embedded_message_id", confidence: "certain", confirmedBy: null },
        classification: { rule: expect.any(String), parserVersion: expect.any(String), mapping: "default" },
        noticeId: expect.stringMatching(/^ntc_/),
        notice: {
          receivedAt: new Date(now - 3_600_000).toISOString(),
          folder: "inbox",
          format: "rfc3464",
          openUrl: null,
          openableBy: null,
        },
        addressEffect: "made_ineligible",
        pendingUntil: null,
        history: [{ state: "hard", at: new Date(now).toISOString(), noticeId: json.data[0].noticeId, because: "failure_notice" }],
        backfill: false,
        occurredAt: new Date(now - 3_600_000).toISOString(),
        detectedAt: new Date(now).toISOString(),
        updatedAt: new Date(now).toISOString(),
        version: 1,
      },
    ]);
  });

  it("tells what changed at the addresses, between the bounces, page by page", async () => {
    const { server, ours, database } = await startServer();
    const { data: bounces } = (await ask(server, ours.read, "GET", "/v1/engagements?state=hard")).json;
    const { contactId, recipient } = bounces[0];
    await ask(server, ours.write, "POST", `/v1/addresses/${recipient.address}/unbounce`, { note: "They <wrote>", by: "Eva" });
    await database.transaction((tx) =>
      appendAddressEvents(
        tx,
        ours.accountId,
        [{ addressKey: recipient.address, id: "alive/2026-11-20", event: { kind: "alive", at: now - 5 * 86_400_000 } }],
        false,
        now,
      ),
    );
    const url = `/v1/contacts/${contactId}/timeline`;
    const { data } = (await ask(server, ours.read, "GET", url)).json;
    expect(data).toMatchObject([
      {
        object: "address_change",
        kind: "unbounced",
        address: recipient.address,
        by: "Eva",
        note: "They <wrote>",
        occurredAt: new Date(now).toISOString(),
      },
      { object: "engagement", state: "hard" },
      { object: "address_change", kind: "reply_seen", by: null, note: null },
    ]);
    const paged = [];
    for (let cursor = ""; ; ) {
      const page = (await ask(server, ours.read, "GET", `${url}?limit=1${cursor}`)).json;
      paged.push(...page.data);
      if (page.nextCursor === null) break;
      cursor = `&cursor=${page.nextCursor}`;
    }
    expect(paged).toEqual(data);
  });

  it("links a notice to the page of its provider, where that has one", async () => {
    const openUrl = (mailbox: string, ref: string) => `https://mail.example/${mailbox}?${ref}`;
    const describe = async () => ({ label: "Memory", limits: [], settings: z.object({}), secrets: z.object({}), openUrl });
    const { server, ours } = await startServer({ describe });
    const { data } = (await ask(server, ours.read, "GET", "/v1/engagements?state=hard&expand=notice")).json;
    const { notice } = (await ask(server, ours.read, "GET", `/v1/engagements/${data[0].id}?expand=notice`)).json;
    expect(notice).toMatchObject({
      openUrl: "https://mail.example/anna@sales.example?INBOX/postfix-unknown-user",
      openableBy: "owner",
    });
    expect(data[0].notice).toEqual(notice);
  });

  it("leaves out what was not asked for, and takes the browser's language", async () => {
    const { server, ours } = await startServer();
    const { data } = (await ask(server, ours.read, "GET", "/v1/engagements?state=pending")).json;
    expect(data).toHaveLength(1);
    expect(data[0].sentMessage).toBeUndefined();
    // Sent on 25 Nov at 15:50:50, says the message in Sent; 72 hours on.
    expect(data[0].pendingUntil).toBe("2026-11-28T15:50:50.000Z");
    const polish = await server.inject({
      url: `/v1/engagements/${data[0].id}`,
      headers: { authorization: `Bearer ${ours.read}`, "accept-language": "pl-PL" },
    });
    expect(polish.json().text.title).toMatch(/^Odrzucenie oczekujące/);
  });
});

describe("lists", () => {
  it("are read page by page", async () => {
    const { server, ours } = await startServer();
    const first = (await ask(server, ours.read, "GET", "/v1/engagements?limit=1&sort=occurredAt")).json;
    const second = (await ask(server, ours.read, "GET", `/v1/engagements?limit=1&sort=occurredAt&cursor=${first.nextCursor}`)).json;
    const ids = [...first.data, ...second.data].map((one: { id: string }) => one.id);
    expect([new Set(ids).size, second.nextCursor]).toEqual([2, null]);
  });

  it("say what is wrong with a query, field by field", async () => {
    const { server, ours } = await startServer();
    for (const [url, pointer] of [
      ["/v1/engagements?limit=0", "/querystring/limit"],
      ["/v1/engagements?limit=201", "/querystring/limit"],
      ["/v1/engagements?state=angry", "/querystring/state"],
      ["/v1/engagements?expand=contact", "/querystring/expand"],
      ["/v1/engagements?updatedAt[gte]=yesterday", "/querystring/updatedAt[gte]"],
      ["/v1/events?after=-1", "/querystring/after"],
      ["/v1/engagements?cursor=nonsense", "/querystring/cursor"],
    ] as const) {
      const { status, json } = await ask(server, ours.read, "GET", url);
      expect([url, status, json.type, json.errors?.[0]?.pointer]).toEqual([url, 422, "invalid-request", pointer]);
    }
  });
});

describe("contacts", () => {
  it("are made and changed by externalId, and from then on only known ones get bounces", async () => {
    const { server, ours } = await startServer();
    const body = { contacts: [{ externalId: "crm-1", name: "Jan", addresses: ["nobody@customer.example"], metadata: { deal: 7 } }] };
    const made = await ask(server, ours.write, "POST", "/v1/contacts", body);
    expect(made).toMatchObject({
      status: 200,
      json: { data: [{ externalId: "crm-1", name: "Jan", addresses: ["nobody@customer.example"], metadata: { deal: 7 } }] },
    });
    const [contact] = made.json.data;
    const again = await ask(server, ours.write, "POST", "/v1/contacts", {
      contacts: [{ externalId: "crm-1", name: "Jan Kowalski", addresses: ["nobody@customer.example"] }],
    });
    expect(again.json.data[0]).toMatchObject({ id: contact.id, name: "Jan Kowalski" });
    const timeline = await ask(server, ours.read, "GET", `/v1/contacts/${contact.id}/timeline`);
    expect(timeline.json.data).toMatchObject([{ state: "hard", contactExternalId: "crm-1" }]);
  });

  it("become one, with both timelines and one event; the one that went is not there any more", async () => {
    const { server, ours } = await startServer();
    const body = {
      contacts: [
        { externalId: "crm-1", addresses: ["nobody@customer.example"] },
        { externalId: "crm-2", addresses: ["jan@home.example"] },
      ],
    };
    const [from, into] = (await ask(server, ours.write, "POST", "/v1/contacts", body)).json.data;
    const last = (await ask(server, ours.read, "GET", "/v1/events")).json.data.length;
    const merge = () => ask(server, ours.write, "POST", `/v1/contacts/${into.id}/merge`, { from: from.id });
    expect(await merge()).toMatchObject({ status: 200, json: { id: into.id, externalId: "crm-2", hardBounceReason: "unknown_user" } });
    const timeline = await ask(server, ours.read, "GET", `/v1/contacts/${into.id}/timeline`);
    expect(timeline.json.data).toMatchObject([{ state: "hard", contactId: into.id }]);
    expect((await ask(server, ours.read, "GET", `/v1/contacts/${from.id}`)).status).toBe(404);
    expect((await merge()).status).toBe(404);
    const events = (await ask(server, ours.read, "GET", "/v1/events")).json.data.slice(last);
    expect(events).toMatchObject([{ type: "contact.merged", data: { contactId: from.id, intoContactId: into.id } }]);
  });

  it("with a bad address are refused whole, naming the place", async () => {
    const { server, ours } = await startServer();
    const contacts = [
      { externalId: "1", addresses: ["ok@customer.example"] },
      { externalId: "2", addresses: ["not an address"] },
    ];
    const { status, json } = await ask(server, ours.write, "POST", "/v1/contacts", { contacts });
    expect([status, json.errors[0].pointer]).toEqual([422, "/body/contacts/1/addresses/0"]);
    expect((await ask(server, ours.read, "GET", "/v1/contacts?externalId=1")).json.data).toEqual([]);
  });
});

describe("events", () => {
  it("come in order and without gaps, after the sequence one has", async () => {
    const { server, ours } = await startServer();
    const all = (await ask(server, ours.read, "GET", "/v1/events")).json;
    expect(all.data.map((e: { sequence: number }) => e.sequence)).toEqual(all.data.map((_: unknown, i: number) => i + 1));
    expect(all.data.map((e: { type: string }) => e.type)).toEqual([
      "contact.created",
      "engagement.created",
      "address.ineligible",
      "contact.created",
      "engagement.created",
      "inbox.first_sync_completed",
    ]);
    const rest = (await ask(server, ours.read, "GET", "/v1/events?after=5")).json;
    expect([rest.data.length, rest.nextAfter]).toEqual([1, 6]);
    expect((await ask(server, ours.read, "GET", "/v1/events?after=6")).json).toEqual({ data: [], nextAfter: 6 });
  });
});

describe("inboxes", () => {
  it("say their state in words, are paused and resumed, and polled on demand", async () => {
    const { server, ours, nudges } = await startServer();
    const shown = (await ask(server, ours.read, "GET", `/v1/inboxes/${ours.inboxId}`)).json;
    expect(shown).toMatchObject({ state: "watching", address: "anna@sales.example", owner: { externalId: "user-anna", name: "anna" } });
    expect(shown.text.meaning).toMatch(/^All is well; last checked now/);
    const paused = (await ask(server, ours.write, "POST", `/v1/inboxes/${ours.inboxId}/pause`)).json;
    expect([paused.state, paused.nextPollAt, paused.text.action]).toEqual(["paused", null, "Resume"]);
    const refused = await ask(server, ours.write, "POST", `/v1/inboxes/${ours.inboxId}/sync`);
    expect([refused.status, refused.json.type]).toEqual([409, "inbox-not-usable"]);
    expect((await ask(server, ours.write, "POST", `/v1/inboxes/${ours.inboxId}/resume`)).json.state).toBe("watching");
    expect((await ask(server, ours.write, "POST", `/v1/inboxes/${ours.inboxId}/sync`)).status).toBe(202);
    expect(nudges()).toBeGreaterThan(0);
    const gone = (await ask(server, ours.write, "POST", `/v1/inboxes/${ours.inboxId}/disconnect`)).json;
    expect(gone.state).toBe("disconnected");
    expect((await ask(server, ours.write, "POST", `/v1/inboxes/${ours.inboxId}/resume`)).status).toBe(409);
    expect((await ask(server, ours.read, "GET", "/v1/engagements")).json.data).toHaveLength(2);
  });

  it.each([
    [new InvalidSettings([{ path: ["settings", "port"], message: "expected a number" }]), 422, "invalid-request", "/body/settings/port"],
    [new ConnectorError("auth", "The server refused the password."), 422, "invalid-request", undefined],
    [new ConnectorError("unavailable", "imap.example does not answer."), 503, "provider-unavailable", undefined],
  ])("that cannot be connected say why: %s", async (error, status, type, pointer) => {
    const { server, ours } = await startServer({
      connectInbox: async () => {
        throw error;
      },
    });
    const body = { provider: "imap", address: "anna@sales.example", settings: {}, secrets: { password: "geheim" } };
    const answer = await ask(server, ours.write, "POST", "/v1/inboxes", body);
    expect([answer.status, answer.json.type, answer.json.errors?.[0]?.pointer]).toEqual([status, type, pointer]);
    expect(answer.text).not.toContain("geheim");
  });
});

describe("accounts", () => {
  it("are made by the admin, with keys for their CRM", async () => {
    const { server, admin } = await startServer();
    const made = (await ask(server, admin, "POST", "/v1/accounts", { name: "Carl", externalId: "crm-carl" })).json;
    expect((await ask(server, admin, "GET", "/v1/accounts?externalId=crm-carl")).json.data).toMatchObject([{ id: made.id }]);
    expect((await ask(server, admin, "PATCH", `/v1/accounts/${made.id}`, { logFor: "all" })).json.logFor).toBe("all");
    const key = await ask(server, admin, "POST", `/v1/accounts/${made.id}/keys`, { scope: "read", label: "CRM" });
    expect(key.status).toBe(201);
    expect((await ask(server, key.json.key, "GET", "/v1/engagements")).json).toEqual({ data: [], nextCursor: null });
    expect((await ask(server, admin, "POST", "/v1/accounts/acc_none/keys", { scope: "read", label: "x" })).status).toBe(404);
  });
});

describe("a fault of ours", () => {
  it("leaves nothing of our inside in the answer", async () => {
    const { server, ours } = await startServer({
      connectInbox: async () => {
        throw new Error("password=geheim at /srv/secret.ts:1");
      },
    });
    const { status, json, text } = await ask(server, ours.write, "POST", "/v1/inboxes", {
      provider: "imap",
      address: "a@b.example",
      settings: {},
      secrets: {},
    });
    expect([status, json.type]).toEqual([500, "internal"]);
    expect(json.requestId).toMatch(/^req_/);
    expect(text).not.toMatch(/geheim|secret\.ts/);
  });

  it("an unknown path is a problem like any other", async () => {
    const { server, ours } = await startServer();
    expect(await ask(server, ours.read, "GET", "/v1/nothing")).toMatchObject({ status: 404, json: { type: "not-found" } });
  });
});
