import { expect, test } from "vitest";
import { agePending } from "../../src/store/age-pending.ts";
import { getContact, listContacts } from "../../src/store/contacts.ts";
import { getEngagement, listEngagements } from "../../src/store/engagements.ts";
import { FenceLost } from "../../src/store/errors.ts";
import { readEvents } from "../../src/store/events.ts";
import { listGaps } from "../../src/store/gaps.ts";
import { changeState, getInbox } from "../../src/store/inboxes.ts";
import { getNotice, listNotices, readNoticeSource } from "../../src/store/notices.ts";
import { beginAttempts, dueOwed } from "../../src/store/owed.ts";
import { registerSentMessages } from "../../src/store/register-sent-messages.ts";
import { savePage } from "../../src/store/save-page.ts";
import { readVerdicts } from "../../src/store/seen-messages.ts";
import { findTraces } from "../../src/store/traces.ts";
import { claimInbox } from "../../src/store/turns.ts";
import { upsertContacts } from "../../src/store/upsert-contacts.ts";
import { accountsWithExpiredNotices, accountsWithWaitingNotices, expireWaiting, retryWaiting } from "../../src/store/waiting-notices.ts";
import { onBothEngines, openNew } from "./engines.ts";
import {
  accountWithInboxes,
  delayed,
  delivered,
  envelope,
  notice,
  now,
  ordinary,
  outcome,
  page,
  reportAbout,
  sentMessage,
  wholeDatabase,
} from "./sample-mail.ts";

const hour = 3_600_000;

/** An account's only engagement. */
const theEngagement = async (database: Parameters<typeof savePage>[0], accountId: string) => {
  const { data } = await listEngagements(database.read, accountId);
  expect(data).toHaveLength(1);
  return data[0] as (typeof data)[number];
};

const eventTypes = async (database: Parameters<typeof savePage>[0], accountId: string) =>
  (await readEvents(database.read, accountId, 0, 100)).map((event) => event.type);

