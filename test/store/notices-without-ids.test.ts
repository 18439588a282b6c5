/** Notices that name no message: tied by recipient, subject and sender, suggested, confirmed and dismissed by people. */
import { expect, test } from "vitest";
import type { Database } from "../../src/ports/database.ts";
import { readAddresses } from "../../src/store/addresses.ts";
import { confirmNotice, dismissNotice } from "../../src/store/decide-notice.ts";
import { listEngagements } from "../../src/store/engagements.ts";
import { readEvents } from "../../src/store/events.ts";
import { listNotices } from "../../src/store/notices.ts";
import { savePage } from "../../src/store/save-page.ts";
import { expireWaiting } from "../../src/store/waiting-notices.ts";
import { onBothEngines, openNew } from "./engines.ts";
import { accountWithInboxes, notice, now, outcome, page, sentMessage } from "./sample-mail.ts";

const hour = 3_600_000;
const jan = "jan@customer.example";

const start = async (engine: "sqlite" | "postgres") => {
  const database = await openNew(engine);
  const [claim] = await accountWithInboxes(database);
  if (!claim) throw new Error("no inbox");
  return { database, claim, accountId: claim.accountId };
};

const health = async (database: Database, accountId: string) => (await readAddresses(database.read, accountId, [jan])).get(jan);
const theNotice = async (database: Database, accountId: string) => {
  const { data } = await listNotices(database.read, accountId);
  expect(data).toHaveLength(1);
  return data[0] as (typeof data)[number];
};
const engagements = async (database: Database, accountId: string) => (await listEngagements(database.read, accountId)).data;
const types = async (database: Database, accountId: string) => (await readEvents(database.read, accountId, 0, 100)).map(({ type }) => type);

onBothEngines("a notice that names no message", (engine) => {
  test("is tied by recipient, subject and sender; its address stays usable until a second notice says the same", async () => {
    const { database, claim, accountId } = await start(engine);
    await savePage(database, page(claim, [sentMessage("a"), notice(null)]));
    expect(await engagements(database, accountId)).toMatchObject([
      { state: "hard", addressEffect: "none", match: { rule: "recipient_subject", confidence: "likely", trusted: false } },
    ]);
    expect(await health(database, accountId)).toBeUndefined();
    await savePage(database, page(claim, [notice("a", undefined, { ref: "second" })]));
    expect(await engagements(database, accountId)).toMatchObject([{ state: "hard", addressEffect: "made_ineligible" }]);
    expect(await health(database, accountId)).toMatchObject({ eligible: false });
  });

  test("waits for its message where that is not there yet", async () => {
    const { database, claim, accountId } = await start(engine);
    await savePage(database, page(claim, [notice(null)]));
    expect(await theNotice(database, accountId)).toMatchObject({ state: "waiting", waitsUntil: now + 72 * hour });
    await savePage(database, page(claim, [sentMessage("b", ["ola@customer.example"])]));
    expect((await theNotice(database, accountId)).state).toBe("waiting");
    await savePage(database, page(claim, [sentMessage("a")]));
    expect((await theNotice(database, accountId)).state).toBe("matched");
  });

  test("with another subject is only suggested, when the wait is over, and logged when a person confirms it", async () => {
    const { database, claim, accountId } = await start(engine);
    const gateway = notice(null, undefined, {
      report: { original: { messageId: null, subject: null, from: null, to: [], references: [], date: null, foundIn: null } },
    });
    await savePage(database, page(claim, [sentMessage("a"), gateway]));
    expect(await engagements(database, accountId)).toEqual([]);
    await expireWaiting(database, accountId, now + 72 * hour);
    const found = await theNotice(database, accountId);
    expect(found).toMatchObject({ state: "unmatched", matches: [{ suggestions: [{ rule: "recipient_time" }] }] });
    expect(await types(database, accountId)).toEqual(["notice.suggested"]);

    const sentMessageId = found.matches[0]?.suggestions[0]?.sentMessageId ?? "";
    const said = { sentMessageId, by: "Ola", note: "same afternoon" };
    expect(await database.transaction((tx) => confirmNotice(tx, accountId, "ntc_none", said, now))).toBe(false);
    expect(await database.transaction((tx) => confirmNotice(tx, accountId, found.id, { ...said, sentMessageId: "msg_none" }, now))).toBe(
      false,
    );
    expect(await database.transaction((tx) => confirmNotice(tx, accountId, found.id, said, now))).toBe(true);
    expect(await theNotice(database, accountId)).toMatchObject({ state: "matched" });
    expect(await engagements(database, accountId)).toMatchObject([{ state: "hard", match: { rule: "confirmed", confirmedBy: "Ola" } }]);
    expect(await health(database, accountId)).toMatchObject({ eligible: false });
    const [example] = await database.read.selectFrom("notice_decisions").selectAll().execute();
    expect(example).toMatchObject({
      said_by: "Ola",
      note: "same afternoon",
      offered: JSON.stringify([{ sentMessageId, rule: "recipient_time" }]),
    });
  });

  test("and was logged all the same counts against its address when a person confirms it", async () => {
    const { database, claim, accountId } = await start(engine);
    await savePage(database, page(claim, [sentMessage("a"), notice(null)]));
    const { id, matches } = await theNotice(database, accountId);
    const said = { sentMessageId: matches[0]?.match?.sentMessageId ?? "", by: "Ola", note: "" };
    await database.transaction((tx) => confirmNotice(tx, accountId, id, said, now));
    expect(await engagements(database, accountId)).toMatchObject([
      { state: "hard", addressEffect: "made_ineligible", match: { rule: "confirmed", confirmedBy: "Ola" }, version: 2 },
    ]);
    expect(await health(database, accountId)).toMatchObject({ eligible: false });
    await database.transaction((tx) => confirmNotice(tx, accountId, id, said, now));
    expect(await engagements(database, accountId)).toMatchObject([{ version: 2 }]);
  });

  test("that fits several messages equally is a choice for a person", async () => {
    const { database, claim, accountId } = await start(engine);
    await savePage(database, page(claim, [sentMessage("a"), sentMessage("b"), notice(null)]));
    expect(await theNotice(database, accountId)).toMatchObject({ state: "waiting" });
    await expireWaiting(database, accountId, now + 72 * hour);
    const { state, matches } = await theNotice(database, accountId);
    expect([state, matches[0]?.suggestions.length]).toEqual(["unmatched", 2]);
  });
});

