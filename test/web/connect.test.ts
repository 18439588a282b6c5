import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type Authorize, ConnectorError } from "../../src/ports/connector.ts";
import { readSecrets } from "../../src/store/inbox-secrets.ts";
import { listInboxes } from "../../src/store/inboxes.ts";
import { ask, startServer, type TestServer } from "../api/server.ts";
import { signedInAs } from "./browser.ts";

/** A provider whose page is a URL with what it was given, and whose codes say what comes of them. */
const provider: Authorize = {
  app: z.object({ clientId: z.string() }),
  url: (_app, wish) => `https://provider.example/sign-in?${new URLSearchParams({ ...wish, loginHint: wish.loginHint ?? "" })}`,
  exchange: async ({ code, codeVerifier }) => {
    if (code === "unticked") throw new ConnectorError("auth", "The box was not ticked.", { outcome: "missing_permission" });
    if (code === "down") throw new ConnectorError("unavailable", "The provider does not answer.");
    return { secrets: { token: "geheim", codeVerifier }, address: code };
  },
  refusal: (error) => new ConnectorError("auth", `refused: ${error}`, { outcome: error === "access_denied" ? "denied" : "needs_admin" }),
  revoke: async () => {},
};

const start = () => startServer({}, provider);

const makeLink = async ({ server, ours }: TestServer, wish: object = {}): Promise<{ id: string; path: string }> => {
  const { status, json } = await ask(server, ours.write, "POST", "/v1/connect-links", {
    owner: { externalId: "user-9", name: "Ola" },
    ...wish,
  });
  expect(status).toBe(201);
  expect(json.url).toMatch(/^http:\/\/bounceline\.example\/connect\/[\w-]{43}$/);
  return { id: json.id, path: new URL(json.url).pathname };
};

/** Presses the button; gives what the browser takes to the provider, and its cookie. */
const press = async ({ server }: TestServer, path: string) => {
  const pressed = await server.inject({ method: "POST", url: `${path}/memory` });
  expect(pressed.statusCode).toBe(303);
  const cookie = String(pressed.headers["set-cookie"]);
  expect(cookie).toMatch(/Path=\/oauth; HttpOnly; SameSite=Lax; Max-Age=900/);
  const asked = new URL(String(pressed.headers.location)).searchParams;
  return {
    state: asked.get("state") ?? "",
    challenge: asked.get("codeChallenge"),
    redirectUri: asked.get("redirectUri"),
    hint: asked.get("loginHint"),
    cookie: cookie.split(";")[0] ?? "",
  };
};

const comeBack = ({ server }: TestServer, query: Record<string, string>, cookie?: string) =>
  server.inject({ url: `/oauth/callback?${new URLSearchParams(query)}`, headers: cookie === undefined ? {} : { cookie } });

