/** What people do with one bounce, one notice, one mailbox: in a real browser, each person in a window of their own. */
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { listAudit } from "../../src/store/audit-log.ts";
import { allInboxes, getInbox } from "../../src/store/inboxes.ts";
import { whyNoChromium } from "../setup/chromium.ts";
import { type MailServer, sharedMailServer } from "../setup/mail-server.ts";
import { connectWith, fillSettings, inMailbox, noticeTo, sentBy } from "./dovecot-mailbox.ts";
import { pictures, type Running, shown, signUp, startPages, until } from "./start-pages.ts";

const server = await sharedMailServer();
const reason = whyNoChromium() ?? ("skipped" in server ? server.skipped : null);
if (reason !== null) console.warn(`SKIPPED, no journeys: ${reason}`);

const anna = { email: "anna@sales.example", name: "Anna Nowak", role: "sales" } as const;
const sam = { email: "support@sales.example", name: "Sam Support", role: "support" } as const;
const personAt = (name: string) => ({ email: `${name}@sales.example`, name: "Ewa Wilk", role: "sales" }) as const;

const minutesAgo = (n: number) => new Date(Date.now() - n * 60_000);

/** Somebody of sales whose mailbox was connected on the pages. */
const connected = async (running: Running, person: ReturnType<typeof personAt>): Promise<Page> => {
  const page = await signUp(running, person);
  await fillSettings(page, server as MailServer, person.email);
  await connectWith(page, (server as MailServer).password);
  await until(page, /All is well/);
  return page;
};

/** A notice about a message nobody here sent, with everything in it that must not come alive when it is shown. */
const hostile = (to: string, elsewhere: string): Buffer =>
  Buffer.from(
    noticeTo(to, 77, minutesAgo(30))
      .toString()
      .replace(
        "--b\r\n\r\nYour message could not be delivered.\r\n",
        `--b\r\nContent-Type: text/html\r\n\r\n<p>Delivery to u77 failed.</p><script>document.title="taken over"</script>` +
          `<img src="${elsewhere}/pixel.gif"><iframe src="${elsewhere}/frame"></iframe>\r\n`,
      ),
  );

