/** Each code of "Why not?", in a situation that is built through the real store, and what a person is offered then. */
import { describe, expect, test } from "vitest";
import type { Database } from "../../src/ports/database.ts";
import { updateAccount } from "../../src/store/accounts.ts";
import { agePending } from "../../src/store/age-pending.ts";
import { findContactByAddress } from "../../src/store/contacts.ts";
import { beginCoverage, saveCoverage } from "../../src/store/coverage.ts";
import { dismissNotice } from "../../src/store/decide-notice.ts";
import { eraseContact } from "../../src/store/erase-contact.ts";
import type { Claim } from "../../src/store/fence.ts";
import { saveGaps } from "../../src/store/gaps.ts";
import { changeState, getInbox, updateInbox } from "../../src/store/inboxes.ts";
import { listNotices } from "../../src/store/notices.ts";
import { oweMissed } from "../../src/store/owed.ts";
import { type PageToSave, type SavedMessage, savePage } from "../../src/store/save-page.ts";
import { claimInbox, finishTurn } from "../../src/store/turns.ts";
import { unbounce } from "../../src/store/unbounce.ts";
import { expireWaiting } from "../../src/store/waiting-notices.ts";
import { claimWebhook, saveWebhookStep } from "../../src/store/webhook-turns.ts";
import { createWebhook } from "../../src/store/webhooks.ts";
import { eraseInboxForGood } from "../../src/sync/erase.ts";
import { type Asker, type Explanation, explainMessageId, explainRef } from "../../src/sync/explain.ts";
import { explainHour, explainNoInbox } from "../../src/sync/explain-hour.ts";
import { explainMail } from "../../src/sync/explain-mail.ts";
import { makeNotice } from "../fixtures/make-mail.ts";
import { newKeys, onBothEngines, openNew } from "../store/engines.ts";
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
} from "../store/sample-mail.ts";
import { askerOf } from "./asker.ts";

const hour = 3_600_000;
const day = 24 * hour;
const jan = "jan@customer.example";
const keys = newKeys();

type Place = {
  database: Database;
  accountId: string;
  mine: Claim;
  other: Claim;
  asker: Asker;
  save: (messages: SavedMessage[], more?: Parameters<typeof page>[2]) => Promise<unknown>;
};

const start = async (engine: "sqlite" | "postgres" = "sqlite", inboxes = 2): Promise<Place> => {
  const database = await openNew(engine, { keys });
  const [mine, other = mine] = await accountWithInboxes(database, inboxes);
  if (!mine || !other) throw new Error("no inboxes");
  const { accountId } = mine;
  const save = (messages: SavedMessage[], more: Partial<PageToSave["page"]> & { now?: number } = {}) =>
    savePage(database, page(mine, messages, more));
  return { database, accountId, mine, other, save, asker: askerOf({ database, accountId }) };
};

const write = <T>({ database }: Place, fn: Parameters<Database["transaction"]>[0]): Promise<T> => database.transaction(fn) as Promise<T>;
const byNotice = async (place: Place, name: string, more: Partial<Asker> = {}): Promise<Explanation> =>
  (await explainMessageId({ ...place.asker, ...more }, `<bounce-${name}@notices.example>`))[0] as Explanation;
const bySent = async (place: Place, name: string, more: Partial<Asker> = {}): Promise<Explanation> =>
  (await explainMessageId({ ...place.asker, ...more }, `<${name}@sales.example>`))[0] as Explanation;
