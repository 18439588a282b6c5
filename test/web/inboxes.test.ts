/** What people do with inboxes on the pages: list, connect, look after, erase; against a small IMAP server and a provider in memory. */
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { exchange } from "../../connectors/exchange/connector.ts";
import { imap } from "../../connectors/imap/connector.ts";
import { type Authorize, ConnectorError, type Found, type Tools } from "../../src/ports/connector.ts";
import { listAudit } from "../../src/store/audit-log.ts";
import { saveGaps } from "../../src/store/gaps.ts";
import { readSecrets } from "../../src/store/inbox-secrets.ts";
import { changeState, createInbox, getInbox, type Inbox, listInboxes, updateInbox } from "../../src/store/inboxes.ts";
import { listNotices } from "../../src/store/notices.ts";
import { savePush } from "../../src/store/push-watches.ts";
import { pollNow } from "../../src/store/turns.ts";
import { syncInbox } from "../../src/sync/sync-inbox.ts";
import { startServer, type TestServer } from "../api/server.ts";
import { testTools } from "../connectors/test-tools.ts";
import { startFakeExchange } from "../fakes/exchange/start-fake-exchange.ts";
import { type FakeImap, newFolder, startFakeImap } from "../fakes/imap-server.ts";
import { testCertificate } from "../fakes/test-certificate.ts";
import { afterThis, quiet } from "../store/engines.ts";
import { demoMessage, now } from "../sync/world.ts";
import { type Browser, cameByLink, signedInAs } from "./browser.ts";

const certificate = testCertificate();

/** A server with our IMAP connector; what it finds from an address is given. */
const withImap = async (found: Found = { kind: "nothing" }): Promise<{ test: TestServer; fake: FakeImap }> => {
  const fake = await startFakeImap({ tls: certificate });
  fake.password = "hunter2-and-more";
  afterThis(() => fake.stop());
  return { test: await startServer({}, undefined, undefined, { imap: { ...imap, find: async () => found } }), fake };
};

const address = "ola@shop.example";
const fields = ({ port, password }: FakeImap, more: Record<string, string> = {}): Record<string, string> => ({
  address,
  host: "localhost",
  port: String(port),
  security: "tls",
  username: address,
  password,
  pinnedCertificate: certificate.cert,
  ...more,
});

const inboxOf = async ({ database, ours }: TestServer, wanted = address): Promise<Inbox> => {
  const found = (await listInboxes(database.read, ours.accountId)).data.find((inbox) => inbox.address === wanted);
  if (!found) throw new Error(`there is no inbox ${wanted}`);
  return found;
};

const connected = async (test: TestServer, fake: FakeImap, browser: Browser): Promise<Inbox> => {
  await browser.get("/inboxes/connect");
  await browser.submit("/inboxes/connect/find", { address });
  const page = await browser.submit("/inboxes/connect/mailbox", fields(fake));
  expect(page.url).toMatch(/^\/inboxes\/inb_\w+\?done=connected$/);
  return inboxOf(test);
};

/** One turn on an inbox, as the daemon would. */
const turn = async ({ database, keys }: TestServer, { accountId, id }: Inbox): Promise<void> => {
  await database.transaction((tx) => pollNow(tx, accountId, id, now));
  const deps = { database, keys, now: () => now, log: quiet, tell() {}, pollEveryMs: 60_000, turnMs: 60_000, maxMessageBytes: 1_000_000 };
  const tools = (_provider: string, credentials: Tools["credentials"]) => testTools({ credentials, now: () => now });
  const due = { accountId, inboxId: id, nextPollAt: now };
  await syncInbox({ ...deps, loadConnector: async () => imap, tools }, due, new AbortController().signal);
};