describe("a connect link", () => {
  it("tells what will happen, as often as it is opened, and leads to a connected inbox", async () => {
    const test = await start();
    const link = await makeLink(test, { expectedAddress: "ola@sales.example", language: "pl" });
    for (let opened = 0; opened < 3; opened += 1) {
      const page = await test.server.inject({ url: link.path });
      expect(page.statusCode).toBe(200);
      expect(page.body).toContain('<html lang="pl">');
      expect(page.body).toContain("Sales GmbH chce widzieć");
      expect(page.body).toContain("Zaloguj się jako ola@sales.example.");
      expect(page.body).toContain("Later: operator jeszcze tego nie skonfigurował");
      expect(page.headers["content-security-policy"]).toContain("form-action 'self' https://provider.example");
    }
    expect((await ask(test.server, test.ours.read, "GET", `/v1/connect-links/${link.id}`)).json.state).toBe("open");

    const english = await test.server.inject({ url: `${link.path}?language=en` });
    expect([english.body.includes('<html lang="en">'), english.body.includes("Sales GmbH wants to see")]).toEqual([true, true]);

    const { state, challenge, redirectUri, hint, cookie } = await press(test, link.path);
    expect([redirectUri, hint]).toEqual(["http://bounceline.example/oauth/callback", "ola@sales.example"]);
    const done = await comeBack(test, { state, code: "ola@sales.example" }, cookie);
    expect([done.statusCode, done.body.includes("ola@sales.example is connected")]).toEqual([200, true]);

    const { json } = await ask(test.server, test.ours.read, "GET", `/v1/connect-links/${link.id}`);
    expect(json).toMatchObject({ state: "completed", outcome: "connected", owner: { externalId: "user-9", name: "Ola" } });
    const inbox = (await listInboxes(test.database.read, test.ours.accountId)).data.find(({ id }) => id === json.inboxId);
    expect(inbox).toMatchObject({
      address: "ola@sales.example",
      provider: "memory",
      owner: { externalId: "user-9", name: "Ola" },
      state: "first_sync",
    });
    const events = (await ask(test.server, test.ours.read, "GET", "/v1/events?after=6")).json.data;
    expect(events.map((event: { type: string }) => event.type)).toEqual(["inbox.connected", "connect_link.completed"]);
    expect(JSON.stringify(events)).not.toContain("geheim");
    // The verifier that was kept is the one whose hash went to the provider (RFC 7636).
    const stored = await readSecrets(test.database.read, test.keys, test.ours.accountId, json.inboxId);
    const { codeVerifier } = (stored?.secrets ?? {}) as { codeVerifier: string };
    expect(createHash("sha256").update(codeVerifier).digest("base64url")).toBe(challenge);
    expect((await test.server.inject({ url: link.path })).statusCode).toBe(410);
  });

  it("that ends in another mailbox says so in the reader's language", async () => {
    const test = await start();
    const link = await makeLink(test, { expectedAddress: "ola@sales.example", language: "pl" });
    const { state, cookie } = await press(test, link.path);
    const done = await comeBack(test, { state, code: "eva@sales.example", language: "pl" }, cookie);
    expect(done.body).toContain("Zalogowano się jako eva@sales.example, a skrzynka do połączenia to ola@sales.example.");
  });

  it.each([
    [{ error: "access_denied" }, "denied", /You did not agree/],
    [{ error: "admin_policy_enforced" }, "needs_admin", /must approve this app first.*refused: admin_policy_enforced/],
    [{ code: "unticked" }, "missing_permission", /was not ticked/],
    [{ code: "eva@sales.example" }, "wrong_address", /You signed in as eva@sales\.example; the mailbox to connect is ola@sales\.example/],
    [{ code: "down" }, "failed", /The provider does not answer/],
  ])("that ends with %j is %s, connects nothing, and can be tried again", async (query, outcome, words) => {
    const test = await start();
    const link = await makeLink(test, { expectedAddress: "ola@sales.example" });
    const { state, cookie } = await press(test, link.path);
    const done = await comeBack(test, { state, ...query } as Record<string, string>, cookie);
    expect(done.statusCode).toBe(400);
    expect(done.body).toMatch(words);
    expect((await ask(test.server, test.ours.read, "GET", `/v1/connect-links/${link.id}`)).json).toMatchObject({
      state: "failed",
      outcome,
      inboxId: null,
    });
    expect((await listInboxes(test.database.read, test.ours.accountId)).data).toHaveLength(1);
    const again = await press(test, link.path);
    expect((await comeBack(test, { state: again.state, code: "ola@sales.example" }, again.cookie)).statusCode).toBe(200);
  });

  it("that reconnects an inbox keeps it, and gives it the new sign-in", async () => {
    const test = await start();
    const link = await makeLink(test, { inboxId: test.ours.inboxId });
    const { state, cookie } = await press(test, link.path);
    expect((await comeBack(test, { state, code: "anna@sales.example" }, cookie)).statusCode).toBe(200);
    expect((await listInboxes(test.database.read, test.ours.accountId)).data).toHaveLength(1);
    expect((await readSecrets(test.database.read, test.keys, test.ours.accountId, test.ours.inboxId))?.secrets).toMatchObject({
      token: "geheim",
    });
    const foreign = await ask(test.server, test.ours.write, "POST", "/v1/connect-links", { inboxId: test.theirs.inboxId });
    expect(foreign.status).toBe(404);
  });
});

describe("a connect link with a page to return to", () => {
  const page = "https://crm.example/mail";
  const startListed = async () => {
    const test = await start();
    await ask(test.server, test.admin, "PATCH", `/v1/accounts/${test.ours.accountId}`, { returnUrls: [page] });
    return test;
  };

  it.each([
    "https://crm.example/other",
    "https://crm.example.evil.example/mail",
    "http://crm.example/mail",
    "https://a:b@crm.example/mail",
  ])("is not made for %s, which the account does not name", async (returnUrl) => {
    const { server, ours } = await startListed();
    const { status, json } = await ask(server, ours.write, "POST", "/v1/connect-links", { returnUrl });
    expect([status, json.errors[0].pointer, json.errors[0].code]).toEqual([422, "/body/returnUrl", "not_listed"]);
  });

  it.each(["javascript:alert(1)", "http://crm.example/mail", "https://crm.example/mail#part"])(
    "no account takes %s into its list",
    async (returnUrl) => {
      const { server, admin, ours } = await start();
      const { status } = await ask(server, admin, "PATCH", `/v1/accounts/${ours.accountId}`, { returnUrls: [returnUrl] });
      expect(status).toBe(422);
    },
  );

  it.each([
    [{ code: "ola@sales.example" }, "connected"],
    [{ code: "eva@sales.example" }, "wrong_address"],
    [{ error: "access_denied" }, "denied"],
    [{ error: "admin_policy_enforced" }, "needs_admin"],
    [{ code: "unticked" }, "missing_permission"],
    [{ code: "down" }, "failed"],
  ])("leads there after %j, and says %s beside what the CRM put into the query", async (query, result) => {
    const test = await startListed();
    const link = await makeLink(test, { expectedAddress: "ola@sales.example", returnUrl: `${page}?deal=d-901` });
    const { state, cookie } = await press(test, link.path);
    const done = await comeBack(test, { state, ...query } as Record<string, string>, cookie);
    expect([done.statusCode, done.headers.location]).toEqual([303, `${page}?deal=d-901&connectLink=${link.id}&result=${result}`]);
    const { json } = await ask(test.server, test.ours.read, "GET", `/v1/connect-links/${link.id}`);
    expect(json).toMatchObject({ outcome: result, returnUrl: `${page}?deal=d-901` });
  });

  it("that is declined leads there too, and can be used later", async () => {
    const test = await startListed();
    const link = await makeLink(test, { returnUrl: page });
    const declined = await test.server.inject({ method: "POST", url: `${link.path}/decline` });
    expect(declined.headers.location).toBe(`${page}?connectLink=${link.id}&result=denied`);
    expect((await test.server.inject({ url: link.path })).headers["content-security-policy"]).toMatch(
      /form-action 'self' \S+ https:\/\/crm\.example$/,
    );
    expect((await ask(test.server, test.ours.read, "GET", `/v1/connect-links/${link.id}`)).json.outcome).toBe("denied");
  });
});