const opened = (ref: string, outcomeOf: string, because = "x"): SavedMessage => ({
  envelope: envelope(ref, { messageId: `<bounce-${ref}@notices.example>` }),
  verdict: outcomeOf === "too_big" ? "too_big" : outcomeOf === "gone_before_read" ? "gone" : "opened",
  facts: null,
  trace: { outcome: outcomeOf, steps: [{ step: "sign", because }] },
});
/** A turn that ends in a state at a time. */
const turn = async (
  place: Place,
  at: number,
  state: "watching" | "waiting" | "unreachable" | "reconnect_needed",
  detail: object | null = null,
) => {
  await place.database.transaction(async (tx) => {
    await tx.updateTable("inboxes").set({ next_poll_at: at }).where("id", "=", place.mine.inboxId).execute();
    const claimed = await claimInbox(tx, place.accountId, place.mine.inboxId, { busyUntil: at }, at);
    if (claimed)
      await finishTurn(
        tx,
        claimed.claim,
        { state, stateDetail: detail as never, nextPollAt: at + 60_000, failedPolls: 0, progress: null },
        at,
      );
  });
};
const inHour = async (place: Place, from: number, more: Partial<Asker> = {}): Promise<Explanation> => {
  const inbox = await getInbox(place.database.read, place.accountId, place.mine.inboxId);
  if (!inbox) throw new Error("no inbox");
  return (await explainHour({ ...place.asker, ...more }, inbox, from)).explanation;
};

onBothEngines("a notice that was logged", (engine) => {
  test("logged: on whose timeline, and when; a copy is a duplicate, and a colleague's copy was logged from elsewhere", async () => {
    const place = await start(engine);
    await place.save([sentMessage("a"), notice("a")]);
    expect(await byNotice(place, "a")).toMatchObject({
      code: "logged",
      sentence: `It was not missed: it was logged on ${jan}'s timeline at 25 Nov 2026, 17:00.`,
      needed: null,
      action: { code: "timeline" },
    });
    expect(await bySent(place, "a", { language: "pl" })).toMatchObject({
      code: "logged",
      sentence: expect.stringContaining("Nie zostało pominięte"),
    });
    await place.save([notice("a", undefined, { ref: "copy", folder: "Junk" })]);
    expect(await explainRef(place.asker, place.mine.inboxId, "copy")).toMatchObject({ code: "duplicate", action: { code: "choose" } });
    await savePage(place.database, page(place.other, [notice("a", undefined, { ref: "copy" })]));
    expect(await explainRef(place.asker, place.other.inboxId, "copy")).toMatchObject({
      code: "logged_elsewhere",
      sentence: "The notice reached Anna's inbox and was logged from there.",
    });
  });

  test("logged_crm_not_told: an endpoint refused it, or waits behind one that it refuses", async () => {
    const place = await start(engine);
    const { webhook } = await place.database.transaction((tx) =>
      createWebhook(tx, keys, place.accountId, { url: "https://crm.example/" }, now),
    );
    await place.save([sentMessage("a"), notice("a")]);
    const step = async (kind: "retry" | "dead", sequence: number) => {
      await place.database.transaction(async (tx) => {
        const claimed = await claimWebhook(tx, { accountId: place.accountId, webhookId: webhook.id }, { busyUntil: now + 1 }, now);
        if (!claimed) throw new Error("not claimed");
        const error = "500";
        await saveWebhookStep(tx, claimed.claim, kind === "dead" ? { kind, sequence, error } : { kind: "failed", error, dueAt: now }, now);
      });
    };
    expect((await byNotice(place, "a")).code).toBe("logged");
    await step("retry", 0);
    expect(await byNotice(place, "a")).toMatchObject({ code: "logged_crm_not_told", action: { code: "replay", webhookId: webhook.id } });
    const events = await place.database.read.selectFrom("events").select(["seq", "type"]).orderBy("seq").execute();
    for (const { seq } of events) await step("dead", seq);
    expect(await byNotice(place, "a")).toMatchObject({
      code: "logged_crm_not_told",
      sentence: expect.stringContaining("the CRM's endpoint refused it; replay it"),
    });
  });

  test("pending, then delivered_after_delay", async () => {
    const place = await start(engine);
    await place.save([sentMessage("a"), notice("a", [delayed(jan)])]);
    expect(await byNotice(place, "a")).toMatchObject({ code: "pending", sentence: expect.stringContaining("soft on 28 Nov 2026") });
    await place.save([notice("a", [delivered(jan)], { ref: "receipt", report: { kind: "delivery_receipt", verdict: "not_bounce" } })]);
    expect(await bySent(place, "a")).toMatchObject({
      code: "delivered_after_delay",
      sentence: "It was delayed, then delivered: the server sent a receipt.",
    });
  });

  test("soft_by_mapping: where the account's own table decided", async () => {
    const place = await start(engine);
    await place.database.transaction((tx) =>
      updateAccount(
        tx,
        place.accountId,
        { mapping: { userunknown: { permanent: "unknown_user", temporary: "unknown_user", type: "soft" } } },
        now,
      ),
    );
    await place.save([sentMessage("a"), notice("a")]);
    expect(await byNotice(place, "a")).toMatchObject({ code: "soft_by_mapping", sentence: expect.stringContaining("for Unknown user") });
  });

  test("retracted, with who said so; unbounced by a person", async () => {
    const place = await start(engine);
    await place.save([
      sentMessage("a"),
      notice("a"),
      sentMessage("b", ["eva@customer.example"]),
      notice("b", [outcome("eva@customer.example")]),
    ]);
    const { data } = await listNotices(place.database.read, place.accountId);
    const first = data.find(({ ref }) => ref === "bounce-a")?.id ?? "";
    await write(place, (tx) => dismissNotice(tx, place.accountId, first, { by: "Ola", note: "" }, now + hour));
    expect(await bySent(place, "a")).toMatchObject({
      code: "retracted",
      sentence: expect.stringContaining("by Ola: the notice does not belong"),
    });
    expect(await byNotice(place, "a")).toMatchObject({
      code: "dismissed",
      sentence: "Ola said on 25 Nov 2026, 18:00 that it does not belong.",
    });
    await write(place, (tx) => unbounce(tx, place.accountId, "eva@customer.example", "Jan", "called", now + hour));
    expect(await byNotice(place, "b")).toMatchObject({
      code: "unbounced",
      sentence: expect.stringContaining("Jan made the address usable again"),
    });
  });

  test("logged_on_written_address: an alias's member failed", async () => {
    const place = await start(engine);
    await place.save([sentMessage("a"), notice("a", [outcome("member@elsewhere.example", { originalAddress: jan })])]);
    expect(await byNotice(place, "a")).toMatchObject({
      code: "logged_on_written_address",
      sentence: expect.stringMatching(/^member@elsewhere.example failed, but you wrote to jan@customer.example/),
    });
  });
});