describe("the list of inboxes", () => {
  it("shows each with its state in words; sales users see their own, and where there is none, what to do", async () => {
    const test = await startServer();
    const owner = await signedInAs(test, "owner");
    const { body } = await owner.get("/inboxes");
    expect(body).toContain(`<a href="/inboxes/${test.ours.inboxId}">anna@sales.example</a>`);
    expect(body).toContain("All is well; last checked now");
    expect(body).not.toContain("bob@sales.example");
    const other = await signedInAs(test, "sales", "ola@sales.example");
    const empty = await other.get("/inboxes");
    expect(empty.body).not.toContain("anna@sales.example");
    expect(empty.body).toContain("Connect one; the first bounces appear within minutes.");
    expect(empty.body).toContain('href="/inboxes/connect"');
  });

  it("says that mail is read from the mailbox's beginning where no date bounds it, not since 1970", async () => {
    const test = await startServer();
    const whole = await test.database.transaction((tx) =>
      createInbox(tx, test.ours.accountId, { provider: "memory", address: "all@sales.example", since: 0, nextPollAt: now }, now),
    );
    const owner = await cameByLink(test);
    const { body } = await owner.get(`/inboxes/${whole.id}`);
    expect(body).toMatch(/Mail is read since<\/dt><dd>its beginning</);
    expect(body).not.toContain("1970");
  });

  it("tells how late an inbox is", async () => {
    const test = await startServer();
    const change = { state: "unreachable", detail: { error: "mx does not answer." }, nextPollAt: now + 1000 } as const;
    await test.database.transaction((tx) => changeState(tx, test.ours.accountId, test.ours.inboxId, change, now - 90 * 60_000));
    const { body } = await (await signedInAs(test, "support")).get("/inboxes?language=pl");
    expect(body).toContain("90 minut");
    expect(body).toContain('<span lang="en">mx does not answer.</span>');
    const error = "mx.example ended the connection.";
    await test.database.transaction((tx) =>
      changeState(tx, test.ours.accountId, test.ours.inboxId, { ...change, detail: { error } }, now - 90 * 60_000),
    );
    const known = await (await signedInAs(test, "support")).get("/inboxes?language=pl");
    expect(known.body).toContain('<span lang="pl">mx.example zakończył połączenie.</span>');
  });
});

