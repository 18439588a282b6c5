/** The ways people take through the pages, in a real browser, with a real Dovecot behind them. */
import { ImapFlow } from "imapflow";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { createSignInLink } from "../../src/store/sign-in.ts";
import { createUser } from "../../src/store/users.ts";
import { makeNotice, makeSent } from "../fixtures/make-mail.ts";
import { whyNoChromium } from "../setup/chromium.ts";
import { type MailServer, sharedMailServer } from "../setup/mail-server.ts";
import { expectAccessible, picture, type Running, shown, startPages } from "./start-pages.ts";

const server = await sharedMailServer();
const reason = whyNoChromium() ?? ("skipped" in server ? server.skipped : null);
if (reason !== null) console.warn(`SKIPPED, no journeys: ${reason}`);

const password = "correct horse battery staple";
const ola = "ola.journey@sales.example";

const filedAt = new Date(Date.now() - 600_000);

/** A mailbox with a bounce in it, and one in a folder nobody watches. */
const fillMailbox = async ({ imap, password: pass }: MailServer): Promise<void> => {
  const client = new ImapFlow({
    host: imap.host,
    port: imap.port,
    secure: true,
    auth: { user: ola, pass },
    tls: { ca: imap.ca },
    logger: false,
  });
  await client.connect();
  await client.mailboxCreate("Filed").catch(() => {});
  for (const [n, folder] of [
    [41, "INBOX"],
    [42, "Filed"],
  ] as const) {
    await client.append("Sent", Buffer.from(makeSent(n, new Date()).replace("anna@sales.example", ola)), ["\\Seen"]);
    await client.append(folder, Buffer.from(makeNotice(n, filedAt).replace("To: anna@sales.example", `To: ${ola}`)));
  }
  await client.logout();
};

/** Reloads until the page says something; what comes by polling comes within seconds. */
const until = async (page: Page, words: string | RegExp): Promise<void> => {
  await expect
    .poll(
      async () => {
        await page.reload();
        return shown(page);
      },
      { timeout: 30_000, interval: 700 },
    )
    .toMatch(words);
};

const signUp = async ({ house, accountId, url, open }: Running, role: "sales" | "support"): Promise<Page> => {
  const { page } = await open();
  const email = role === "sales" ? ola : `${role}@sales.example`;
  const link = await house.database.transaction(async (tx) => {
    const user = await createUser(tx, accountId, { email, name: role === "sales" ? "Ola Lis" : "Sam Support", role }, Date.now());
    return createSignInLink(tx, accountId, Date.now(), user?.id ?? null);
  });
  await page.goto(`${url}/?signin=${link}`);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Save" }).click();
  return page;
};