onBothEngines("a notice that is logged nowhere", (engine) => {
  test("waiting_for_sent, and sent_folder_unknown where nothing can come", async () => {
    const place = await start(engine);
    await place.save([notice("a")]);
    expect(await byNotice(place, "a")).toMatchObject({
      code: "waiting_for_sent",
      action: { code: "poll_now", inboxId: place.mine.inboxId },
    });
    await place.save([], { warnings: [{ code: "sent_folder_unknown", text: "?" }] });
    expect(await byNotice(place, "a")).toMatchObject({ code: "sent_folder_unknown", action: { code: "inbox" } });
  });

  test("sent_elsewhere by the sent message's id, and by the notice where the recipient is known; else never_sent_by_us", async () => {
    const place = await start(engine);
    const earlier = sentMessage("earlier");
    const monthAgo = { ...earlier, sent: { ...(earlier.sent as NonNullable<SavedMessage["sent"]>), sentAt: now - 30 * day } };
    await place.save([notice("a"), notice("forged", [outcome("stranger@else.example")]), monthAgo]);
    expect(await bySent(place, "a")).toMatchObject({ code: "sent_elsewhere", action: { code: "register" } });
    await expireWaiting(place.database, place.accountId, now + 73 * hour);
    expect((await byNotice(place, "a")).code).toBe("sent_elsewhere");
    expect((await byNotice(place, "forged")).code).toBe("never_sent_by_us");
  });

  test("unmatched, unread_notice, recipient_mismatch, ambiguous, suggested", async () => {
    const place = await start(engine);
    const bare = (name: string, address: string, more: object = {}) =>
      notice(null, [outcome(address)], {
        ref: `bounce-${name}`,
        report: { original: { ...reportAbout(null, []).original, subject: null, from: null }, ...more },
      });
    await place.save([
      bare("none", "nobody@else.example"),
      bare("unread", "x@else.example", { kind: "unread_notice", verdict: "not_bounce", recipients: [] }),
      sentMessage("m", ["eva@customer.example", "ewa@customer.example"]),
      notice("m", [outcome("other@customer.example")]),
      sentMessage("s1", ["once@customer.example"]),
      bare("once", "once@customer.example"),
      sentMessage("t1", ["twice@customer.example"]),
      sentMessage("t2", ["twice@customer.example"]),
      notice(null, [outcome("twice@customer.example")], { ref: "bounce-twice" }),
    ]);
    await expireWaiting(place.database, place.accountId, now + 73 * hour);
    expect((await byNotice(place, "none")).code).toBe("unmatched");
    expect(await byNotice(place, "unread")).toMatchObject({ code: "unread_notice", action: { code: "share_notice" } });
    expect(await byNotice(place, "m")).toMatchObject({ code: "recipient_mismatch", action: { code: "choose" } });
    expect(await byNotice(place, "once")).toMatchObject({
      code: "suggested",
      sentence: "One message probably fits; waiting for Anna to confirm.",
      action: { code: "choose" },
    });
    expect(await byNotice(place, "twice")).toMatchObject({ code: "ambiguous", sentence: "2 messages fit equally; choose one." });
  });

  test("contact_not_logged: on the list of addresses never to log", async () => {
    const place = await start(engine);
    await place.database.transaction((tx) => updateAccount(tx, place.accountId, { neverLog: [jan] }, now));
    await place.save([sentMessage("a"), notice("a")]);
    expect(await byNotice(place, "a")).toMatchObject({ code: "contact_not_logged", sentence: expect.stringContaining(jan) });
  });
});