it("a mailbox is connected once: signing in to it again is refused in words, by link and on our own pages", async () => {
  const test = await start();
  const link = await makeLink(test, { language: "pl" });
  const { state, cookie } = await press(test, link.path);
  const done = await comeBack(test, { state, code: "Anna@sales.example", language: "pl" }, cookie);
  expect([done.statusCode, done.body.includes("Skrzynka anna@sales.example jest już połączona")]).toEqual([400, true]);
  expect((await ask(test.server, test.ours.read, "GET", `/v1/connect-links/${link.id}`)).json).toMatchObject({
    outcome: "failed",
    inboxId: null,
  });

  const browser = await signedInAs(test, "owner");
  await browser.get("/inboxes/connect");
  const asked = new URL(String((await browser.submit("/inboxes/connect/memory")).headers.location)).searchParams;
  const ended = await browser.get(
    `/oauth/callback?${new URLSearchParams({ state: asked.get("state") ?? "", code: "anna@sales.example" })}`,
  );
  expect(ended.body).toContain("anna@sales.example is connected already");
  expect((await listInboxes(test.database.read, test.ours.accountId)).data).toHaveLength(1);
});

describe("coming back from the provider", () => {
  it("leads on to the inbox where somebody of its account is signed in, and nobody else", async () => {
    const test = await start();
    const path = async () => (await makeLink(test)).path;
    const { cookies } = await signedInAs(test, "owner");
    const session = `bounceline_session=${cookies.get("bounceline_session")}`;
    const ours = await press(test, await path());
    const shown = await comeBack(test, { state: ours.state, code: "x@sales.example" }, `${ours.cookie}; ${session}`);
    expect(shown.body).toMatch(/x@sales\.example is connected\..*<a href="\/inboxes\/inb_\w+">See how the inbox does/s);
    const other = await press(test, await path());
    expect((await comeBack(test, { state: other.state, code: "y@sales.example" }, other.cookie)).body).not.toContain("/inboxes/inb_");
  });

  it("connects nothing in another browser, with a made-up state, or twice", async () => {
    const test = await start();
    const link = await makeLink(test);
    const { state, cookie } = await press(test, link.path);
    const other = await press(test, link.path);
    for (const [query, jar] of [
      [{ state, code: "x@sales.example" }, undefined],
      [{ state, code: "x@sales.example" }, other.cookie],
      [{ state: "guess", code: "x@sales.example" }, cookie],
      [{ code: "x@sales.example" }, cookie],
    ] as const) {
      const refused = await comeBack(test, query, jar);
      expect([refused.statusCode, refused.body.includes("begun elsewhere")]).toEqual([400, true]);
    }
    expect((await comeBack(test, { state, code: "x@sales.example" }, cookie)).statusCode).toBe(200);
    expect((await comeBack(test, { state, code: "x@sales.example" }, cookie)).statusCode).toBe(400);
    expect((await listInboxes(test.database.read, test.ours.accountId)).data).toHaveLength(2);
  });

  it("shows what the provider sent as text", async () => {
    const test = await start();
    const { state, cookie } = await press(test, (await makeLink(test)).path);
    const page = await comeBack(test, { state, error: "<script>alert(1)</script>" }, cookie);
    expect(page.body).not.toContain("<script>");
    expect(page.body).toContain("&lt;script&gt;");
  });
});

it("a link nobody made is gone", async () => {
  const { server } = await start();
  expect((await server.inject({ url: "/connect/guess" })).statusCode).toBe(410);
  expect((await server.inject({ method: "POST", url: "/connect/guess/memory" })).statusCode).toBe(410);
});