onBothEngines("savePage", (engine) => {
  test("a page that holds a message and its own bounce becomes an engagement", async () => {
    const database = await openNew(engine);
    const [claim] = await accountWithInboxes(database);
    if (!claim) throw new Error("no inbox");
    const { accountId, inboxId } = claim;
    const saved = await savePage(
      database,
      page(claim, [sentMessage("a", ["jan@customer.example", "eva@customer.example"]), ordinary("m1"), notice("a")]),
    );
    expect(saved).toMatchObject({ events: ["contact.created", "engagement.created", "address.ineligible"], sequence: 3, woken: [] });
    const engagement = await theEngagement(database, accountId);
    expect(engagement).toMatchObject({
      state: "hard",
      category: "unknown_user",
      reason: "userunknown",
      inboxId,
      owner: { externalId: "user-17" },
      recipient: { address: "jan@customer.example", role: "to", relation: "same", othersFailed: 0, othersTotal: 1 },
      sentMessage: { subject: "Offer", messageId: "<a@sales.example>" },
      server: { status: "5.1.1", smtpCode: 550 },
      match: { rule: "embedded_message_id", confidence: "certain", confirmedBy: null },
      noticeId: saved.notices[0],
      addressEffect: "made_ineligible",
      history: [{ state: "hard", because: "failure_notice" }],
      backfill: false,
      version: 1,
    });
    expect(await getEngagement(database.read, accountId, engagement.id)).toEqual(engagement);
    expect(await getContact(database.read, accountId, engagement.contactId)).toMatchObject({
      fromCrm: false,
      addresses: ["jan@customer.example"],
    });
    const [made, event] = await readEvents(database.read, accountId, 0, 10);
    expect(made?.data).toEqual({ contactId: engagement.contactId });
    expect(event?.data).toMatchObject({
      engagement: { id: engagement.id, object: "engagement", state: "hard", occurredAt: "2026-11-25T16:59:00.000Z" },
    });
    const kept = await getNotice(database.read, accountId, saved.notices[0] ?? "");
    expect(kept).toMatchObject({ state: "matched", matches: [{ engagementId: engagement.id, address: "jan@customer.example" }] });
    expect(await readNoticeSource(database.read, accountId, kept?.id ?? "")).toBeInstanceOf(Uint8Array);
    expect(await findTraces(database.read, accountId, "<bounce-a@notices.example>")).toMatchObject([
      { noticeId: kept?.id, outcome: "bounce" },
    ]);
    expect(await readVerdicts(database.read, accountId, inboxId, ["m1", "bounce-a", "sent-a", "never"])).toEqual(
      new Map([
        ["m1", "other"],
        ["bounce-a", "notice"],
        ["sent-a", "sent"],
      ]),
    );
    expect(await getInbox(database.read, accountId, inboxId)).toMatchObject({ lastMailAt: now - 60_000 });
  });

  test("promise 1: the cursor moves only with what it covers", async () => {
    const database = await openNew(engine);
    const [claim] = await accountWithInboxes(database);
    if (!claim) throw new Error("no inbox");
    const { accountId, inboxId } = claim;
    const owed = { envelope: envelope("late"), verdict: "owed" as const, facts: null, owed: { error: "timeout", dueAt: now + 5 } };
    await savePage(
      database,
      page(claim, [ordinary("m1"), owed], { cursor: { uid: 7 }, gaps: [{ folder: "Junk", from: 1, to: 2, because: "gone" }] }),
    );
    const next = await database.transaction((tx) => claimInbox(tx, accountId, inboxId, { busyUntil: now }, now));
    expect(next?.cursor).toEqual({ uid: 7 });
    expect(await listGaps(database.read, accountId, inboxId)).toMatchObject([{ folder: "Junk", from: 1, to: 2 }]);
    expect(await dueOwed(database.read, accountId, inboxId, now + 5, 10)).toMatchObject([
      { envelope: { ref: "late" }, error: "timeout", attempts: 1 },
    ]);
    // Its retry moves no cursor, and settles what was owed.
    const { cursor: _, ...withoutCursor } = page(claim, []).page;
    await savePage(database, { ...claim, fence: next?.claim.fence ?? 0, now, page: withoutCursor, messages: [ordinary("late")] });
    expect(await dueOwed(database.read, accountId, inboxId, now + hour, 10)).toEqual([]);
    expect(await readVerdicts(database.read, accountId, inboxId, ["late"])).toEqual(new Map([["late", "other"]]));
    const after = await database.transaction((tx) => claimInbox(tx, accountId, inboxId, { busyUntil: now }, now));
    expect(after?.cursor).toEqual({ uid: 7 });
  });

  test("promise 2: the same page twice writes once", async () => {
    const database = await openNew(engine);
    const [claim] = await accountWithInboxes(database);
    if (!claim) throw new Error("no inbox");
    const same = page(claim, [sentMessage("a"), ordinary("m1"), notice("a"), notice("never-sent")], {
      gaps: [{ folder: "Junk", from: null, to: 2, because: "gone" }],
      warnings: [{ code: "no_junk", text: "There is no junk folder." }],
    });
    await savePage(database, same);
    const once = await wholeDatabase(database);
    const { noticeOf, ...news } = await savePage(database, same);
    expect(news).toEqual({ notices: [], woken: [], events: [], sequence: null });
    const kept = await database.read.selectFrom("notices").select(["ref", "id"]).execute();
    expect(new Map([...noticeOf].map(([ref, { noticeId }]) => [ref, noticeId]))).toEqual(new Map(kept.map(({ ref, id }) => [ref, id])));
    expect(await wholeDatabase(database)).toEqual(once);
  });

  test.each(["pause", "claim"])("promise 3: after a %s nothing is written under the old fence", async (what) => {
    const database = await openNew(engine);
    const [claim] = await accountWithInboxes(database);
    if (!claim) throw new Error("no inbox");
    const { accountId, inboxId } = claim;
    await database.transaction<unknown>((tx) =>
      what === "pause"
        ? changeState(tx, accountId, inboxId, { state: "paused", nextPollAt: null }, now)
        : claimInbox(tx, accountId, inboxId, { busyUntil: now }, now),
    );
    const before = await wholeDatabase(database);
    await expect(savePage(database, page(claim, [sentMessage("a"), notice("a")]))).rejects.toBeInstanceOf(FenceLost);
    expect(await wholeDatabase(database)).toEqual(before);
  });

  test("promise 4: a message that cannot be read is a row among the others, and a second crash can be told", async () => {
    const database = await openNew(engine);
    const [claim] = await accountWithInboxes(database);
    if (!claim) throw new Error("no inbox");
    const { accountId, inboxId } = claim;
    let fence = claim.fence;
    for (const crashes of [0, 1, 2]) {
      const begun = await database.transaction((tx) =>
        beginAttempts(tx, { ...claim, fence }, [{ envelope: envelope("bad"), backfill: true }], now),
      );
      expect(begun).toMatchObject([{ attempts: crashes + 1, crashes, backfill: true }]);
      // Here the process dies; the next claim finds what it had begun.
      fence = (await database.transaction((tx) => claimInbox(tx, accountId, inboxId, { busyUntil: now }, now)))?.claim.fence ?? 0;
    }
    const setAside = { envelope: envelope("bad"), verdict: "unreadable" as const, facts: null };
    await savePage(database, page({ ...claim, fence }, [setAside, sentMessage("a"), notice("a")]));
    expect(await dueOwed(database.read, accountId, inboxId, now + hour, 10)).toEqual([]);
    expect(await readVerdicts(database.read, accountId, inboxId, ["bad"])).toEqual(new Map([["bad", "unreadable"]]));
    await theEngagement(database, accountId);
  });

  test("each statement failing in turn leaves no half state", async () => {
    let countdown = Number.POSITIVE_INFINITY;
    const stop = () => {
      if (countdown-- <= 0) throw new Error("stopped");
    };
    const database = await openNew(engine, { onStatement: stop });
    const [claim] = await accountWithInboxes(database);
    if (!claim) throw new Error("no inbox");
    await savePage(
      database,
      page(claim, [
        notice("waits"),
        notice("a", [delivered("jan@customer.example")], { ref: "receipt", report: { kind: "delivery_receipt" } }),
      ]),
    );
    const input = page(
      claim,
      [
        sentMessage("a"),
        sentMessage("waits"),
        notice("a"),
        notice("unknown"),
        ordinary("m1"),
        { envelope: envelope("late"), verdict: "owed", facts: null, owed: { error: "x", dueAt: now } },
      ],
      { gaps: [{ folder: "Junk", from: 1, to: 2, because: "gone" }], warnings: [{ code: "w", text: "w" }] },
    );
    const before = await wholeDatabase(database);
    let statements = 0;
    for (; ; statements += 1) {
      countdown = statements;
      const end = await savePage(database, input).then(
        () => "saved",
        (error: Error) => error.message,
      );
      countdown = Number.POSITIVE_INFINITY;
      if (end === "saved") break;
      expect(end).toBe("stopped");
      expect(await wholeDatabase(database)).toEqual(before);
    }
    expect(statements).toBeGreaterThan(25);
    expect(await eventTypes(database, claim.accountId)).toEqual([
      "contact.created",
      "engagement.created",
      "engagement.created",
      "address.ineligible",
      "inbox.gap_found",
    ]);
  });

  test("a notice that comes before its message waits for it, from any inbox of the account", async () => {
    const database = await openNew(engine);
    const [shared, annas] = await accountWithInboxes(database, 2);
    if (!shared || !annas) throw new Error("no inboxes");
    const { notices } = await savePage(database, page(shared, [notice("a", undefined, { ref: "n" })]));
    expect(await listNotices(database.read, shared.accountId)).toMatchObject({
      data: [{ id: notices[0], state: "waiting", waitsUntil: now + 72 * hour }],
    });
    const saved = await savePage(database, page(annas, [sentMessage("other"), sentMessage("a")]));
    expect(saved).toMatchObject({ woken: notices, events: ["contact.created", "engagement.created", "address.ineligible"] });
    expect(await theEngagement(database, shared.accountId)).toMatchObject({ state: "hard", inboxId: annas.inboxId, noticeId: notices[0] });
    expect(await listNotices(database.read, shared.accountId)).toMatchObject({ data: [{ state: "matched", waitsUntil: null }] });
    expect(await database.read.selectFrom("notice_waits").selectAll().execute()).toEqual([]);
  });

  test("a message that the CRM registers is tied too", async () => {
    const database = await openNew(engine);
    const [claim] = await accountWithInboxes(database);
    if (!claim) throw new Error("no inbox");
    await savePage(database, page(claim, [notice("a")]));
    const registered = { ...sentMessage("a").sent, externalId: "mail-1", metadata: { dealId: "d" } } as Parameters<
      typeof registerSentMessages
    >[2][number];
    await database.transaction((tx) => registerSentMessages(tx, claim.accountId, [registered], now));
    // Then it is seen in the Sent folder: still one message.
    await savePage(database, page(claim, [sentMessage("a")]));
    expect(await theEngagement(database, claim.accountId)).toMatchObject({
      sentMessage: { externalId: "mail-1", metadata: { dealId: "d" } },
    });
    expect(await database.read.selectFrom("sent_messages").select(["inbox_id", "ref"]).execute()).toEqual([
      { inbox_id: claim.inboxId, ref: "sent-a" },
    ]);
  });

  test("after 72 hours a notice that names nobody's message is not ours, and is told", async () => {
    const database = await openNew(engine);
    const [claim] = await accountWithInboxes(database);
    if (!claim) throw new Error("no inbox");
    const { accountId } = claim;
    await savePage(database, page(claim, [notice("never-sent")]));
    expect(await expireWaiting(database, accountId, now + 72 * hour - 1)).toBe(0);
    expect(await accountsWithWaitingNotices(database.read)).toEqual([accountId]);
    expect(await accountsWithExpiredNotices(database.read, now + hour)).toEqual([]);
    expect(await retryWaiting(database, accountId, now + hour)).toBe(0);
    expect(await expireWaiting(database, accountId, now + 72 * hour)).toBe(1);
    expect(await listNotices(database.read, accountId, { state: ["not_ours"] })).toMatchObject({ data: [{ waitsUntil: null }] });
    expect(await eventTypes(database, accountId)).toEqual(["notice.unmatched"]);
    expect(await expireWaiting(database, accountId, now + 73 * hour)).toBe(0);
  });

  test("when the wait is over, an ancestor in References counts", async () => {
    const database = await openNew(engine);
    const [claim] = await accountWithInboxes(database);
    if (!claim) throw new Error("no inbox");
    const { accountId } = claim;
    const reply = notice("not-seen", undefined, {
      ref: "n",
      report: { inReplyTo: ["<not-seen@sales.example>", "<thread@sales.example>"] },
    });
    await savePage(database, page(claim, [sentMessage("thread"), reply]));
    expect(await listNotices(database.read, accountId)).toMatchObject({ data: [{ state: "waiting" }] });
    await expireWaiting(database, accountId, now + 72 * hour);
    expect(await theEngagement(database, accountId)).toMatchObject({ match: { rule: "references", confidence: "likely" } });
  });

  test("a notice that names a message which did not go there is a suggestion at once", async () => {
    const database = await openNew(engine);
    const [claim] = await accountWithInboxes(database);
    if (!claim) throw new Error("no inbox");
    await savePage(database, page(claim, [sentMessage("a", ["x@customer.example", "y@customer.example"]), notice("a")]));
    expect(await listNotices(database.read, claim.accountId)).toMatchObject({
      data: [{ state: "unmatched", matches: [{ engagementId: null, suggestions: [{ rule: "embedded_message_id" }] }] }],
    });
    expect(await eventTypes(database, claim.accountId)).toEqual(["notice.suggested"]);
    expect((await listEngagements(database.read, claim.accountId)).data).toEqual([]);
  });

  test("a delay, then a failure: one engagement with both in its history", async () => {
    const database = await openNew(engine);
    const [claim] = await accountWithInboxes(database);
    if (!claim) throw new Error("no inbox");
    const { accountId } = claim;
    await savePage(
      database,
      page(claim, [sentMessage("a"), notice("a", [delayed("jan@customer.example")], { ref: "d", report: { kind: "delay" } })]),
    );
    expect(await theEngagement(database, accountId)).toMatchObject({ state: "pending", pendingUntil: now - hour + 72 * hour });
    await savePage(database, page(claim, [notice("a", undefined, { ref: "f", receivedAt: now })], { now: now + 1, backfill: true }));
    expect(await theEngagement(database, accountId)).toMatchObject({
      state: "hard",
      version: 2,
      pendingUntil: null,
      history: [
        { state: "pending", because: "delay_notice" },
        { state: "hard", because: "failure_notice" },
      ],
    });
    const events = await readEvents(database.read, accountId, 2, 10);
    expect(events).toMatchObject([
      { type: "engagement.updated", backfill: true, data: { previous: { state: "pending" }, engagement: { version: 2 } } },
      {
        type: "address.ineligible",
        backfill: true,
        data: { address: "jan@customer.example", marketing: { eligible: false, reason: "unknown_user" } },
      },
    ]);
  });

  test("a pending bounce without news becomes soft", async () => {
    const database = await openNew(engine);
    const [claim] = await accountWithInboxes(database);
    if (!claim) throw new Error("no inbox");
    await savePage(database, page(claim, [sentMessage("a"), notice("a", [delayed("jan@customer.example")])]));
    expect(await agePending(database, claim.accountId, now + 70 * hour)).toBe(0);
    expect(await agePending(database, claim.accountId, now + 71 * hour)).toBe(1);
    expect(await agePending(database, claim.accountId, now + 80 * hour)).toBe(0);
    expect(await theEngagement(database, claim.accountId)).toMatchObject({ state: "soft", reason: "networkerror", version: 2 });
  });

  test.each(["after", "before"])("a delivery receipt that comes %s the delay closes it, and alone makes no engagement", async (when) => {
    const database = await openNew(engine);
    const [claim] = await accountWithInboxes(database);
    if (!claim) throw new Error("no inbox");
    const receipt = notice("a", [delivered("jan@customer.example")], {
      ref: "r",
      report: { kind: "delivery_receipt", verdict: "not_bounce" },
    });
    const delay = notice("a", [delayed("jan@customer.example")], { ref: "d" });
    await savePage(database, page(claim, [sentMessage("a"), when === "before" ? receipt : delay]));
    expect((await listEngagements(database.read, claim.accountId)).data).toHaveLength(when === "before" ? 0 : 1);
    await savePage(database, page(claim, [when === "before" ? delay : receipt]));
    expect(await theEngagement(database, claim.accountId)).toMatchObject({ state: "delivered", version: 2 });
  });

  test("one notice with several recipients touches only those it names", async () => {
    const database = await openNew(engine);
    const [claim] = await accountWithInboxes(database);
    if (!claim) throw new Error("no inbox");
    const three = ["a@c.example", "b@c.example", "c@c.example"];
    const mixed = notice("m", [outcome("a@c.example"), delayed("b@c.example"), delivered("c@c.example")], { report: { kind: "mixed" } });
    await savePage(database, page(claim, [sentMessage("m", three), mixed]));
    const { data } = await listEngagements(database.read, claim.accountId, { sort: "occurredAt" });
    expect(data.map(({ recipient, state }) => [recipient.address, state, recipient.othersTotal]).sort()).toEqual([
      ["a@c.example", "hard", 2],
      ["b@c.example", "pending", 2],
    ]);
  });

  test("two members of one alias that fail in one notice are two entries of one history", async () => {
    const database = await openNew(engine);
    const [claim] = await accountWithInboxes(database);
    if (!claim) throw new Error("no inbox");
    const members = ["m1@c.example", "m2@c.example"].map((address) => outcome(address, { originalAddress: "team@c.example" }));
    await savePage(database, page(claim, [sentMessage("t", ["team@c.example", "x@c.example"]), notice("t", members)]));
    expect(await theEngagement(database, claim.accountId)).toMatchObject({
      recipient: { relation: "alias" },
      addressEffect: "none",
      history: [{}, {}],
    });
  });

  test("copies in another folder and another inbox, with another id, are logged once", async () => {
    const database = await openNew(engine);
    const [one, two] = await accountWithInboxes(database, 2);
    if (!one || !two) throw new Error("no inboxes");
    await savePage(
      database,
      page(one, [sentMessage("a"), notice("a", undefined, { ref: "n1" }), notice("a", undefined, { ref: "n2", folder: "Junk" })]),
    );
    await savePage(database, page(two, [notice("a", undefined, { ref: "n3", messageId: "<new@x>" } as never)]));
    expect(await theEngagement(database, one.accountId)).toMatchObject({ version: 1, history: [{}] });
    expect((await listNotices(database.read, one.accountId)).data).toHaveLength(1);
    const traces = await database.read.selectFrom("traces").select(["notice_id", "steps"]).execute();
    expect(new Set(traces.map((trace) => trace.notice_id)).size).toBe(1);
    expect(traces.filter((trace) => trace.steps.includes("kept already"))).toHaveLength(2);
  });

  test("two inboxes that receive the same notice at the same time log it once", async () => {
    const database = await openNew(engine);
    const claims = await accountWithInboxes(database, 6);
    const [first] = claims;
    if (!first) throw new Error("no inbox");
    const names = ["a", "b", "c", "d"];
    await savePage(
      database,
      page(
        first,
        names.map((name) => sentMessage(name)),
      ),
    );
    await Promise.all(
      claims.map((claim, i) => {
        const messages = names.map((name) => notice(name, undefined, { ref: `${name}-${i}` }));
        // In another order in each inbox: what deadlocks if rows are taken as they come.
        return savePage(database, page(claim, i % 2 === 0 ? messages : messages.reverse()));
      }),
    );
    const { data } = await listEngagements(database.read, first.accountId);
    expect(data.map(({ version, history }) => [version, history.length])).toEqual(names.map(() => [1, 1]));
    expect(await eventTypes(database, first.accountId)).toEqual([
      "contact.created",
      ...names.map(() => "engagement.created"),
      "address.ineligible",
    ]);
    expect((await listContacts(database.read, first.accountId)).data).toHaveLength(1);
  });

  test("different notices about one message at the same time all end up in its history", async () => {
    const database = await openNew(engine);
    const claims = await accountWithInboxes(database, 6);
    const [first] = claims;
    if (!first) throw new Error("no inbox");
    await savePage(database, page(first, [sentMessage("a")]));
    await Promise.all(
      claims.map((claim, i) => {
        const words = outcome("jan@customer.example", { diagnostic: `550 no. ${i}` });
        return savePage(
          database,
          page(claim, [
            notice("a", [i === 3 ? words : delayed(`jan@customer.example`)], {
              ref: `n${i}`,
              report: { kind: i === 3 ? "failure" : "delay", original: { ...reportAbout("a", []).original }, inReplyTo: [`<x${i}@x>`] },
            }),
          ]),
        );
      }),
    );
    expect(await theEngagement(database, first.accountId)).toMatchObject({ state: "hard", version: 6, history: claims.map(() => ({})) });
  });
});

