/** The ways people take through the pages, in a real browser, with a real Dovecot behind them. */
import { describe, expect, it } from "vitest";
import { whyNoChromium } from "../setup/chromium.ts";
import { type MailServer, sharedMailServer } from "../setup/mail-server.ts";
import { connectWith, fillSettings, inMailbox, noticeTo, sentBy } from "./dovecot-mailbox.ts";
import { expectAccessible, password, picture, shown, signUp, startPages, until } from "./start-pages.ts";

const server = await sharedMailServer();
const reason = whyNoChromium() ?? ("skipped" in server ? server.skipped : null);
if (reason !== null) console.warn(`SKIPPED, no journeys: ${reason}`);

const ola = { email: "ola.journey@sales.example", name: "Ola Lis", role: "sales" } as const;
const sam = { email: "support@sales.example", name: "Sam Support", role: "support" } as const;

const filedAt = new Date(Date.now() - 600_000);

/** A mailbox with a bounce in it, and one in a folder nobody watches. */
const fillMailbox = (mailServer: MailServer): Promise<void> =>
  inMailbox(mailServer, ola.email, async (client) => {
    await client.mailboxCreate("Filed").catch(() => {});
    for (const [n, folder] of [
      [41, "INBOX"],
      [42, "Filed"],
    ] as const) {
      await client.append("Sent", sentBy(ola.email, n), ["\\Seen"]);
      await client.append(folder, noticeTo(ola.email, n, filedAt));
    }
  });

describe.skipIf(reason !== null)("a journey", () => {
  it("from connecting a mailbox to a bounce that was missed, found by support", { timeout: 240_000 }, async () => {
    const running = await startPages();
    const { password: secret } = server as MailServer;
    await fillMailbox(server as MailServer);

    // Ola, in sales, connects her mailbox. First with a wrong password.
    const sales = await signUp(running, ola);
    await fillSettings(sales, server as MailServer, ola.email);
    await connectWith(sales, "not the password");
    await expectAccessible(sales, "a wrong password");
    await picture(sales, "journey-2-wrong-password");
    expect(await shown(sales, ".fault")).toMatch(/password/i);
    expect(await sales.content()).not.toContain("not the password");
    await connectWith(sales, secret);
    await until(sales, /All is well/);
    await picture(sales, "journey-3-inbox");

    // Her bounce is on the timeline and on the contact.
    await sales.getByRole("link", { name: "Bounces" }).click();
    await until(sales, /u41@customer\.example/);
    await sales.getByRole("link", { name: "u41@customer.example" }).first().click();
    expect(await shown(sales)).toMatch(/Hard bounce: Unknown user/);
    await picture(sales, "journey-4-contact");

    // Support is asked why the other one was missed.
    const support = await signUp(running, sam);
    await support.getByRole("link", { name: "Why not?" }).click();
    await support.locator('input[name="id"]').fill("<m42@sales.example>");
    await support.locator('form:has(input[name="id"]) button').first().click();
    await picture(support, "journey-5-why");
    // It may lie in a folder that is not watched: Ola has it, and sends it as .eml.
    expect(await shown(support)).toMatch(/a folder that is not watched/);
    const notice = noticeTo(ola.email, 42, filedAt);
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
    const page = await signUp(running, sam);
    await page.getByRole("button", { name: "Sign out" }).press("Enter");
    // A key that is pressed before the page is there is lost.
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
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