describe.skipIf(reason !== null)("a journey", () => {
  it("from connecting a mailbox to a bounce that was missed, found by support", { timeout: 240_000 }, async () => {
    const running = await startPages();
    const { imap, password: secret } = server as MailServer;
    await fillMailbox(server as MailServer);

    // Ola, in sales, connects her mailbox. First with a wrong password.
    const sales = await signUp(running, "sales");
    await sales.getByRole("link", { name: "Inboxes" }).click();
    await sales.getByRole("link", { name: "Connect an inbox" }).click();
    await picture(sales, "journey-1-consent");
    await sales.getByLabel("E-mail address").fill(ola);
    await sales.getByRole("button", { name: /find/i }).click();
    await sales.getByLabel("Server").first().fill(imap.host);
    await sales.getByRole("textbox", { name: "Port" }).fill(String(imap.port));
    await sales.getByLabel("User name").fill(ola);
    await sales.getByLabel("Password").fill("not the password");
    await sales.locator("summary").first().click();
    await sales.locator("textarea").fill(imap.pinnedCertificate);
    await sales.getByRole("button", { name: /connect/i }).click();
    await expectAccessible(sales, "a wrong password");
    await picture(sales, "journey-2-wrong-password");
    expect(await shown(sales, ".fault")).toMatch(/password/i);
    expect(await sales.content()).not.toContain("not the password");
    await sales.getByLabel("Password").fill(secret);
    await sales.getByRole("button", { name: /connect/i }).click();
    await until(sales, /All is well/);
    await picture(sales, "journey-3-inbox");

    // Her bounce is on the timeline and on the contact.
    await sales.getByRole("link", { name: "Bounces" }).click();
    await until(sales, /u41@customer\.example/);
    await sales.getByRole("link", { name: "u41@customer.example" }).first().click();
    expect(await shown(sales)).toMatch(/Hard bounce: Unknown user/);
    await picture(sales, "journey-4-contact");

    // Support is asked why the other one was missed.
    const support = await signUp(running, "support");
    await support.getByRole("link", { name: "Why not?" }).click();
    await support.locator('input[name="id"]').fill("<m42@sales.example>");
    await support.locator('form:has(input[name="id"]) button').first().click();
    await picture(support, "journey-5-why");
    // It may lie in a folder that is not watched: Ola has it, and sends it as .eml.
    expect(await shown(support)).toMatch(/a folder that is not watched/);
    const notice = Buffer.from(makeNotice(42, filedAt).replace("To: anna@sales.example", `To: ${ola}`));
    await support.locator('input[type="file"]').setInputFiles({ name: "notice.eml", mimeType: "message/rfc822", buffer: notice });
    await support.locator('form:has(input[type="file"]) button').click();
    await expect.poll(() => shown(support), { timeout: 15_000 }).toMatch(/lies in “Filed”, which is not watched/);
    await picture(support, "journey-6-found");
    await expectAccessible(support, "the folder that is not watched");
    await support.getByRole("button", { name: /watch/i }).first().click();
    await support.getByRole("link", { name: "Bounces" }).click();
    await until(support, /u42@customer\.example/);
    await picture(support, "journey-7-solved");
  });

  it("by the keyboard alone: signing in, to the bounces, to a contact", { timeout: 120_000 }, async () => {
    const running = await startPages();
    const page = await signUp(running, "support");
    await page.getByRole("button", { name: "Sign out" }).press("Enter");
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement?.textContent")).toBe("Skip to content");
    await page.keyboard.press("Enter");
    // From the start of the content on: address, password, button.
    await page.keyboard.press("Tab");
    await page.keyboard.type("support@sales.example");
    await page.keyboard.press("Tab");
    await page.keyboard.type(password);
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/support/);
    const follow = async (name: string): Promise<void> => {
      for (let tabs = 0; tabs < 80; tabs++) {
        await page.keyboard.press("Tab");
        if ((await page.evaluate("document.activeElement?.textContent?.trim()")) === name) break;
      }
      const focus = (await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")) as string;
      expect(focus, `${name} shows that it has the focus`).not.toBe("none");
      await page.keyboard.press("Enter");
    };
    await follow("Bounces");
    await page.waitForURL(/\/timeline/);
    await until(page, /nobody@customer\.example/);
    await follow("nobody@customer.example");
    await page.waitForURL(/\/contacts\/con_/);
    expect(await shown(page, "h1")).toContain("nobody@customer.example");
  });

  it("without JavaScript the timeline, the inboxes and a trace can be read", { timeout: 120_000 }, async () => {
    const running = await startPages();
    const { page } = await running.open({ javaScript: false });
    await page.goto(await running.ownerLink());
    await page.goto(`${running.url}/timeline`);
    await until(page, /Hard bounce: Unknown user[\s\S]*550 5\.1\.1/);
    await page.goto(`${running.url}/inboxes`);
    expect(await shown(page)).toMatch(/anna@sales\.example[\s\S]*All is well/);
    await page.goto(`${running.url}/timeline`);
    await page.getByRole("link", { name: "nobody@customer.example" }).first().click();
    expect(await shown(page)).toMatch(/Hard bounce/);
    await page.goto(`${running.url}/why`);
    await page.locator('input[name="id"]').fill("<never-seen@sales.example>");
    await page.locator('form:has(input[name="id"]) button').first().click();
    expect(await shown(page)).toMatch(/No connected inbox|no record|not seen/i);
  });
});