describe("received mail that is no notice", () => {
  test.each([
    ["forwarded_notice", "forwarded_or_quoted"],
    ["ordinary", "ordinary"],
    ["encrypted", "encrypted"],
    ["crashed", "unreadable"],
    ["unreadable", "unreadable"],
    ["too_big", "too_big"],
    ["gone_before_read", "gone_before_read"],
    ["read_receipt", "read_receipt"],
    ["auto_reply", "auto_reply"],
    ["abuse_report", "abuse_report"],
    ["tls_report", "tls_report"],
    ["challenge", "challenge"],
  ])("opened as %s: %s", async (outcomeOf, code) => {
    const place = await start("sqlite", 1);
    await place.save([opened("one", outcomeOf, "It exceeds the limit of 25 MB; set aside.")]);
    expect((await byNotice(place, "one")).code).toBe(code);
  });

  test("what was found is told in the reader's language", async () => {
    const place = await start("sqlite", 1);
    await place.save([opened("one", "ordinary", "It shows no sign of a notice.")]);
    expect((await byNotice(place, "one", { language: "pl" })).sentence).toContain("(Nie widać żadnej oznaki powiadomienia.)");
  });

  test.each(["delivery_receipt", "held"] as const)("kept as %s", async (kind) => {
    const place = await start("sqlite", 1);
    const recipients = kind === "held" ? [] : [delivered(jan)];
    await place.save([notice("a", recipients, { report: { kind, verdict: "not_bounce" } })]);
    expect((await byNotice(place, "a")).code).toBe(kind);
  });

  test("not_suspected is opened now; a receipt is none by its header; record_expired after 30 days; owed waits", async () => {
    const place = await start("sqlite", 1);
    const receipt = { ...ordinary("receipt"), facts: { reportType: "disposition-notification" } };
    const bare = { ...ordinary("bare"), facts: null };
    const late = {
      ...ordinary("late"),
      verdict: "owed" as const,
      owed: { error: "busy", dueAt: now },
      trace: { outcome: "owed", steps: [{ step: "owed", because: "busy" }] },
    };
    await place.save([ordinary("plain"), receipt, bare, late]);
    const of = (ref: string, more: Partial<Asker> = {}) => explainRef({ ...place.asker, ...more }, place.mine.inboxId, ref);
    expect(await of("plain")).toMatchObject({ code: "not_suspected", action: { code: "open_now", ref: "plain" } });
    expect((await of("receipt"))?.code).toBe("read_receipt");
    expect((await of("bare"))?.code).toBe("not_suspected");
    expect(await of("bare", { now: now + 31 * day })).toMatchObject({ code: "record_expired", action: { code: "upload" } });
    expect(await of("late")).toMatchObject({ code: "owed", sentence: expect.stringContaining("busy") });
    expect(await of("nowhere")).toBeNull();
  });

  test("our_gap: the mailbox held it, and no page had told of it", async () => {
    const place = await start("sqlite", 1);
    await write(place, (tx) => oweMissed(tx, place.accountId, place.mine.inboxId, [{ envelope: envelope("lost"), backfill: false }], now));
    expect(await explainMessageId(place.asker, "<lost@notices.example>")).toMatchObject([
      { code: "our_gap", action: { code: "poll_now" } },
    ]);
  });
});