describe("connecting a mailbox by its address", () => {
  it("says first who watches, then shows what was found, tries it, and leads to the inbox, whose owner one is", async () => {
    const settings = { host: "mx.elsewhere.example", port: 993, security: "tls", username: address };
    const { test, fake } = await withImap({ kind: "settings", from: "dns", settings });
    const browser = await signedInAs(test, "sales", "ola@sales.example");
    const consent = await browser.get("/inboxes/connect");
    expect(consent.body).toContain("Sales GmbH wants to see");
    const found = await browser.submit("/inboxes/connect/find", { address });
    expect(found.body).toContain('value="mx.elsewhere.example"');
    expect(found.body).toContain("The server mx.elsewhere.example does not belong to shop.example.");
    const page = await browser.submit("/inboxes/connect/mailbox", fields(fake));
    expect(page.body).toContain("ola@shop.example is connected.");
    const inbox = await inboxOf(test);
    expect(inbox).toMatchObject({ provider: "imap", state: "first_sync", owner: { name: "The sales" }, since: now - 30 * 86_400_000 });
    expect(test.nudges()).toBe(1);
    const again = await browser.get("/inboxes");
    expect(again.body).toContain("ola@shop.example");
    await browser.get("/inboxes/connect");
    await browser.submit("/inboxes/connect/find", { address });
    expect((await browser.submit("/inboxes/connect/mailbox", fields(fake))).body).toContain("This mailbox is connected already");
  });

  it("says what failed, marks the fields, keeps what was typed and never the password", async () => {
    const { test, fake } = await withImap();
    const browser = await signedInAs(test, "sales");
    await browser.get("/inboxes/connect");
    expect((await browser.submit("/inboxes/connect/find", { address })).body).toContain("No settings were found for shop.example.");
    const wrong = await browser.submit("/inboxes/connect/mailbox", fields(fake, { password: "geheim-und-falsch" }));
    expect(wrong.status).toBe(422);
    expect(wrong.body).toContain("The server did not accept user name or password.");
    expect(wrong.body).toMatch(/<span lang="en">localhost refused user name or password\./);
    expect(wrong.body).toMatch(/name="password" aria-invalid="true"/);
    expect(wrong.body).toContain(`value="${fake.port}"`);
    expect(wrong.body).not.toContain("geheim-und-falsch");
    await fake.stop();
    const down = await browser.submit("/inboxes/connect/mailbox", fields(fake));
    expect(down.body).toContain("accepts no connections on port");
    expect(down.body).toMatch(/name="host" aria-invalid="true"/);
    const missing = await browser.submit("/inboxes/connect/mailbox", fields(fake, { port: "99999", host: "" }));
    expect(missing.body).toContain("A port is a number from 1 to 65535.");
    expect((await listInboxes(test.database.read, test.ours.accountId)).data).toHaveLength(1);
    await browser.get("/inboxes/connect?language=pl");
    await browser.submit("/inboxes/connect/find", { address });
    const polish = await browser.submit("/inboxes/connect/mailbox", fields(fake));
    expect(polish.body).toMatch(/<span lang="pl">localhost nie przyjmuje połączeń na porcie \d+\. Sprawdź/);
  });

  it("an Exchange server that was found is shown, tried and connected, and connected anew by the same form", async () => {
    const fake = await startFakeExchange({ tls: certificate });
    afterThis(() => fake.stop());
    fake.addMailbox(address);
    const server = "https://mail.shop.example/EWS/Exchange.asmx";
    const found: Found = { kind: "settings", from: "domain", settings: { server, username: address } };
    const nothing = async (): Promise<Found> => ({ kind: "nothing" });
    const connectors = { imap: { ...imap, find: nothing }, exchange: { ...exchange, find: async () => found } };
    const test = await startServer({}, undefined, undefined, connectors);
    const browser = await signedInAs(test, "sales");
    await browser.get("/inboxes/connect");
    const page = await browser.submit("/inboxes/connect/find", { address });
    expect(page.body).toContain("an Exchange server answers for shop.example");
    expect(page.body).toContain(`value="${server}"`);
    expect(page.body).not.toContain('name="port"');
    const other = await browser.submit("/inboxes/connect/find", { address, provider: "imap" });
    expect(other.body).toContain('name="port"');
    const typed = {
      address,
      provider: "exchange",
      server: fake.url,
      username: "SALES\\anna",
      sharedMailbox: "",
      pinnedCertificate: certificate.cert,
    };
    const wrong = await browser.submit("/inboxes/connect/mailbox", { ...typed, password: "geheim-und-falsch" });
    expect(wrong.status).toBe(422);
    expect(wrong.body).toMatch(/<span lang="en">localhost refused user name or password\./);
    expect(wrong.body).not.toContain("geheim-und-falsch");
    const cloud = await browser.submit("/inboxes/connect/mailbox", { ...typed, server: "outlook.office365.com", password: "x" });
    expect(cloud.body).toContain("Microsoft has closed this way (EWS)");
    expect(cloud.body).toMatch(/name="server" aria-invalid="true"/);
    const done = await browser.submit("/inboxes/connect/mailbox", { ...typed, password: fake.account.password });
    expect(done.body).toContain("ola@shop.example is connected.");
    const inbox = await inboxOf(test);
    expect(inbox).toMatchObject({ provider: "exchange", state: "first_sync", settings: { server: fake.url, username: "SALES\\anna" } });
    const shown = await browser.get(`/inboxes/${inbox.id}`);
    expect(shown.body).toContain("Exchange (own server)");
    expect(shown.body).toContain("this way is closed there");
    await test.database.transaction((tx) =>
      changeState(tx, test.ours.accountId, inbox.id, { state: "reconnect_needed", nextPollAt: null }, now),
    );
    expect((await browser.get(`/inboxes/${inbox.id}/reconnect`)).body).toContain(`value="${fake.url}"`);
    const again = await browser.submit(`/inboxes/${inbox.id}/reconnect`, { ...typed, password: fake.account.password });
    expect(again.url).toContain("done=reconnected");
    expect(fake.violations).toEqual([]);
  });

  it.each([
    [{ kind: "sign_in", providers: ["memory"] }, /opened by signing in at Memory.*name="address" value="ola@shop\.example"/s],
    [{ kind: "sign_in", providers: ["later", "unknown"] }, /<button disabled.*Later: not set up by the operator/s],
    [{ kind: "refused", why: "pop_only" }, /shop\.example offers its mail by POP3 only/],
  ] as const)("where %j was found, it says so", async (found, words) => {
    const { test } = await withImap(found);
    const browser = await signedInAs(test, "sales");
    await browser.get("/inboxes/connect");
    expect((await browser.submit("/inboxes/connect/find", { address })).body).toMatch(words);
  });

  it("is not begun for what is no address, by a form of another site, or by nobody", async () => {
    const { test, fake } = await withImap();
    const browser = await signedInAs(test, "sales");
    await browser.get("/inboxes/connect");
    expect((await browser.submit("/inboxes/connect/find", { address: "ola" })).status).toBe(422);
    const foreign = await browser.submit("/inboxes/connect/mailbox", fields(fake), { "sec-fetch-site": "cross-site" });
    expect(foreign.status).toBe(403);
    expect(
      (
        await test.server.inject({
          method: "POST",
          url: "/inboxes/connect/mailbox",
          payload: "a=b",
          headers: { "content-type": "application/x-www-form-urlencoded" },
        })
      ).statusCode,
    ).toBe(401);
    expect(fake.commands).toEqual([]);
  });
});