onBothEngines("what a person dismisses", (engine) => {
  test("is withdrawn from the timeline, its effect on the address undone, and stays so", async () => {
    const { database, claim, accountId } = await start(engine);
    await savePage(database, page(claim, [sentMessage("a"), notice("a")]));
    expect(await health(database, accountId)).toMatchObject({ eligible: false });
    const { id } = await theNotice(database, accountId);
    expect(await database.transaction((tx) => dismissNotice(tx, accountId, id, { by: "Ola", note: "forged" }, now))).toBe(true);
    expect(await engagements(database, accountId)).toMatchObject([
      { state: "retracted", history: [{ state: "hard" }, { state: "retracted", because: "dismissed" }] },
    ]);
    expect(await health(database, accountId)).toMatchObject({ eligible: true });
    expect(await types(database, accountId)).toEqual([
      "contact.created",
      "engagement.created",
      "address.ineligible",
      "engagement.retracted",
      "address.eligible",
    ]);
    await savePage(database, page(claim, [notice("a")]));
    expect(await theNotice(database, accountId)).toMatchObject({ state: "dismissed" });
    expect(await engagements(database, accountId)).toMatchObject([{ state: "retracted" }]);
  });

  test("is logged again when that person thinks better of it, as often as they do", async () => {
    const { database, claim, accountId } = await start(engine);
    await savePage(database, page(claim, [sentMessage("a"), notice("a")]));
    const { id, matches } = await theNotice(database, accountId);
    const sentMessageId = matches[0]?.match?.sentMessageId ?? "";
    const by = { by: "Ola", note: "" };
    for (const _ of [1, 2]) {
      await database.transaction((tx) => dismissNotice(tx, accountId, id, by, now));
      expect(await engagements(database, accountId)).toMatchObject([{ state: "retracted" }]);
      expect(await health(database, accountId)).toMatchObject({ eligible: true });
      await database.transaction((tx) => confirmNotice(tx, accountId, id, { ...by, sentMessageId }, now));
      expect(await engagements(database, accountId)).toMatchObject([{ state: "hard" }]);
      expect(await health(database, accountId)).toMatchObject({ eligible: false });
    }
  });

  test("is one notice: what another said stands", async () => {
    const { database, claim, accountId } = await start(engine);
    const full = outcome(jan, { type: "soft", category: "mailbox_full", reason: "mailboxfull", status: "4.2.2" });
    await savePage(database, page(claim, [sentMessage("a"), notice("a"), notice("a", [full], { ref: "second" })]));
    const dismissed = (await listNotices(database.read, accountId)).data.find(({ ref }) => ref === "bounce-a");
    await database.transaction((tx) => dismissNotice(tx, accountId, dismissed?.id ?? "", { by: "Ola", note: "" }, now));
    expect(await engagements(database, accountId)).toMatchObject([{ state: "soft", reason: "mailboxfull" }]);
    expect(await health(database, accountId)).toMatchObject({ eligible: true });
  });

  test("a notice about a stranger, and nothing is logged", async () => {
    const { database, claim, accountId } = await start(engine);
    await savePage(database, page(claim, [notice("never-sent", [outcome("x@y.example")])]));
    const { id } = await theNotice(database, accountId);
    await database.transaction((tx) => dismissNotice(tx, accountId, id, { by: "Ola", note: "spam" }, now));
    expect((await theNotice(database, accountId)).state).toBe("dismissed");
    expect(await types(database, accountId)).toEqual([]);
  });
});