describe("a sent message without a notice", () => {
  test("no_notice, and what keeps one from being seen now", async () => {
    const place = await start("sqlite", 1);
    await place.save([sentMessage("a")]);
    await turn(place, now, "watching");
    expect(await bySent(place, "a")).toMatchObject({ code: "no_notice", action: { code: "poll_now" } });
    await turn(place, now + hour, "reconnect_needed");
    expect(await bySent(place, "a", { now: now + 2 * hour })).toMatchObject({
      code: "inbox_down",
      sentence: expect.stringContaining("We have not been able to get in since 25 Nov 2026, 18:00"),
      action: { code: "reconnect" },
    });
  });

  test("not_seen where nothing is known, erased where something was", async () => {
    const place = await start("sqlite", 1);
    expect(await bySent(place, "nobody")).toMatchObject({ code: "not_seen", action: { code: "upload" } });
    expect((await explainMessageId(place.asker, "<x@y>", place.mine.inboxId))[0]?.action).toMatchObject({ code: "look_in_mailbox" });
    await place.save([sentMessage("a"), notice("a")]);
    const contact = await findContactByAddress(place.database.read, place.accountId, jan);
    await write(place, (tx) => eraseContact(tx, keys, place.accountId, contact?.id ?? "", "me", now));
    expect((await bySent(place, "a")).code).toBe("erased");
  });

  test("not_allowed for who may not see the inbox", async () => {
    const place = await start("sqlite", 1);
    await place.save([sentMessage("a"), notice("a"), ordinary("plain")]);
    const none = { visible: [] };
    expect((await byNotice(place, "a", none)).code).toBe("not_allowed");
    expect((await bySent(place, "a", none)).code).toBe("not_allowed");
    expect((await explainRef({ ...place.asker, ...none }, place.mine.inboxId, "plain"))?.code).toBe("not_allowed");
    expect((await byNotice(place, "a", { visible: [place.mine.inboxId] })).code).toBe("logged");
  });
});

