import { expect, test } from "vitest";
import type { Database } from "../../src/ports/database.ts";
import { eraseInbox } from "../../src/store/erase.ts";
import { forgetOld } from "../../src/store/forget-old.ts";
import { answerShare, askToShare, isShared, openRequests, readShare } from "../../src/store/notice-shares.ts";
import { savePage } from "../../src/store/save-page.ts";
import { onBothEngines, openNew } from "./engines.ts";
import { accountWithInboxes, notice, now, page } from "./sample-mail.ts";

const day = 86_400_000;

const start = async (database: Database) => {
  const [claim, other] = await accountWithInboxes(database, 2);
  if (!claim || !other) throw new Error("no inboxes");
  const { notices } = await savePage(database, page(claim, [notice("never-seen")]));
  const { accountId, inboxId } = claim;
  const id = notices[0] ?? "";
  return {
    ...{ accountId, inboxId, id, otherInboxId: other.inboxId },
    ask: (at = now, note = "ticket 7") => database.transaction((tx) => askToShare(tx, accountId, id, { userId: "usr_support", note }, at)),
    answer: (state: "shared" | "declined" | "ended", at = now) =>
      database.transaction((tx) => answerShare(tx, accountId, id, { state, userId: "usr_anna" }, at)),
    read: () => readShare(database.read, accountId, id),
  };
};

onBothEngines("a notice's owner", (engine) => {
  test("is asked once, shares for seven days, and can be asked again when they are over", async () => {
    const database = await openNew(engine);
    const one = await start(database);
    expect(await one.read()).toBeNull();
    expect(await one.answer("shared")).toBe(false);
    expect([await one.ask(), await one.ask()]).toEqual([true, false]);
    expect(await openRequests(database.read, one.accountId, [one.inboxId])).toMatchObject([
      { noticeId: one.id, note: "ticket 7", state: "asked" },
    ]);
    expect(await openRequests(database.read, one.accountId, [one.otherInboxId])).toEqual([]);
    expect(await one.answer("shared")).toBe(true);
    const share = await one.read();
    expect(share).toMatchObject({ state: "shared", decidedById: "usr_anna", endsAt: now + 7 * day });
    expect([isShared(share, now + 7 * day - 1), isShared(share, now + 7 * day)]).toEqual([true, false]);
    expect(await openRequests(database.read, one.accountId, [one.inboxId])).toEqual([]);
    expect([await one.ask(now + day), await one.ask(now + 7 * day)]).toEqual([false, true]);
    expect(isShared(await one.read(), now + 7 * day)).toBe(false);
  });

  test("can decline, and end what is shared", async () => {
    const database = await openNew(engine);
    const one = await start(database);
    await one.ask();
    expect([await one.answer("ended"), await one.answer("declined"), await one.answer("shared")]).toEqual([false, true, false]);
    expect(isShared(await one.read(), now)).toBe(false);
    await one.ask();
    await one.answer("shared");
    expect(await one.answer("ended", now + 1)).toBe(true);
    expect(isShared(await one.read(), now + 1)).toBe(false);
  });

  test("is not asked for a notice that is not there; what was asked goes with the notice's text, and with its inbox", async () => {
    const database = await openNew(engine);
    const one = await start(database);
    const none = (tx: Parameters<typeof askToShare>[0]) => askToShare(tx, one.accountId, "ntc_none", { userId: null, note: "" }, now);
    expect(await database.transaction(none)).toBe(false);
    await one.ask();
    await database.transaction((tx) => forgetOld(tx, one.accountId, now + 90 * day));
    expect(await one.read()).not.toBeNull();
    await database.transaction((tx) => forgetOld(tx, one.accountId, now + 90 * day + 1));
    expect(await one.read()).toBeNull();
    await one.ask();
    await database.transaction((tx) => eraseInbox(tx, one.accountId, one.inboxId, "me", now));
    expect(await one.read()).toBeNull();
  });
});