onBothEngines("whom to log", (engine) => {
  test("with known, a bounce of an unknown address waits until the CRM names it", async () => {
    const database = await openNew(engine);
    const [claim] = await accountWithInboxes(database, 1, { logFor: "known" });
    if (!claim) throw new Error("no inbox");
    const { accountId } = claim;
    await savePage(database, page(claim, [sentMessage("a"), notice("a")]));
    expect(await listNotices(database.read, accountId)).toMatchObject({
      data: [{ state: "not_logged", matches: [{ engagementId: null }] }],
    });
    expect((await listContacts(database.read, accountId)).data).toEqual([]);
    await database.transaction((tx) =>
      upsertContacts(tx, accountId, [{ externalId: "crm-1", addresses: ["other@customer.example"] }], now),
    );
    expect(await eventTypes(database, accountId)).toEqual([]);
    await database.transaction((tx) => upsertContacts(tx, accountId, [{ externalId: "crm-2", addresses: ["JAN@customer.example"] }], now));
    expect(await theEngagement(database, accountId)).toMatchObject({ state: "hard", contactExternalId: "crm-2" });
    expect(await eventTypes(database, accountId)).toEqual(["engagement.created", "address.ineligible"]);
    expect(await listNotices(database.read, accountId)).toMatchObject({ data: [{ state: "matched" }] });
  });

  test("auto logs everybody until the CRM has named contacts, then only those", async () => {
    const database = await openNew(engine);
    const [claim] = await accountWithInboxes(database);
    if (!claim) throw new Error("no inbox");
    const { accountId } = claim;
    await savePage(database, page(claim, [sentMessage("a"), notice("a"), sentMessage("d", ["doctor@clinic.example"])]));
    const made = await theEngagement(database, accountId);
    const [contact] = await database.transaction((tx) =>
      upsertContacts(tx, accountId, [{ externalId: "crm-1", addresses: ["jan@customer.example"] }], now),
    );
    // The contact we had made became the CRM's, with its timeline.
    expect(contact).toMatchObject({ id: made.contactId, externalId: "crm-1", fromCrm: true });
    await savePage(database, page(claim, [notice("d", [outcome("doctor@clinic.example")])]));
    expect(await theEngagement(database, accountId)).toMatchObject({ contactExternalId: "crm-1" });
  });

  test("addresses and domains never to log are never logged", async () => {
    const database = await openNew(engine);
    const [claim] = await accountWithInboxes(database, 1, { logFor: "all", neverLog: ["@clinic.example", "jan@customer.example"] });
    if (!claim) throw new Error("no inbox");
    const doctor = notice("d", [outcome("doctor@clinic.example")]);
    await savePage(database, page(claim, [sentMessage("a"), notice("a"), sentMessage("d", ["doctor@clinic.example"]), doctor]));
    expect((await listEngagements(database.read, claim.accountId)).data).toEqual([]);
    expect((await listNotices(database.read, claim.accountId)).data.map(({ state }) => state)).toEqual(["not_logged", "not_logged"]);
    expect(await database.read.selectFrom("notice_waits").selectAll().execute()).toEqual([]);
  });

  test("another account's message is not tied", async () => {
    const database = await openNew(engine);
    const [mine] = await accountWithInboxes(database);
    const [theirs] = await accountWithInboxes(database);
    if (!mine || !theirs) throw new Error("no inboxes");
    await savePage(database, page(theirs, [sentMessage("a")]));
    await savePage(database, page(mine, [notice("a")]));
    expect(await listNotices(database.read, mine.accountId)).toMatchObject({ data: [{ state: "waiting" }] });
    await savePage(database, page(theirs, [sentMessage("b")]));
    expect((await listEngagements(database.read, theirs.accountId)).data).toEqual([]);
  });
});