describe("an hour of an inbox", () => {
  const then = now + 2 * day;

  test("inbox_down, inbox_paused: then, or still", async () => {
    const place = await start("sqlite", 1);
    const { accountId } = place;
    const { inboxId } = place.mine;
    await turn(place, now, "watching");
    await turn(place, now + hour, "unreachable");
    await turn(place, now + 3 * hour, "watching");
    await write(place, (tx) =>
      changeState(tx, accountId, inboxId, { state: "paused", detail: { by: "Ola" }, nextPollAt: null }, now + 5 * hour),
    );
    const asked = { now: now + 9 * hour };
    expect(await inHour(place, now + 2 * hour, asked)).toMatchObject({
      code: "inbox_down",
      sentence: "We could not get in from 25 Nov 2026, 18:00 to 25 Nov 2026, 20:00; that time was caught up at 25 Nov 2026, 20:00.",
      action: { code: "check_coverage" },
    });
    expect(await inHour(place, now + 6 * hour, asked)).toMatchObject({
      code: "inbox_paused",
      sentence: "The inbox has been paused by Ola since 25 Nov 2026, 22:00.",
      action: { code: "resume" },
    });
    await write(place, (tx) => changeState(tx, accountId, inboxId, { state: "watching", nextPollAt: now }, now + 8 * hour));
    expect((await inHour(place, now + 6 * hour, asked)).sentence).toBe(
      "The inbox was paused by Ola from 25 Nov 2026, 22:00 to 26 Nov 2026, 01:00.",
    );
  });

  test("before_connected, first_sync_running, erased", async () => {
    const place = await start("sqlite", 1);
    const { accountId } = place;
    const { inboxId } = place.mine;
    await write(place, (tx) => updateInbox(tx, accountId, inboxId, { since: now - 30 * day }, now));
    expect(await inHour(place, now - 40 * day)).toMatchObject({
      code: "before_connected",
      sentence: expect.stringContaining("before the 30 days"),
    });
    await place.save([], { progress: { done: 40, total: 100 } });
    expect(await inHour(place, now - 20 * day)).toMatchObject({ code: "first_sync_running", sentence: expect.stringContaining("40 %") });
    const inbox = await getInbox(place.database.read, accountId, inboxId);
    if (inbox)
      await eraseInboxForGood(
        { database: place.database, keys, now: () => now, loadConnector: async () => null, tools: () => ({}) as never },
        inbox,
        "Ola",
      );
    expect(await inHour(place, now)).toMatchObject({ code: "erased", sentence: expect.stringContaining("at the request of Ola") });
  });

  test("behind, with the provider's wish or without; change_list_lost until a comparison says that nothing is lost", async () => {
    const place = await start("sqlite", 1);
    const { accountId } = place;
    const { inboxId } = place.mine;
    await turn(place, now, "waiting", { until: now + 2 * hour });
    expect(await inHour(place, now + 0.5 * hour, { now: now + hour })).toMatchObject({
      code: "behind",
      sentence: "The inbox is 60 minutes behind (Memory asked us to wait); ask again after 25 Nov 2026, 19:00.",
    });
    await turn(place, now, "watching");
    expect((await inHour(place, now + 0.5 * hour, { now: now + hour })).sentence).toMatch(/^The inbox is 60 minutes behind; ask/);
    await turn(place, then, "watching");
    await write(place, (tx) => saveGaps(tx, accountId, inboxId, [{ folder: "", from: now, to: now + day, because: "dropped" }], then));
    expect(await inHour(place, now + 2 * hour, { now: then })).toMatchObject({
      code: "change_list_lost",
      action: { code: "check_coverage" },
    });
    const compare = async (missing: number): Promise<void> => {
      await write(place, (tx) => beginCoverage(tx, accountId, inboxId, 0, then + hour));
      const found = { from: now, to: then, providerCount: 9, ourCount: 9 - missing, missing: [], note: null, detail: null };
      await write(place, (tx) => saveCoverage(tx, accountId, inboxId, found, then + hour));
    };
    await compare(2);
    expect((await inHour(place, now + 2 * hour, { now: then })).sentence).toContain("2 messages could not be recovered");
    await compare(0);
    expect((await inHour(place, now + 2 * hour, { now: then })).code).toBe("quiet_hour");
  });

  test("quiet_hour, hour_read with what came, sent_folder_unknown, no_such_inbox, not_yet", async () => {
    const place = await start("sqlite", 1);
    await turn(place, now, "watching");
    expect((await inHour(place, now - 5 * hour)).code).toBe("quiet_hour");
    const claimed = await place.database.read
      .selectFrom("inboxes")
      .select("fence")
      .where("id", "=", place.mine.inboxId)
      .executeTakeFirstOrThrow();
    await savePage(place.database, page({ ...place.mine, fence: claimed.fence }, [ordinary("plain"), sentMessage("a"), notice("a")]));
    const inbox = await getInbox(place.database.read, place.accountId, place.mine.inboxId);
    if (!inbox) throw new Error("no inbox");
    const { explanation, messages } = await explainHour(place.asker, inbox, now - hour);
    expect(explanation).toMatchObject({
      code: "hour_read",
      sentence: expect.stringContaining("in this hour: 3; opened as likely notices: 1"),
    });
    expect(messages.map(({ ref, verdict }) => [ref, verdict])).toEqual([
      ["bounce-a", "notice"],
      ["plain", "other"],
      ["sent-a", "sent"],
    ]);
    expect((await inHour(place, now + hour)).code).toBe("not_yet");
    expect(explainNoInbox(place.asker, "eva@sales.example")).toMatchObject({ code: "no_such_inbox", action: { code: "connect" } });
    await savePage(
      place.database,
      page({ ...place.mine, fence: claimed.fence }, [], { warnings: [{ code: "sent_folder_unknown", text: "?" }] }),
    );
    expect((await inHour(place, now - 5 * hour)).code).toBe("sent_folder_unknown");
  });
});