/** A provider whose codes are the address signed in to. */
const provider: Authorize = {
  app: z.object({ clientId: z.string() }),
  url: (_app, wish) => `https://provider.example/sign-in?${new URLSearchParams({ ...wish, loginHint: wish.loginHint ?? "" })}`,
  exchange: async ({ code }) => ({ secrets: { token: "geheim" }, address: code }),
  refusal: (error) => new ConnectorError("auth", error, { outcome: "denied" }),
  revoke: async () => {},
};

/** Comes back from the provider's page that a form led to. */
const comeBack = (browser: Browser, location: unknown, query: Record<string, string>) => {
  const { searchParams } = new URL(String(location));
  return browser.get(`/oauth/callback?${new URLSearchParams({ state: searchParams.get("state") ?? "", ...query })}`);
};

describe("signing in at a provider from the pages", () => {
  it("comes back to the inbox's page; the provider that is not set up cannot be pressed", async () => {
    const test = await startServer({}, provider);
    const browser = await signedInAs(test, "sales", "ola@sales.example");
    const page = await browser.get("/inboxes/connect");
    expect(page.headers["content-security-policy"]).toContain("form-action 'self' https://provider.example");
    expect(page.body).toMatch(/disabled aria-describedby="not-later"/);
    const sent = await browser.submit("/inboxes/connect/memory");
    expect(sent.status).toBe(303);
    const back = await comeBack(browser, sent.headers.location, { code: "ola@sales.example" });
    expect(back.url).toMatch(/^\/inboxes\/inb_\w+\?done=connected$/);
    expect(back.body).toContain("ola@sales.example is connected.");
    await browser.get("/inboxes/connect");
    expect((await browser.submit("/inboxes/connect/later")).status).toBe(404);
  });

  it("that is refused leads back to connecting, and speaks of no link", async () => {
    const test = await startServer({}, provider);
    const browser = await signedInAs(test, "sales");
    await browser.get("/inboxes/connect");
    const sent = await browser.submit("/inboxes/connect/memory");
    const back = await comeBack(browser, sent.headers.location, { error: "access_denied" });
    expect(back.status).toBe(400);
    expect(back.body).toContain("You did not agree, so nothing was connected.");
    expect(back.body).toContain('href="/inboxes/connect"');
    expect(back.body).not.toContain("Open the link");
  });

  it("anew gives the same inbox the new sign-in, and no other mailbox's", async () => {
    const test = await startServer({}, provider);
    const { inboxId, accountId } = test.ours;
    const change = { state: "reconnect_needed", nextPollAt: null } as const;
    await test.database.transaction((tx) => changeState(tx, accountId, inboxId, change, now));
    const browser = await signedInAs(test, "sales", "anna@sales.example");
    const press = async () => {
      expect((await browser.get(`/inboxes/${inboxId}`)).body).toContain("Reconnect");
      return (await browser.submit(`/inboxes/${inboxId}/sign-in`)).headers.location;
    };
    expect((await comeBack(browser, await press(), { code: "eva@sales.example" })).body).toContain("You signed in as eva@sales.example");
    await comeBack(browser, await press(), { code: "anna@sales.example" });
    expect(await getInbox(test.database.read, accountId, inboxId)).toMatchObject({ state: "watching", nextPollAt: now });
    expect((await readSecrets(test.database.read, test.keys, accountId, inboxId))?.secrets).toEqual({ token: "geheim" });
  });
});

