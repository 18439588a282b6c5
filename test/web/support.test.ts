import { describe, expect, it } from "vitest";
import { savePage } from "../../src/store/save-page.ts";
import { claimInbox, pollNow } from "../../src/store/turns.ts";
import { startServer, type TestServer } from "../api/server.ts";
import { delayed, envelope, notice, ordinary, outcome, page, sentMessage } from "../store/sample-mail.ts";
import { now } from "../sync/world.ts";
import { signedInAs } from "./browser.ts";
import { twoUntied } from "./notice-world.ts";

const day = 86_400_000;

/** Twelve hard bounces of three domains within a month and one older, and a gateway's mail that was opened for nothing. */
const addMail = async ({ database, ours: { accountId, inboxId } }: TestServer): Promise<void> => {
  const claimed = await database.transaction(async (tx) => {
    await pollNow(tx, accountId, inboxId, now);
    return claimInbox(tx, accountId, inboxId, { busyUntil: now }, now);
  });
  if (!claimed) throw new Error("not claimed");
  const bounces = Array.from({ length: 13 }, (_, n) => {
    const one = n === 11 ? delayed(`u${n}@bank.example`) : outcome(`u${n}@${n % 3 === 0 ? "bank" : "customer"}.example`);
    const at = n === 12 ? now - 60 * day : now - n * day;
    return [
      sentMessage(`b${n}`, [one.address]),
      notice(`b${n}`, [one], { receivedAt: at, report: { notice: { messageId: null, from: null, subject: null, date: at } } }),
    ];
  }).flat();
  const headers = new Map([
    ["from", ["Gateway <mailer-daemon@gw.bank.example>"]],
    ["content-type", ["multipart/mixed"]],
  ]);
  const nearly = {
    envelope: { ...envelope("near"), headers },
    verdict: "opened" as const,
    facts: {},
    trace: { outcome: "ordinary", steps: [] },
  };
  await savePage(database, page(claimed.claim, [...bounces, nearly, ordinary("lunch")]));
};

describe("the overview", () => {
  it("draws what bounced, with every figure in a table beside it, and what nearly was a notice", async () => {
    const test = await startServer();
    await addMail(test);
    await twoUntied(test);
    const browser = await signedInAs(test, "support");
    const { body, status } = await browser.get("/support");
    expect(status).toBe(200);
    // Two bounces of today were there before: one of them pending.
    expect(body).toContain('<desc id="days-says">14 bounces in 30 days; the most on one day: 3.</desc>');
    expect(body).toMatch(
      /<th scope="row">25 Nov<\/th><td class="number">2<\/td><td class="number">0<\/td><td class="number">1<\/td><td class="number">3<\/td>/,
    );
    expect(body).toMatch(/<th scope="row">customer\.example<\/th><td class="number">8<\/td>/);
    expect(body).toContain('<desc id="categories-says">Most: Unknown user, with 12 of 14.</desc>');
    expect(body).toMatch(/<th scope="row">No message fitted<\/th><td class="number">1<\/td>/);
    expect(/Of the bounce notices [^<]*/.exec(body)?.[0]).toBe(
      "Of the bounce notices 87% were tied to a message, and 100% of all notices could be read.",
    );
    expect(body).toMatch(/<th scope="row">0–24 hours<\/th><td class="number">1<\/td>/);
    expect(body).toMatch(/<th scope="row"><a href="\/inboxes\/inb_\w+">anna@sales\.example<\/a><\/th>/);
    expect(body).toMatch(/<th scope="row">gw\.bank\.example<\/th><td class="number">1<\/td><td>ordinary mail<\/td>/);
    expect(body).toContain(`href="/why?inbox=${test.ours.inboxId}&amp;ref=near"`);
    expect(body.match(/<svg class="chart (?:columns|bars)"[^>]* role="img"/g)?.length).toBeGreaterThan(5);
    expect(body).not.toMatch(/ style=|NaN|bob@sales/);
  });

  it("counts other ranges, in the reader's language and days", async () => {
    const test = await startServer();
    await addMail(test);
    const browser = await signedInAs(test, "support");
    expect((await browser.get("/support?days=90")).body).toContain("15 bounces in 90 days");
    const week = await browser.get("/support?days=7&language=pl");
    // Fewer than ten: the list says more.
    expect(week.body).toContain('<a href="/timeline">Mniej niż 10 odrzuceń; zobacz listę.</a>');
    expect(week.body).toContain('aria-current="true">7 dni');
    expect((await browser.get("/support?days=<script>")).body).toContain('aria-current="true">30 dni');
  });

  it("says what to do where nothing is there yet, and is for support and owners", async () => {
    const test = await startServer();
    const { accountId } = test.ours;
    for (const table of ["engagements", "notices", "inboxes", "seen_messages"] as const)
      await test.database.transaction((tx) => tx.deleteFrom(table).where("account_id", "=", accountId).execute());
    const { body } = await (await signedInAs(test, "owner")).get("/support");
    expect(body).toContain("No inbox is connected. Connect one; the first bounces appear within minutes.");
    expect(body).toContain("Nothing is pending.");
    expect(body).toContain("Nothing was nearly taken for a notice in these days.");
    expect((await (await signedInAs(test, "sales")).get("/support")).status).toBe(403);
  });
});
