/** Connect links from the CRM's call to the browser's return, in a real browser: with a password at a real Dovecot, and by signing in. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Authorize, ConnectorError } from "../../src/ports/connector.ts";
import { createApiKey } from "../../src/store/api-keys.ts";
import { startServer } from "../api/server.ts";
import { openChromium, whyNoChromium } from "../setup/chromium.ts";
import { type MailServer, sharedMailServer } from "../setup/mail-server.ts";
import { connectWith, inMailbox, sentBy } from "./dovecot-mailbox.ts";
import { expectAccessible, picture, pictures, type Running, shown, startPages } from "./start-pages.ts";

const server = await sharedMailServer();
const reason = whyNoChromium() ?? ("skipped" in server ? server.skipped : null);
if (reason !== null) console.warn(`SKIPPED, no journeys: ${reason}`);

const cleanups: (() => unknown)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** A CRM: makes links by the API, and has a page to come back to that shows what it was told. */
const startCrm = async (api: string, keys: { admin: string; write: string }, accountId: string) => {
  const http = createServer((request, response) => {
    response.setHeader("content-type", "text/html");
    response.end(
      `<!doctype html><html lang="en"><title>CRM</title><main><h1>Back in the CRM</h1><p>${request.url?.replaceAll("&", "&amp;")}</p></main>`,
    );
  });
  await new Promise<void>((done) => http.listen(0, "127.0.0.1", done));
  cleanups.push(() => http.close());
  const page = `http://127.0.0.1:${(http.address() as AddressInfo).port}/mail`;
  const call = async (method: string, path: string, key: string, body?: object) => {
    const answer = await fetch(api + path, {
      method,
      headers: { authorization: `Bearer ${key}`, ...(body && { "content-type": "application/json" }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    // biome-ignore lint/suspicious/noExplicitAny: as any client of the API
    return (await answer.json()) as any;
  };
  await call("PATCH", `/v1/accounts/${accountId}`, keys.admin, { returnUrls: [page] });
  return {
    page,
    makeLink: (wish: object): Promise<{ id: string; url: string }> =>
      call("POST", "/v1/connect-links", keys.write, {
        owner: { externalId: "user-9", name: "Ola Lis" },
        returnUrl: `${page}?deal=d-901`,
        ...wish,
      }),
    link: (id: string) => call("GET", `/v1/connect-links/${id}`, keys.write),
    inbox: (id: string) => call("GET", `/v1/inboxes/${id}`, keys.write),
  };
};

const keysOf = async ({ house, accountId }: Running) => {
  const make = (account: string | null, scope: "admin" | "write") =>
    house.database.transaction(async (tx) => (await createApiKey(tx, account, { scope, label: scope }, Date.now())).key);
  return { admin: await make(null, "admin"), write: await make(accountId, "write") };
};

/** What the browser was sent back with. */
const told = (url: string) => Object.fromEntries(new URL(url).searchParams);

describe.skipIf(reason !== null)("a connect link", () => {
  it("for a mailbox with a password: declined, a wrong password, connected, used up, connected twice, expired", {
    timeout: 180_000,
  }, async () => {
    const { imap, password } = server as MailServer;
    const running = await startPages();
    const crm = await startCrm(running.url, await keysOf(running), running.accountId);
    const address = "ola.link@sales.example";
    await inMailbox(server as MailServer, address, (client) => client.append("Sent", sentBy(address, 51), ["\\Seen"]));
    const link = await crm.makeLink({ expectedAddress: address, language: "en" });
    const { page } = await running.open();

    // Opening it uses nothing up; declining leads back, and it can be opened again.
    await page.goto(link.url);
    expect(await shown(page)).toMatch(/Sales GmbH wants to see[\s\S]*Please sign in as ola\.link@sales\.example/);
    await expectAccessible(page, "link-1-consent");
    await picture(page, "link-1-consent");
    expect(await crm.link(link.id)).toMatchObject({ state: "open" });
    await page.getByRole("button", { name: "Do not connect" }).click();
    await page.waitForURL(/^http:\/\/127\.0\.0\.1:\d+\/mail\?/);
    expect(told(page.url())).toEqual({ deal: "d-901", connectLink: link.id, result: "denied" });
    expect(await crm.link(link.id)).toMatchObject({ state: "failed", outcome: "denied", inboxId: null });

    await page.goto(link.url);
    await page.getByRole("button", { name: "Find the settings" }).click();
    await page.getByLabel("Server").first().fill(imap.host);
    await page.getByRole("textbox", { name: "Port" }).fill(String(imap.port));
    await page.locator("summary").first().click();
    await page.locator("textarea").fill(imap.pinnedCertificate);
    await connectWith(page, "not the password");
    expect(await shown(page, ".fault")).toMatch(/did not accept user name or password/);
    expect(await page.content()).not.toContain("not the password");
    await expectAccessible(page, "link-2-wrong-password");
    await picture(page, "link-2-wrong-password");
    await connectWith(page, password);
    await page.waitForURL(/^http:\/\/127\.0\.0\.1:\d+\/mail\?/);
    expect(told(page.url())).toEqual({ deal: "d-901", connectLink: link.id, result: "connected" });
    await picture(page, "link-3-back-in-the-crm");
    const { state, outcome, inboxId } = await crm.link(link.id);
    expect([state, outcome]).toEqual(["completed", "connected"]);
    await expect.poll(async () => (await crm.inbox(inboxId)).state, { timeout: 30_000 }).toBe("watching");
    expect(await crm.inbox(inboxId)).toMatchObject({ address, owner: { externalId: "user-9", name: "Ola Lis" } });

    await page.goto(link.url);
    expect(await shown(page)).toMatch(/This link has expired or was used/);
    await pictures(page, "link-4-used");

    // The same mailbox once more, by another link, in Polish as the CRM asked: this reader has chosen no language.
    await page.context().clearCookies();
    const again = await crm.makeLink({ expectedAddress: address, language: "pl" });
    await page.goto(again.url);
    await page.getByRole("button", { name: "Znajdź ustawienia" }).click();
    await expectAccessible(page, "link-5-settings-pl");
    await picture(page, "link-5-settings-pl");
    await page.locator('input[name="host"]').fill(imap.host);
    await page.locator('input[name="password"]').fill(password);
    await page.locator("main form.narrow button").click();
    expect(await shown(page, ".fault")).toBe(
      "Skrzynka ola.link@sales.example jest już połączona na tym koncie. Widzi ją wśród skrzynek ten, kto prowadzi Bounceline.",
    );

    // Its time runs out.
    await running.house.database.transaction((tx) =>
      tx
        .updateTable("connect_links")
        .set({ expires_at: Date.now() - 1 })
        .where("id", "=", again.id)
        .execute(),
    );
    const late = await page.goto(again.url);
    expect(late?.status()).toBe(410);
    expect(await shown(page)).toMatch(/wygasł/);
    await expectAccessible(page, "link-6-expired-pl");
    await picture(page, "link-6-expired-pl");
    expect(await crm.link(again.id)).toMatchObject({ state: "expired" });
  });

  it("by signing in at a provider leads back to the CRM with each outcome, and can be used again until it is connected", {
    timeout: 120_000,
  }, async () => {
    let url = "";
    const world = await startServer({ publicUrl: () => url }, provider);
    url = await world.server.listen({ host: "127.0.0.1", port: 0 });
    const crm = await startCrm(url, { admin: world.admin, write: world.ours.write }, world.ours.accountId);
    const browser = await openChromium();
    cleanups.push(() => browser.close());
    const context = await browser.newContext({ locale: "en-GB" });
    await context.route("https://provider.example/**", (route) =>
      route.fulfill({ contentType: "text/html", body: signInPage(route.request().url()) }),
    );
    const page = await context.newPage();
    const link = await crm.makeLink({ expectedAddress: "ola@sales.example", providers: ["memory"] });

    for (const [choice, result] of [
      ["Cancel", "denied"],
      ["Ask an administrator", "needs_admin"],
      ["Allow, without mail", "missing_permission"],
      ["Allow as eva@sales.example", "wrong_address"],
      ["Allow, but break", "failed"],
      ["Allow as ola@sales.example", "connected"],
    ] as const) {
      await page.goto(link.url);
      await page.getByRole("button", { name: "Sign in at Memory" }).click();
      await page.getByRole("link", { name: choice, exact: true }).click();
      await page.waitForURL(/^http:\/\/127\.0\.0\.1:\d+\/mail\?/);
      expect(told(page.url()), choice).toEqual({ deal: "d-901", connectLink: link.id, result });
      expect(await crm.link(link.id)).toMatchObject({ outcome: result, state: result === "connected" ? "completed" : "failed" });
    }
    const used = await page.goto(link.url);
    expect(used?.status()).toBe(410);
  });
});

/** A provider whose codes say what comes of them. */
const provider: Authorize = {
  app: z.object({ clientId: z.string() }),
  url: (_app, { state, redirectUri }) => `https://provider.example/sign-in?${new URLSearchParams({ state, redirectUri })}`,
  exchange: async ({ code }) => {
    if (code === "unticked") throw new ConnectorError("auth", "The box was not ticked.", { outcome: "missing_permission" });
    if (code === "down") throw new ConnectorError("unavailable", "The provider does not answer.");
    return { secrets: { token: "t" }, address: code };
  },
  refusal: (error) => new ConnectorError("auth", `refused: ${error}`, { outcome: error === "access_denied" ? "denied" : "needs_admin" }),
  revoke: async () => {},
};

/** What the provider shows: one link for each answer a person can give. */
const signInPage = (address: string): string => {
  const asked = new URL(address).searchParams;
  const answer = (query: Record<string, string>, words: string): string => {
    const back = `${asked.get("redirectUri")}?${new URLSearchParams({ state: asked.get("state") ?? "", ...query })}`;
    return `<p><a href="${back.replaceAll("&", "&amp;")}">${words}</a></p>`;
  };
  return `<!doctype html><title>Provider</title>${[
    answer({ error: "access_denied" }, "Cancel"),
    answer({ error: "admin_policy_enforced" }, "Ask an administrator"),
    answer({ code: "unticked" }, "Allow, without mail"),
    answer({ code: "eva@sales.example" }, "Allow as eva@sales.example"),
    answer({ code: "down" }, "Allow, but break"),
    answer({ code: "ola@sales.example" }, "Allow as ola@sales.example"),
  ].join("")}`;
};