const byHtmx = { "hx-request": "true" };

describe("an inbox's page", () => {
  it.each([
    [null, "Reading the whole mailbox from its beginning; it has just begun.", "Czytamy całą skrzynkę od początku; właśnie zaczynamy."],
    [
      { done: 5, total: null },
      "Reading the whole mailbox from its beginning: 5 messages so far; how many there are is being counted.",
      "Czytamy całą skrzynkę od początku; wiadomości do tej pory: 5; liczymy, ile jest wszystkich.",
    ],
    [
      { done: 5, total: 9 },
      "Reading the whole mailbox from its beginning: 5 of about 9.",
      "Czytamy całą skrzynkę od początku: 5 z około 9.",
    ],
  ])("says of a first sync without a limit that it reads everything (%j)", async (progress, english, polish) => {
    const test = await startServer();
    const { inboxId, accountId } = test.ours;
    await test.database.transaction(async (tx) => {
      await changeState(tx, accountId, inboxId, { state: "first_sync", nextPollAt: now }, now);
      const stored = progress && JSON.stringify(progress);
      await tx
        .updateTable("inboxes")
        .set({ progress: stored as never, since: 0 })
        .where("id", "=", inboxId)
        .execute();
    });
    const browser = await signedInAs(test, "support");
    expect((await browser.get(`/inboxes/${inboxId}`)).body).toContain(english);
    expect((await browser.get(`/inboxes/${inboxId}?language=pl`)).body).toContain(polish);
  });

  it("shows how the first sync comes on, and a part of it that asks for itself until it is done", async () => {
    const test = await startServer();
    const { inboxId, accountId } = test.ours;
    const progress = (done: number | null) =>
      test.database.transaction(async (tx) => {
        await changeState(tx, accountId, inboxId, { state: done === null ? "watching" : "first_sync", nextPollAt: now }, now);
        const stored = done === null ? null : JSON.stringify({ done, total: 4000 });
        await tx
          .updateTable("inboxes")
          .set({ progress: stored as never })
          .where("id", "=", inboxId)
          .execute();
      });
    await progress(1234);
    const browser = await signedInAs(test, "sales", "anna@sales.example");
    const page = await browser.get(`/inboxes/${inboxId}`);
    expect(page.body).toContain("Reading the last 1 days: 1,234 of about 4,000.");
    expect(page.body).toContain('max="4000" value="1234"');
    expect(page.body).toContain("/assets/htmx.js");
    const part = await browser.get(`/inboxes/${inboxId}/progress`, byHtmx);
    expect(part.body).toMatch(/^<div id="state" hx-get="[^"]+" hx-trigger="every 2s"/);
    expect(part.body).toContain("First sync: 30% done");
    // Opened by hand, it leads to the page it is of.
    expect((await browser.get(`/inboxes/${inboxId}/progress`)).url).toBe(`/inboxes/${inboxId}`);
    await progress(null);
    const last = await browser.get(`/inboxes/${inboxId}/progress`, byHtmx);
    expect(last.body).not.toContain("hx-get");
    expect(last.body).toContain("The first sync is done.");
    expect((await browser.get(`/inboxes/${inboxId}`)).body).not.toContain("/assets/htmx.js");
    const audit = await listAudit(test.database.read, accountId, { limit: 200 });
    expect(audit.data.filter(({ action }) => action.endsWith("/progress"))).toEqual([]);
  });

  it("says what is watched and why, what is limited, and what could not be read", async () => {
    const test = await startServer();
    const { inboxId, accountId } = test.ours;
    await test.database.transaction(async (tx) => {
      const folders = [
        { path: "Wysłane", role: "sent" },
        { path: "<b>", role: "other" },
      ] as const;
      const warnings = [
        { code: "folder_missing", text: "It is not there.", folder: "Alt" },
        { code: "made_up", text: "Words of a connector." },
      ];
      await updateInbox(tx, accountId, inboxId, { folders, warnings }, now);
      await saveGaps(
        tx,
        accountId,
        inboxId,
        [{ folder: "INBOX", from: now - 86_400_000, to: null, because: "The list was dropped." }],
        now,
      );
    });
    const { body } = await (await signedInAs(test, "support")).get(`/inboxes/${inboxId}`);
    expect(body).toContain("Mail you sent: bounces are matched with it.");
    expect(body).toContain('<th scope="row">&lt;b&gt;</th>');
    expect(body).toContain("The folder “Alt” is not there, so nothing in it is seen.");
    expect(body).toContain('<span lang="en">Words of a connector.</span>');
    expect(body).toContain('<td><span lang="en">The list was dropped.</span></td>');
  });

  it("says how new mail is found, as was found out on connecting", async () => {
    const { test, fake } = await withImap();
    fake.capabilities = ["SPECIAL-USE"];
    const browser = await signedInAs(test, "sales");
    const { id, accountId } = await connected(test, fake, browser);
    const page = async (): Promise<string> => (await browser.get(`/inboxes/${id}`)).body;
    expect(await page()).toContain("<dt>New mail</dt><dd>Found by looking</dd>");
    expect(await page()).toContain("<li>The server does not tell of new mail (no IDLE): it is found by looking.</li>");
    fake.capabilities.push("IDLE");
    await browser.get(`/inboxes/${id}/settings`);
    await browser.submit(`/inboxes/${id}/settings/sent`, { folder: "Sent" });
    expect(await page()).toContain("<dt>New mail</dt><dd>Told at once by the server where there is room for a connection");
    expect(await page()).not.toContain("no IDLE");
    const watches = [{ id: "w1", secretHash: null, about: "all", expiresAt: Date.now() + 86_400_000 }];
    await test.database.transaction((tx) => savePush(tx, accountId, id, { watches, renewAt: 0, warning: null }));
    expect(await page()).toContain("<dt>New mail</dt><dd>Told at once by the provider");
  });

  it("is there only for who may see it: sales their own, no one another account's", async () => {
    const test = await startServer();
    const other = await signedInAs(test, "sales", "ola@sales.example");
    const owner = await signedInAs(test, "owner");
    const pages = ["", "/progress", "/erase", "/reconnect", "/settings"];
    for (const page of pages) expect((await other.get(`/inboxes/${test.ours.inboxId}${page}`)).status, page).toBe(404);
    for (const page of pages) expect((await owner.get(`/inboxes/${test.theirs.inboxId}${page}`)).status, page).toBe(404);
    const { body } = await other.get("/inboxes/connect");
    const csrf = { csrf: /name="csrf" value="([^"]+)"/.exec(body)?.[1] ?? "" };
    for (const action of [
      "poll",
      "pause",
      "resume",
      "disconnect",
      "sign-in",
      "reconnect",
      "erase",
      "settings/watch",
      "settings/unwatch",
      "settings/sent",
    ]) {
      expect((await other.submit(`/inboxes/${test.ours.inboxId}/${action}`, { ...csrf, sure: "yes" })).status, action).toBe(404);
    }
    expect(await getInbox(test.database.read, test.ours.accountId, test.ours.inboxId)).toMatchObject({ state: "watching" });
  });
});