describe.skipIf(reason !== null)("a journey", () => {
  it("a sales user makes an address usable again, with a note", { timeout: 120_000 }, async () => {
    const page = await signUp(await startPages(), anna);
    await page.getByRole("link", { name: "Bounces" }).click();
    await until(page, /nobody@customer\.example/);
    await page.getByRole("link", { name: "nobody@customer.example" }).first().click();
    const before = await shown(page);
    expect(before).toMatch(/Hard bounce reason\s+Unknown user/);
    expect(before).toMatch(/Marketing\s+✕ Left out since .*: Unknown user\./);
    expect(before).toMatch(/One-to-one\s+! Allowed, but it will probably bounce\./);

    await page.locator("summary", { hasText: "Unbounce" }).click();
    await page.getByLabel("Why?").fill("Spelled wrongly in their directory; Jan confirmed by phone.");
    await pictures(page, "unbounce-1-before");
    await page.locator("summary", { hasText: "Unbounce" }).click();
    await page.getByLabel("Why?").fill("Jan <b>confirmed</b> by phone that it works.");
    await page.getByRole("button", { name: "Unbounce" }).click();

    const after = await shown(page);
    expect(after).toContain("The address can be used again.");
    expect(after).toMatch(/Hard bounce reason\s+–/);
    expect(after).toMatch(/Marketing\s+✓ Allowed\./);
    expect(after).toMatch(/One-to-one\s+✓ Allowed\./);
    expect(after).toContain("Hard bounce: Unknown user");
    expect(after).toMatch(/Anna Nowak made nobody@customer\.example usable again\s+“Jan <b>confirmed<\/b> by phone that it works\.”/);
    expect(await page.locator("summary", { hasText: "Unbounce" }).count()).toBe(0);
    await pictures(page, "unbounce-2-after");
  });

  it("support asks the owner to share a notice, is refused before, and reads it after", { timeout: 180_000 }, async () => {
    const running = await startPages();
    const ewa = personAt("ewa.share");
    const elsewhere = "http://tracker.example";
    await inMailbox(server as MailServer, ewa.email, (client) => client.append("INBOX", hostile(ewa.email, elsewhere)));
    const owner = await connected(running, ewa);

    const support = await signUp(running, sam);
    const asked: string[] = [];
    support.on("request", (request) => void asked.push(request.url()));
    await support.getByRole("link", { name: "Unmatched" }).click();
    await until(support, /u77@customer\.example/);
    await support
      .getByRole("link", { name: /u77@customer\.example/ })
      .first()
      .click();
    const path = new URL(support.url()).pathname;
    expect(await shown(support)).toMatch(/Only the owner of ewa\.share@sales\.example reads this notice/);
    expect(await support.getByRole("link", { name: "Read the notice" }).count()).toBe(0);
    // The address of the text, typed by hand, is refused too.
    const refused = await support.goto(`${running.url}${path}/text`);
    expect(refused?.status()).toBe(403);
    expect(await shown(support)).not.toContain("Delivery to u77 failed");
    await pictures(support, "share-1-refused");
    await support.getByRole("link", { name: "Back to the notice" }).click();
    await support.getByLabel(/What do you need it for/).fill("The customer says that nothing came.");
    await support.getByRole("button", { name: "Ask Ewa Wilk to share this notice" }).click();
    expect(await shown(support)).toMatch(/Ewa Wilk was asked on .*, and has not answered yet/);
    await pictures(support, "share-2-asked");

    await owner.getByRole("link", { name: "Unmatched" }).click();
    expect(await shown(owner)).toMatch(/You are asked to share\s+Sam Support asks to read[\s\S]*The customer says that nothing came\./);
    await pictures(owner, "share-3-request");
    await owner.getByRole("button", { name: "Share for 7 days" }).click();
    expect(await shown(owner)).toMatch(/Support can read it until/);

    await support.reload();
    expect(await shown(support)).toMatch(/Shared by Ewa Wilk until/);
    await support.getByRole("link", { name: "Read the notice" }).click();
    // What is HTML is opened by hand, and its source too: both are text.
    await support.locator(".parts summary", { hasText: "text/html" }).click();
    await support.locator("summary", { hasText: "HTML source" }).click();
    const text = await shown(support);
    expect(text).toMatch(/Delivery to u77 failed[\s\S]*550 5\.1\.1 <u77@customer\.example>: User unknown/);
    expect(text).toContain(`<img src="${elsewhere}/pixel.gif">`);
    expect(await support.title()).toMatch(/^Notice about/);
    expect(await support.locator("main :is(img, script, iframe)").count()).toBe(0);
    expect(asked.filter((url) => !url.startsWith(running.url))).toEqual([]);
    await pictures(support, "share-4-text");

    const read = async () =>
      (await listAudit(running.house.database.read, running.accountId, { limit: 200 })).data.filter(
        ({ action, subject }) => action === "GET /notices/:id/text" && subject !== null && path.endsWith(subject),
      );
    await expect.poll(async () => (await read()).length, { timeout: 5_000 }).toBeGreaterThan(0);
    expect(new Set((await read()).map(({ by }) => by)).size, "the refusal was no reading, and the owner read nothing").toBe(1);
  });

  it("a message that is missing on our side is found by a comparison, listed, queued and judged", { timeout: 180_000 }, async () => {
    const running = await startPages();
    const { database } = running.house;
    const ewa = personAt("ewa.coverage");
    await inMailbox(server as MailServer, ewa.email, (client) => client.append("Sent", sentBy(ewa.email, 61), ["\\Seen"]));
    const owner = await connected(running, ewa);

    // What went wrong: while it was paused a notice came, and our position in the mailbox went past it.
    await owner.getByRole("button", { name: "Pause" }).click();
    await inMailbox(server as MailServer, ewa.email, (client) =>
      client.append("INBOX", noticeTo(ewa.email, 61, minutesAgo(20)), [], minutesAgo(20)),
    );
    const [inbox] = (await allInboxes(database.read, running.accountId)).filter(({ address }) => address === ewa.email);
    if (!inbox) throw new Error("not connected");
    await skipOne(running, inbox.id);
    await owner.getByRole("button", { name: "Resume" }).click();
    await until(owner, /All is well/);
    const { lastPollAt } = inbox;
    await expect
      .poll(async () => (await getInbox(database.read, running.accountId, inbox.id))?.lastPollAt, { timeout: 20_000 })
      .toBeGreaterThan((lastPollAt ?? 0) + 1);
    await owner.getByRole("link", { name: "Bounces" }).click();
    expect(await shown(owner)).not.toContain("u61@customer.example");

    const support = await signUp(running, sam);
    await support.getByRole("link", { name: "Coverage", exact: true }).click();
    const part = `section.covered:has-text("${ewa.email}")`;
    const row = `${part} tbody tr`;
    await support.locator(part).getByRole("button", { name: "Check now" }).click();
    // htmx puts the result in its place; nothing is reloaded.
    await expect.poll(() => shown(support, part), { timeout: 20_000 }).toMatch(/1 of 2|0 of 1/);
    expect(await shown(support, part)).toContain("Missing: 1");
    await support.locator(part).locator("summary").click();
    expect(await support.locator(row).count()).toBe(1);
    expect(await shown(support, row)).toMatch(/INBOX\s+(queued to be read|read since)/);
    await pictures(support, "coverage-1-gap");

    await expect
      .poll(
        async () => {
          await support.reload();
          await support.locator(part).locator("summary").click();
          return shown(support, row);
        },
        { timeout: 30_000, interval: 700 },
      )
      .toContain("read since");
    await support.locator(part).getByRole("link", { name: "Why?" }).click();
    expect(await shown(support)).toMatch(/It was not missed: it was logged on u61@customer\.example/);
    await pictures(support, "coverage-2-judged");
    await owner.reload();
    expect(await shown(owner)).toMatch(/Hard bounce: Unknown user[\s\S]*u61@customer\.example/);
  });
});

type Position = { folders: { path: string; live: number }[] };

/** Moves our position in the mailbox's INBOX past one message, which a poll then never sees. */
const skipOne = ({ house, accountId }: Running, inboxId: string): Promise<unknown> =>
  house.database.transaction(async (tx) => {
    const { cursor } = await tx
      .selectFrom("inboxes")
      .select("cursor")
      .where("account_id", "=", accountId)
      .where("id", "=", inboxId)
      .executeTakeFirstOrThrow();
    const position = JSON.parse(cursor ?? "{}") as Position;
    const folders = position.folders.map((folder) => (folder.path === "INBOX" ? { ...folder, live: folder.live + 1 } : folder));
    await tx
      .updateTable("inboxes")
      .set({ cursor: JSON.stringify({ ...position, folders }) })
      .where("account_id", "=", accountId)
      .where("id", "=", inboxId)
      .execute();
  });
