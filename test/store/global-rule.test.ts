import { expect, test } from "vitest";
import type { Database } from "../../src/ports/database.ts";
import { listEngagements } from "../../src/store/engagements.ts";
import { appealGlobal, globallyBounced, reportGlobally, sharingAccounts } from "../../src/store/global-bounces.ts";
import { updateInbox } from "../../src/store/inboxes.ts";
import { registerSentMessages } from "../../src/store/register-sent-messages.ts";
import { savePage } from "../../src/store/save-page.ts";
import type { Keys } from "../../src/store/secrets.ts";
import { unbounce } from "../../src/store/unbounce.ts";
import { newKeys, onBothEngines, openNew } from "./engines.ts";
import { accountWithInboxes, notice, now, outcome, page, sentMessage } from "./sample-mail.ts";

const dead = "dead@customer.example";
const day = 86_400_000;

/** An account whose mailbox is at this domain, and to which mail to `dead` came back. */
const bouncedAt = async (
  database: Database,
  domain: string,
  options: { share?: boolean; more?: Parameters<typeof outcome>[1]; bounce?: boolean } = {},
) => {
  const [claim] = await accountWithInboxes(database, 1, { name: domain, globalRule: options.share ?? true });
  if (!claim) throw new Error("no inbox");
  const { accountId, inboxId } = claim;
  await database.transaction((tx) => updateInbox(tx, accountId, inboxId, { address: `anna@${domain}` }, now));
  if (options.bounce !== false) {
    await savePage(database, page(claim, [sentMessage("a", [dead]), notice("a", [outcome(dead, options.more)])]));
  }
  return accountId;
};

const reportAll = async (database: Database, keys: Keys) => {
  for (const accountId of await sharingAccounts(database.read)) await reportGlobally(database, keys, accountId);
};

const isGlobal = async (database: Database, keys: Keys, accountId: string, at = now) =>
  (await globallyBounced(database.read, keys, accountId, [dead], at)).has(dead);

onBothEngines("the global rule", (engine) => {
  const start = async () => {
    const keys = newKeys();
    return { keys, database: await openNew(engine, { keys }) };
  };

  test("leaves out, in all accounts that share, an address that hard-bounced in three organisations", async () => {
    const { database, keys } = await start();
    for (const domain of ["one.example", "two.example"]) await bouncedAt(database, domain);
    const reader = await bouncedAt(database, "reader.example", { bounce: false });
    const outsider = await bouncedAt(database, "outsider.example", { bounce: false, share: false });
    await reportAll(database, keys);
    expect(await isGlobal(database, keys, reader)).toBe(false);
    await bouncedAt(database, "three.example");
    await reportAll(database, keys);
    expect(await isGlobal(database, keys, reader)).toBe(true);
    expect(await isGlobal(database, keys, outsider)).toBe(false);
    expect(await isGlobal(database, keys, reader, now + 181 * day)).toBe(false);
    const stored = JSON.stringify(await database.read.selectFrom("global_reports").selectAll().execute());
    expect(stored).not.toContain("dead");
    expect(stored).not.toContain("customer");
  });

  test("is not met by one person with three accounts, nor by accounts that do not share", async () => {
    const { database, keys } = await start();
    for (let n = 0; n < 3; n += 1) await bouncedAt(database, "one-person.example");
    await bouncedAt(database, "silent.example", { share: false });
    const reader = await bouncedAt(database, "reader.example", { bounce: false });
    await reportAll(database, keys);
    expect(await isGlobal(database, keys, reader)).toBe(false);
  });

  test("counts neither other reasons, nor soft bounces, nor what could be made up", async () => {
    const { database, keys } = await start();
    await bouncedAt(database, "one.example", { more: { category: "policy", reason: "blocked" } });
    await bouncedAt(database, "two.example", { more: { type: "soft", status: "4.2.2", category: "mailbox_full", reason: "mailboxfull" } });
    // Registered by the API, never seen in a mailbox.
    const [claim] = await accountWithInboxes(database, 1, { name: "api.example", globalRule: true });
    if (!claim) throw new Error("no inbox");
    const { sent } = sentMessage("a", [dead]);
    await database.transaction((tx) => registerSentMessages(tx, claim.accountId, sent ? [sent] : [], now));
    await savePage(database, page(claim, [notice("a", [outcome(dead)])]));
    expect((await listEngagements(database.read, claim.accountId)).data).toMatchObject([{ state: "hard" }]);
    await reportAll(database, keys);
    expect(await database.read.selectFrom("global_reports").selectAll().execute()).toEqual([]);
  });

  test("can be appealed by an account for itself, and ends where a bounce is taken back", async () => {
    const { database, keys } = await start();
    const accounts: string[] = [];
    for (const domain of ["one.example", "two.example", "three.example"]) accounts.push(await bouncedAt(database, domain));
    const [reader, other] = [
      await bouncedAt(database, "reader.example", { bounce: false }),
      await bouncedAt(database, "other.example", { bounce: false }),
    ];
    await reportAll(database, keys);
    await database.transaction((tx) => appealGlobal(tx, keys, reader, dead, { by: "Ola", note: "I met him" }, now));
    expect(await isGlobal(database, keys, reader)).toBe(false);
    expect(await isGlobal(database, keys, other)).toBe(true);
    await database.transaction((tx) => unbounce(tx, accounts[0] ?? "", dead, "Ola", "it works", now));
    await reportAll(database, keys);
    expect(await isGlobal(database, keys, other)).toBe(false);
  });
});

onBothEngines("an account's own table of reasons", (engine) => {
  test("overrides category and type, from the next notice on, and says so", async () => {
    const database = await openNew(engine);
    const mapping = { mailboxfull: { permanent: "mailbox_full", temporary: "mailbox_full", type: "soft" } } as const;
    const [own, usual] = [await accountWithInboxes(database, 1, { mapping }), await accountWithInboxes(database)];
    const full = { status: "5.2.2", category: "mailbox_full", reason: "mailboxfull", rule: "status-5.2.2" } as const;
    for (const [claim] of [own, usual]) {
      if (claim) await savePage(database, page(claim, [sentMessage("a", [dead]), notice("a", [outcome(dead, full)])]));
    }
    const shown = async (accountId = "") => (await listEngagements(database.read, accountId)).data;
    expect(await shown(own[0]?.accountId)).toMatchObject([
      { state: "soft", classification: { mapping: "account" }, addressEffect: "none" },
    ]);
    expect(await shown(usual[0]?.accountId)).toMatchObject([
      { state: "hard", classification: { mapping: "default" }, addressEffect: "made_ineligible" },
    ]);
  });
});