describe("what can be done to an inbox", () => {
  it("pause, resume, check now, disconnect: each says what it did, and by whom", async () => {
    const test = await startServer();
    const { inboxId, accountId } = test.ours;
    const browser = await signedInAs(test, "sales", "anna@sales.example");
    const path = `/inboxes/${inboxId}`;
    await browser.get(path);
    expect((await browser.submit(`${path}/poll`)).body).toContain("It is checked now.");
    const paused = await browser.submit(`${path}/pause`);
    expect(paused.body).toContain("Paused by The sales on");
    expect(paused.body).not.toContain(`${path}/poll"`);
    expect((await getInbox(test.database.read, accountId, inboxId))?.nextPollAt).toBeNull();
    expect((await browser.submit(`${path}/poll`, { csrf: csrfOf(paused.body) })).body).toContain("present state");
    const resumed = await browser.submit(`${path}/resume`, { csrf: csrfOf(paused.body) });
    expect(resumed.body).toContain("Resumed.");
    expect(await getInbox(test.database.read, accountId, inboxId)).toMatchObject({ state: "watching", nextPollAt: now });
    const gone = await browser.submit(`${path}/disconnect`);
    expect(gone.body).toContain("Disconnected; bounces found earlier stay on the timelines.");
    expect(gone.body).toContain(`${path}/sign-in"`);
    expect(test.nudges()).toBe(2);
  });

  it("support keeps an inbox running and no more", async () => {
    const test = await startServer();
    const support = await signedInAs(test, "support");
    const path = `/inboxes/${test.ours.inboxId}`;
    const page = await support.get(path);
    expect(page.body).toContain(`${path}/pause`);
    expect(page.body).not.toContain(`${path}/erase`);
    const csrf = { csrf: csrfOf(page.body) };
    expect((await support.submit(`${path}/disconnect`, csrf)).status).toBe(403);
    expect((await support.submit(`${path}/erase`, { ...csrf, sure: "yes" })).status).toBe(403);
    expect((await support.submit(`${path}/pause`, csrf)).body).toContain("Paused.");
  });

  it("erase asks once more, says what goes, and gives a receipt", async () => {
    const test = await startServer();
    const { inboxId, accountId } = test.ours;
    const browser = await signedInAs(test, "sales", "anna@sales.example");
    const path = `/inboxes/${inboxId}/erase`;
    expect((await browser.get(path)).body).toContain("all that came from it is erased for good");
    expect((await browser.submit(path)).status).toBe(422);
    expect((await getInbox(test.database.read, accountId, inboxId))?.state).toBe("watching");
    await browser.get(path);
    const receipt = await browser.submit(path, { sure: "yes" });
    expect(receipt.body).toMatch(/was erased on .* A search afterwards found nothing of it\./);
    expect(receipt.body).toContain("<dt>Bounces</dt><dd>2</dd>");
    expect(await getInbox(test.database.read, accountId, inboxId)).toMatchObject({ state: "erased", address: "" });
    const owner = await cameByLink(test);
    expect((await owner.get(`/inboxes/${inboxId}`)).body).toMatch(/Receipt<\/dt><dd>ers_/);
    expect((await owner.get("/inboxes")).body).not.toContain(inboxId);
  });

  it("a password that changed is given anew, and nothing is lost", async () => {
    const { test, fake } = await withImap();
    fake.folders.set("Bounces", newFolder());
    const browser = await signedInAs(test, "sales");
    const inbox = await connected(test, fake, browser);
    await turn(test, inbox);
    await test.database.transaction((tx) =>
      updateInbox(tx, inbox.accountId, inbox.id, { settings: { ...(inbox.settings as object), extraFolders: ["Bounces"] } }, now),
    );
    fake.password = "a-new-one";
    await turn(test, inbox);
    const path = `/inboxes/${inbox.id}`;
    expect((await browser.get(path)).body).toContain("no longer lets us in");
    const form = await browser.get(`${path}/reconnect`);
    expect(form.body).toContain('value="localhost"');
    expect(form.body).not.toContain("hunter2");
    const wrong = await browser.submit(`${path}/reconnect`, fields(fake, { password: "hunter2-and-more" }));
    expect([wrong.status, wrong.body.includes("hunter2")]).toEqual([422, false]);
    expect((await browser.submit(`${path}/reconnect`, fields(fake))).body).toContain("Reconnected.");
    const after = await inboxOf(test);
    expect(after).toMatchObject({ state: "watching", settings: { extraFolders: ["Bounces"] } });
    expect(after.folders.map((folder) => folder.path)).toContain("Bounces");
  });
});

