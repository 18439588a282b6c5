/** Every page, in both languages, both colour schemes, wide and narrow: nothing serious for axe, nothing sticks out, no fault of a script. */
import { describe, expect, it } from "vitest";
import { listEngagements } from "../../src/store/engagements.ts";
import { allInboxes } from "../../src/store/inboxes.ts";
import { listNotices } from "../../src/store/notices.ts";
import { registerSentMessages } from "../../src/store/register-sent-messages.ts";
import { whyNoChromium } from "../setup/chromium.ts";
import { expectAccessible, picture, type Reader, type Running, startPages } from "./start-pages.ts";

const reason = whyNoChromium();
if (reason !== null) console.warn(`SKIPPED, no Chromium: ${reason}`);

/** The pages of an account in which the demo's notices were read. */
const paths = async ({ house, accountId }: Running): Promise<{ [name: string]: string }> => {
  const read = house.database.read;
  const bounces = async () => (await listEngagements(read, accountId, { limit: 200 })).data;
  await expect.poll(async () => (await bounces()).length, { timeout: 30_000 }).toBeGreaterThan(20);
  await house.database.transaction((tx) => registerSentMessages(tx, accountId, [mailing], Date.now()));
  const hard = (await bounces()).find(({ state, match }) => state === "hard" && match?.trusted !== false);
  const other = (await bounces()).find(({ contactId }) => contactId !== hard?.contactId);
  const [inbox] = await allInboxes(read, accountId);
  const [notice] = (await listNotices(read, accountId, { state: ["unmatched", "not_ours", "waiting"] })).data;
  if (!hard || !other || !inbox || !notice) throw new Error("the demo's mailbox was not read");
  return {
    support: "/support",
    timeline: "/timeline",
    "timeline-filtered": "/timeline?state=soft",
    contacts: "/contacts",
    "contacts-found": `/contacts?q=${encodeURIComponent(hard.recipient.address.slice(0, 4))}`,
    "contacts-none": "/contacts?q=nobody-of-this-name",
    contact: `/contacts/${hard.contactId}`,
    "contact-merge": `/contacts/${hard.contactId}/merge?address=${encodeURIComponent(other.recipient.address)}`,
    "contact-erase": `/contacts/${hard.contactId}/erase`,
    sends: "/sends",
    send: "/sends/autumn-news",
    message: `/sends/${hard.sentMessageId}`,
    inboxes: "/inboxes",
    connect: "/inboxes/connect",
    inbox: `/inboxes/${inbox.id}`,
    "inbox-erase": `/inboxes/${inbox.id}/erase`,
    notices: "/notices",
    notice: `/notices/${notice.id}`,
    why: "/why",
    "why-message": `/why?id=${encodeURIComponent(hard.sentMessage.messageId ?? "")}`,
    coverage: "/coverage",
    users: "/users",
    me: "/me",
    setup: "/setup",
  };
};

const lostNames = `[...document.querySelectorAll(".scroll")].filter((box) => {
  const name = box.checkVisibility() && box.querySelector("tbody th");
  if (!name) return false;
  box.scrollLeft = 100000;
  const lost = name.getBoundingClientRect().left < box.getBoundingClientRect().left - 1;
  box.scrollLeft = 0;
  return lost;
}).length`;

const mailing = {
  messageId: "<autumn@sales.example>",
  ids: [],
  subject: "Autumn news",
  from: "anna@sales.example",
  sentAt: Date.UTC(2026, 10, 24, 9),
  threadId: null,
  kind: "marketing" as const,
  sendId: "autumn-news",
  recipients: ["nobody@customer.example", "eva@customer.example", "jan@customer.example"].map((address) => ({
    address,
    role: "to" as const,
  })),
};

const open = { signin: "/signin", docs: "/docs" };

const readers: Reader[] = [
  { language: "en", scheme: "light", width: 1440 },
  { language: "pl", scheme: "dark", width: 1440 },
  { language: "pl", scheme: "light", width: 360 },
  { language: "en", scheme: "dark", width: 360 },
];

describe.skipIf(reason !== null)("every page", () => {
  it("can be read by everybody", { timeout: 300_000 }, async () => {
    const running = await startPages();
    const all = { ...(await paths(running)), ...open };
    for (const reader of readers) {
      const { page, context } = await running.open(reader);
      const faults: string[] = [];
      page.on("pageerror", (error) => faults.push(String(error)));
      page.on("console", (message) => void (message.type() === "error" && faults.push(`${message.text()} ${message.location().url}`)));
      await page.goto(await running.ownerLink());
      for (const [name, path] of Object.entries(all)) {
        const answer = await page.goto(running.url + path);
        const what = [name, reader.language, reader.scheme, reader.width].join("-");
        expect.soft(answer?.status(), what).toBe(200);
        await expectAccessible(page, what);
        // Where the window is wide, a table is seen whole (the reference's own listings aside).
        const cut =
          "[...document.querySelectorAll('.scroll')].filter((box) => box.checkVisibility() && box.scrollWidth > box.clientWidth).length";
        if (reader.width === 1440 && name !== "docs") expect.soft(await page.evaluate(cut), `${what}: tables cut off`).toBe(0);
        // Where it is narrow, a row's name stays in sight while the rest is scrolled past it.
        if (reader.width === 360) expect.soft(await page.evaluate(lostNames), `${what}: rows without a name`).toBe(0);
        await picture(page, what);
      }
      expect.soft(faults).toEqual([]);
      await context.close();
    }
  });
});