describe("a message as a file", () => {
  const of = (place: Place, raw: string) => explainMail(place.asker, Buffer.from(raw));

  test("is explained by what is stored of it, else by a dry run, which says where it should lie", async () => {
    const place = await start("sqlite", 1);
    const raw = makeNotice(1, new Date(now)).replace("anna@sales.example", "anna0@sales.example");
    const dry = await of(place, raw);
    expect(dry).toMatchObject({
      explanations: [{ code: "dry_run_bounce", sentence: expect.stringContaining("<m1@sales.example>") }],
      missing: { messageId: "<n1@mx.relay.example>", inboxId: place.mine.inboxId },
    });
    await place.save([{ ...ordinary("one"), envelope: envelope("one", { messageId: "<n1@mx.relay.example>" }) }]);
    expect(await of(place, raw)).toMatchObject({ explanations: [{ code: "not_suspected", action: { code: "open_now" } }], missing: null });
    expect((await of(place, raw.replaceAll("anna0@", "eva@").replace("<n1@", "<n2@"))).explanations[0]).toMatchObject({
      code: "no_such_inbox",
      sentence: expect.stringMatching(/^eva@sales.example is not connected/),
    });
  });

  test("that is encrypted, or shows no sign of a notice", async () => {
    const place = await start("sqlite", 1);
    const encrypted =
      'From: MAILER-DAEMON@x.example\r\nReturn-Path: <>\r\nContent-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="b"\r\n\r\n--b\r\n\r\nVersion: 1\r\n\r\n--b--\r\n';
    expect((await of(place, encrypted)).explanations[0]?.code).toBe("encrypted");
    expect((await of(place, "From: eva@x.example\r\nSubject: Lunch\r\n\r\nHi\r\n")).explanations[0]).toMatchObject({
      code: "not_suspected",
      sentence: "None of the signs of a notice is in its header, so it would not be opened.",
    });
  });
});

test("a delay that became soft by itself is logged", async () => {
  const place = await start("sqlite", 1);
  await place.save([sentMessage("a"), notice("a", [delayed(jan)])]);
  await agePending(place.database, place.accountId, now + 80 * hour);
  expect((await byNotice(place, "a")).code).toBe("logged");
});