const csrfOf = (body: string): string => /name="csrf" value="([^"]+)"/.exec(body)?.[1] ?? "";

describe("a bounce in a folder that was not watched", () => {
  it("is found as soon as the folder is chosen, and the other folders are not read again", async () => {
    const { test, fake } = await withImap();
    const at = new Date(now - 3_600_000);
    fake.folders.set("Filed/Bounces", newFolder());
    fake.put("Sent", Buffer.from(demoMessage("Sent/postfix-mailbox-full-552").raw), at);
    fake.put("Filed/Bounces", Buffer.from(demoMessage("INBOX/postfix-mailbox-full-552").raw), at);
    const browser = await signedInAs(test, "sales");
    const inbox = await connected(test, fake, browser);
    await turn(test, inbox);
    const notices = async () =>
      (await listNotices(test.database.read, test.ours.accountId)).data.filter(({ inboxId }) => inboxId === inbox.id);
    expect(await notices()).toEqual([]);

    const path = `/inboxes/${inbox.id}/settings`;
    expect((await browser.get(path)).body).toMatch(/Filed\/Bounces<\/th><td>no<\/td>/);
    const watched = await browser.submit(`${path}/watch`, { folder: "Filed/Bounces" });
    expect(watched.body).toContain("“Filed/Bounces” is watched now");
    fake.commands.length = 0;
    await turn(test, await inboxOf(test));
    expect(await notices()).toHaveLength(1);
    const fetched = fake.commands.filter((command) => / UID FETCH /.test(command));
    expect(fetched.length).toBeGreaterThan(0);
    const opened = fake.commands.map((command) => / EXAMINE "?([^"]+)"?/.exec(command)?.[1]).filter((folder) => folder !== undefined);
    expect(opened.at(-1)).toBe("Filed/Bounces");

    await browser.get(path);
    expect((await browser.submit(`${path}/unwatch`, { folder: "Filed/Bounces" })).body).toContain("no longer watched");
    expect((await inboxOf(test)).folders.map((folder) => folder.path)).toEqual(["Sent", "INBOX", "Junk"]);
  });

  it("a folder that is not there changes nothing, and the folder of sent mail can be chosen", async () => {
    const { test, fake } = await withImap();
    fake.folders.set("Gesendet 2", newFolder());
    const browser = await signedInAs(test, "sales");
    const inbox = await connected(test, fake, browser);
    const path = `/inboxes/${inbox.id}/settings`;
    await browser.get(path);
    const refused = await browser.submit(`${path}/watch`, { folder: "Nowhere" });
    expect([refused.status, refused.body.includes("There is no folder “Nowhere”")]).toEqual([422, true]);
    expect((await inboxOf(test)).settings).toMatchObject({ extraFolders: [] });
    await browser.submit(`${path}/sent`, { folder: "Gesendet 2" });
    expect((await inboxOf(test)).folders[0]).toEqual({ path: "Gesendet 2", role: "sent" });
    await fake.stop();
    const down = await browser.get(path);
    expect(down.body).toContain("The server does not list its folders at the moment.");
    const failed = await browser.submit(`${path}/watch`, { folder: "Junk" });
    expect(failed.body).toContain("The server could not be reached.");
  });

  it("an inbox whose folders are not chosen has no such page", async () => {
    const test = await startServer();
    expect((await (await signedInAs(test, "owner")).get(`/inboxes/${test.ours.inboxId}/settings`)).status).toBe(404);
  });
});

it("every page of an inbox speaks Polish, too", async () => {
  const { test, fake } = await withImap();
  const browser = await signedInAs(test, "sales");
  const inbox = await connected(test, fake, browser);
  for (const [path, words] of [
    ["/inboxes", "Najnowsza wiadomość"],
    ["/inboxes/connect", "Exchange i inne skrzynki"],
    [`/inboxes/${inbox.id}`, "Tu leży poczta wysłana"],
    [`/inboxes/${inbox.id}/settings`, "Folder poczty wysłanej"],
    [`/inboxes/${inbox.id}/erase`, "Wiem, że tego nie da się cofnąć"],
  ] as const) {
    const { body, status } = await browser.get(`${path}?language=pl`);
    expect([status, body.includes(words), body.includes("…</")], path).toEqual([200, true, path === `/inboxes/${inbox.id}`]);
  }
});
