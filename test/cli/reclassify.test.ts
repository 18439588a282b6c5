/**
 * An older release is made honestly: a page is saved as that release would have saved it, with the report it would have made of a
 * notice beside the notice's real text; or an account changes its own table of reasons.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { inspectMail, parserVersion } from "../../src/bounces/inspect-mail.ts";
import type { RecipientOutcome, Report } from "../../src/bounces/report.ts";
import { triage } from "../../src/bounces/triage.ts";
import { countsLine, type Difference, differenceLines, type ReclassifyDeps, reclassify } from "../../src/cli/reclassify.ts";
import type { Database } from "../../src/ports/database.ts";
import { getAccount, updateAccount } from "../../src/store/accounts.ts";
import { readAddresses } from "../../src/store/addresses.ts";
import { agePending } from "../../src/store/age-pending.ts";
import { confirmNotice, dismissNotice } from "../../src/store/decide-notice.ts";
import { listEngagements } from "../../src/store/engagements.ts";
import { readEvents } from "../../src/store/events.ts";
import type { Claim } from "../../src/store/fence.ts";
import { changeState } from "../../src/store/inboxes.ts";
import { listNotices } from "../../src/store/notices.ts";
import { type SavedMessage, savePage } from "../../src/store/save-page.ts";
import { expireWaiting } from "../../src/store/waiting-notices.ts";
import { explainMessageId } from "../../src/sync/explain.ts";
import { failedStatus, reportNotice, reportText, textNotice } from "../bounces/notices.ts";
import { onBothEngines, openNew } from "../store/engines.ts";
import { accountWithInboxes, envelope, notice, outcome, page, now as savedAt, sentMessage, wholeDatabase } from "../store/sample-mail.ts";
import { askerOf } from "../sync/asker.ts";
import { makeWorld, now as worldNow } from "../sync/world.ts";

const hour = 3_600_000;
const later = savedAt + 100 * hour;
const jan = "jan@customer.example";

const unknownUser = reportNotice({ status: failedStatus() });
const mailboxFull = reportNotice({
  status: failedStatus("Action: failed\nStatus: 4.2.2\nDiagnostic-Code: smtp; 452 4.2.2 Mailbox full"),
});
const permanentlyFull = reportNotice({
  status: failedStatus("Action: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 5.2.2 Mailbox full"),
});
const letter = textNotice({
  from: "Jan <jan@customer.example>",
  subject: "Re: Offer",
  fields: "",
  body: "Thank you, that was delivered.\n",
});

/** A notice with its text, as an older release read it: `then` is what it made of it otherwise. */
const kept = (ref: string, text: Uint8Array, then: Partial<RecipientOutcome> | null = null, more: Partial<Report> = {}): SavedMessage => {
  const today = inspectMail(text);
  const recipients = today.recipients.map((recipient) => ({ ...recipient, ...then }));
  return {
    envelope: envelope(ref),
    verdict: "notice",
    facts: null,
    report: { ...today, recipients, parserVersion: "0.0.1", ...more },
    source: gzipSync(text),
    trace: { outcome: "failure", steps: [] },
  };
};

const wasHard = { type: "hard", category: "unknown_user", reason: "userunknown", status: "5.1.1" } as const;
const wasSoft = { type: "soft", category: "mailbox_full", reason: "mailboxfull", status: "4.2.2" } as const;

/** What an older release took for a bounce about the message called offer-1. */
const mistaken = (ref: string): SavedMessage => {
  const { report, ...rest } = kept(ref, unknownUser);
  return { ...rest, ...(report && { report }), source: gzipSync(letter) };
};

type World = { database: Database; inbox: Claim; accountId: string; run: (more?: Partial<ReclassifyDeps>) => ReturnType<typeof rerun> };

const rerun = async (database: Database, accountId: string, more: Partial<ReclassifyDeps> = {}) => {
  const account = await getAccount(database.read, accountId);
  if (!account) throw new Error("no account");
  const differences: Difference[] = [];
  const tell = (difference: Difference) => void differences.push(difference);
  const deps = { database, account, dryRun: false, now: () => later, tell, progress: () => {}, ...more };
  return { counts: await reclassify(deps), differences };
};

const start = async (engine: "sqlite" | "postgres", messages: SavedMessage[]): Promise<World> => {
  const database = await openNew(engine);
  const [inbox] = await accountWithInboxes(database);
  if (!inbox) throw new Error("no inbox");
  await savePage(database, page(inbox, messages));
  const { accountId } = inbox;
  return { database, inbox, accountId, run: (more) => rerun(database, accountId, more) };
};

const engagements = async ({ database, accountId }: World) => (await listEngagements(database.read, accountId)).data;
const notices = async ({ database, accountId }: World) => (await listNotices(database.read, accountId)).data;
const healthOf = async ({ database, accountId }: World, address = jan) =>
  (await readAddresses(database.read, accountId, [address])).get(address);
/** The events after those that `start` made. */
const eventsAfter = async ({ database, accountId }: World, sequence: number) => readEvents(database.read, accountId, sequence, 100);
const newest = async ({ database, accountId }: World) => (await readEvents(database.read, accountId, 0, 1000)).at(-1)?.sequence ?? 0;

/** Running it once more writes nothing at all. */
const expectSettled = async (world: World): Promise<void> => {
  const before = await wholeDatabase(world.database);
  await world.run({ now: () => later + hour });
  expect(await wholeDatabase(world.database)).toEqual(before);
};

onBothEngines("reclassify", (engine) => {
  it("makes a hard bounce soft where its notice says so today, and its address usable again", async () => {
    const world = await start(engine, [sentMessage("offer-1"), kept("n", mailboxFull, wasHard)]);
    expect(await healthOf(world)).toMatchObject({ eligible: false });
    const told = await newest(world);
    const { counts } = await world.run();
    expect(counts).toMatchObject({ notices: 1, noticesThatDiffer: 1, reclassified: 1, retracted: 0, created: 0, updated: 0 });
    expect(await engagements(world)).toMatchObject([
      {
        state: "soft",
        category: "mailbox_full",
        reason: "mailboxfull",
        version: 2,
        classification: { parserVersion },
        history: [
          { state: "hard", because: "failure_notice" },
          { state: "soft", because: "reclassified" },
        ],
      },
    ]);
    const events = await eventsAfter(world, told);
    expect(events.map(({ type }) => type)).toEqual(["engagement.reclassified", "address.eligible"]);
    expect(events[0]?.data).toMatchObject({
      engagement: { state: "soft", version: 2, addressEffect: "none" },
      previous: { state: "hard", category: "unknown_user", reason: "userunknown" },
    });
    expect(await healthOf(world)).toMatchObject({ eligible: true });
    expect(await notices(world)).toMatchObject([{ state: "matched", report: { parserVersion, recipients: [{ type: "soft" }] } }]);
    await expectSettled(world);
  });

  it("makes a soft bounce hard, and its address unusable", async () => {
    const world = await start(engine, [sentMessage("offer-1"), kept("n", unknownUser, wasSoft)]);
    const told = await newest(world);
    await world.run();
    expect(await engagements(world)).toMatchObject([{ state: "hard", reason: "userunknown" }]);
    expect((await eventsAfter(world, told)).map(({ type }) => type)).toEqual(["engagement.reclassified", "address.ineligible"]);
    await expectSettled(world);
  });

  it("changes the category of what stays hard, also as the address's reason", async () => {
    const world = await start(engine, [sentMessage("offer-1"), kept("n", unknownUser, { category: "policy", reason: "filtered" })]);
    expect(await healthOf(world)).toMatchObject({ eligible: false, reason: "policy" });
    const told = await newest(world);
    await world.run();
    expect(await healthOf(world)).toMatchObject({ eligible: false, reason: "unknown_user" });
    const [event, ...others] = await eventsAfter(world, told);
    expect(event).toMatchObject({
      type: "engagement.reclassified",
      data: { engagement: { category: "unknown_user" }, previous: { state: "hard", category: "policy", reason: "filtered" } },
    });
    expect(others).toEqual([]);
    await expectSettled(world);
  });

  it("applies the account's own table of reasons of today to stored notices, there and back", async () => {
    const world = await start(engine, [sentMessage("offer-1"), kept("n", permanentlyFull)]);
    const { database, accountId } = world;
    const set = (mapping: Parameters<typeof updateAccount>[2]["mapping"]) =>
      database.transaction((tx) => updateAccount(tx, accountId, { ...(mapping && { mapping }) }, savedAt));
    expect((await world.run()).counts).toMatchObject({ noticesThatDiffer: 0, reclassified: 0 });
    for (const _ of ["twice", "there and back"]) {
      await set({ mailboxfull: { permanent: "mailbox_full", temporary: "mailbox_full", type: "soft" } });
      const { differences } = await world.run();
      expect(differences.map(({ changes }) => changes)).toEqual([[{ of: jan, field: "type", before: "hard", after: "soft" }]]);
      expect(await engagements(world)).toMatchObject([{ state: "soft", classification: { mapping: "account" } }]);
      expect(await healthOf(world)).toMatchObject({ eligible: true });
      await expectSettled(world);
      await set({});
      await world.run();
      expect(await engagements(world)).toMatchObject([{ state: "hard", classification: { mapping: "default" } }]);
      expect(await healthOf(world)).toMatchObject({ eligible: false, reason: "mailbox_full" });
      await expectSettled(world);
    }
  });

  it("withdraws what today is no bounce: the address is usable again, and the message is explained as what it is", async () => {
    const world = await start(engine, [sentMessage("offer-1"), mistaken("n")]);
    const told = await newest(world);
    expect((await world.run()).counts).toMatchObject({ retracted: 1, reclassified: 0 });
    expect(await engagements(world)).toMatchObject([
      { state: "retracted", history: [{ state: "hard" }, { state: "retracted", because: "reclassified" }], addressEffect: "none" },
    ]);
    const events = await eventsAfter(world, told);
    expect(events.map(({ type }) => type)).toEqual(["engagement.retracted", "address.eligible"]);
    expect(events[0]?.data).toMatchObject({ engagement: { state: "retracted" }, previous: { state: "hard", reason: "userunknown" } });
    expect(await healthOf(world)).toMatchObject({ eligible: true });
    expect(await notices(world)).toMatchObject([{ state: "no_bounce", kind: "ordinary" }]);
    const [why] = await explainMessageId(askerOf(world), "<n@notices.example>");
    expect(why).toMatchObject({ code: "ordinary", steps: [{ step: "reclassified" }, ...(why?.steps.slice(1) ?? [])] });
    await expectSettled(world);
  });

  it("withdraws only what that notice said: what another says stands", async () => {
    const soft = notice("offer-1", [outcome(jan, { ...wasSoft })], { ref: "other" });
    const world = await start(engine, [sentMessage("offer-1"), mistaken("n"), { ...soft, source: undefined } as SavedMessage]);
    const told = await newest(world);
    expect((await world.run()).counts).toMatchObject({ notices: 2, withoutText: 1, reclassified: 1, retracted: 0 });
    expect(await engagements(world)).toMatchObject([{ state: "soft", reason: "mailboxfull" }]);
    expect((await eventsAfter(world, told)).map(({ type }) => type)).toEqual(["engagement.reclassified", "address.eligible"]);
    await expectSettled(world);
  });

  it("moves a bounce to the recipient it is about", async () => {
    const eva = "eva@customer.example";
    const world = await start(engine, [sentMessage("offer-1", [jan, eva]), kept("n", unknownUser, { address: eva })]);
    const told = await newest(world);
    expect((await world.run()).counts).toMatchObject({ created: 1, retracted: 1 });
    expect((await engagements(world)).map(({ recipient, state }) => [recipient.address, state]).sort()).toEqual([
      [eva, "retracted"],
      [jan, "hard"],
    ]);
    expect((await eventsAfter(world, told)).map(({ type }) => type).sort()).toEqual([
      "address.eligible",
      "address.ineligible",
      "contact.created",
      "engagement.created",
      "engagement.retracted",
    ]);
    expect(await notices(world)).toMatchObject([{ matches: [{ address: jan }] }]);
    await expectSettled(world);
  });

  it("ties a notice whose message is read from it only now", async () => {
    const nothing = { messageId: null, subject: null, from: null, to: [], references: [], date: null, foundIn: null };
    const world = await start(engine, [
      sentMessage("offer-1", [jan]),
      kept("n", unknownUser, { address: "j@x.example" }, { original: nothing }),
    ]);
    await expireWaiting(world.database, world.accountId, savedAt + 72 * hour);
    expect(await notices(world)).toMatchObject([{ state: "unmatched" }]);
    const told = await newest(world);
    expect((await world.run()).counts).toMatchObject({ tied: 1, created: 1 });
    expect(await notices(world)).toMatchObject([{ state: "matched" }]);
    expect((await eventsAfter(world, told)).map(({ type }) => type)).toEqual([
      "contact.created",
      "engagement.created",
      "address.ineligible",
    ]);
    await expectSettled(world);
  });

  it("ties a notice whose message was seen only after the wait, though the notice says the same", async () => {
    const world = await start(engine, [kept("n", unknownUser)]);
    await expireWaiting(world.database, world.accountId, savedAt + 72 * hour);
    // As the release before left it: what was given up waited for nothing any more.
    await world.database.transaction((tx) => tx.deleteFrom("notice_waits").execute());
    await savePage(world.database, page(world.inbox, [sentMessage("offer-1")]));
    expect(await engagements(world)).toEqual([]);
    expect((await world.run()).counts).toMatchObject({ noticesThatDiffer: 0, tied: 1, created: 1 });
    await expectSettled(world);
  });

  it("leaves an untied notice that cannot be tied as it was", async () => {
    const world = await start(engine, [kept("n", unknownUser)]);
    await expireWaiting(world.database, world.accountId, savedAt + 72 * hour);
    await expectSettled(world);
    expect(await notices(world)).toMatchObject([{ state: "not_ours" }]);
  });

  it("keeps what a person dismissed dismissed, and what a person confirmed where they put it", async () => {
    const world = await start(engine, [
      sentMessage("offer-1"),
      sentMessage("offer-2", ["eva@customer.example"]),
      kept("dismissed", unknownUser, wasSoft),
      notice("nobody", [outcome("eva@customer.example")], { ref: "confirmed" }),
    ]);
    const { database, accountId } = world;
    await expireWaiting(database, accountId, savedAt + 72 * hour);
    const byRef = new Map((await notices(world)).map((one) => [one.ref, one.id]));
    const sent = await database.read.selectFrom("sent_messages").select(["id", "message_id"]).execute();
    const sentMessageId = sent.find((row) => row.message_id === "<offer-2@sales.example>")?.id ?? "";
    const said = { by: "Ola", note: "" };
    await database.transaction((tx) => dismissNotice(tx, accountId, byRef.get("dismissed") ?? "", said, savedAt));
    await database.transaction((tx) => confirmNotice(tx, accountId, byRef.get("confirmed") ?? "", { ...said, sentMessageId }, savedAt));
    const told = await newest(world);
    const before = await engagements(world);
    // The second one's text is no notice at all today.
    expect((await world.run()).counts).toMatchObject({ noticesThatDiffer: 2, leftToPeople: 1, reclassified: 0, retracted: 0 });
    expect(await engagements(world)).toEqual(before);
    expect(before.map(({ state }) => state).sort()).toEqual(["hard", "retracted"]);
    expect(await eventsAfter(world, told)).toEqual([]);
    expect((await notices(world)).map(({ state }) => state).sort()).toEqual(["dismissed", "matched"]);
    await expectSettled(world);
  });

  it("is undone by a person: what was withdrawn and is confirmed stands again", async () => {
    const world = await start(engine, [sentMessage("offer-1"), kept("n", unknownUser, wasSoft)]);
    const { database, accountId } = world;
    await world.run();
    const [bounce] = await notices(world);
    const said = { by: "Ola", note: "" };
    await database.transaction((tx) => dismissNotice(tx, accountId, bounce?.id ?? "", said, later));
    expect(await engagements(world)).toMatchObject([{ state: "retracted" }]);
    expect(await healthOf(world)).toMatchObject({ eligible: true });
    const sentMessageId = bounce?.matches[0]?.match?.sentMessageId ?? "";
    await database.transaction((tx) => confirmNotice(tx, accountId, bounce?.id ?? "", { ...said, sentMessageId }, later));
    expect(await engagements(world)).toMatchObject([{ state: "hard", match: { confirmedBy: "Ola" } }]);
    await expectSettled(world);
  });

  it("takes back what only the clock said of a delay that was none", async () => {
    const { report, ...rest } = kept("n", unknownUser, { action: "delayed", type: "pending" }, { kind: "delay" });
    const world = await start(engine, [sentMessage("offer-1"), { ...rest, ...(report && { report }), source: gzipSync(letter) }]);
    expect(await agePending(world.database, world.accountId, savedAt + 80 * hour)).toBe(1);
    expect(await engagements(world)).toMatchObject([{ state: "soft" }]);
    await world.run();
    expect(await engagements(world)).toMatchObject([{ state: "retracted" }]);
    await expectSettled(world);
  });

  it("that is stopped in the middle goes on where it was, and repeats nothing", async () => {
    const about = (n: number) => Buffer.from(Buffer.from(unknownUser).toString().replaceAll("offer-1", `offer-${n}`));
    const messages = [1, 2, 3].flatMap((n) => [sentMessage(`offer-${n}`), kept(`n${n}`, about(n), wasSoft)]);
    const world = await start(engine, messages);
    let transactions = 0;
    const stopped: Database = {
      ...world.database,
      transaction: (fn) => {
        if (++transactions === 3) return Promise.reject(new Error("killed"));
        return world.database.transaction(fn);
      },
    };
    await expect(world.run({ database: stopped })).rejects.toThrow("killed");
    expect((await engagements(world)).filter(({ state }) => state === "hard")).toHaveLength(2);
    expect((await world.run()).counts).toMatchObject({ notices: 3, noticesThatDiffer: 1, reclassified: 1 });
    expect((await engagements(world)).map(({ state, version }) => [state, version])).toEqual([
      ["hard", 2],
      ["hard", 2],
      ["hard", 2],
    ]);
    const types = (await readEvents(world.database.read, world.accountId, 0, 100)).map(({ type }) => type);
    expect(types.filter((type) => type === "engagement.reclassified")).toHaveLength(3);
    await expectSettled(world);
  });

  it("writes nothing in a dry run, and lists the same", async () => {
    const world = await start(engine, [sentMessage("offer-1"), kept("n", mailboxFull, wasHard)]);
    const before = await wholeDatabase(world.database);
    const dry = await world.run({ dryRun: true });
    expect(await wholeDatabase(world.database)).toEqual(before);
    expect((await world.run()).differences).toEqual(dry.differences);
  });

  it("leaves alone what this parser cannot read", async () => {
    const world = await start(engine, [sentMessage("offer-1"), { ...kept("n", unknownUser), source: gzipSync(Buffer.alloc(0)) }]);
    expect((await world.run()).counts).toMatchObject({ notices: 1, unreadable: 1, noticesThatDiffer: 0 });
    expect(await engagements(world)).toMatchObject([{ state: "hard", version: 1 }]);
    await expectSettled(world);
  });
});

const suspectHeaders = new Map([["from", ["Mail Delivery System <MAILER-DAEMON@mx.example>"]]]);
const judged = (headers: Map<string, string[]>) => triage({ ...envelope("x"), headers }, { ownAddresses: new Set(), sentById: () => null });

onBothEngines("messages that were not opened and are suspects today", (engine) => {
  /** A notice that an older triage let pass, in a mailbox that has been read. */
  const passed = async () => {
    const sent = { ref: "sent", role: "sent" as const, receivedAt: worldNow - 2 * hour, raw: letterSent };
    const missed = { ref: "missed", role: "inbox" as const, receivedAt: worldNow - hour, raw: unknownUser };
    const world = await makeWorld(await openNew(engine), { messages: [sent, missed] }, () => later);
    const { database, accountId, inbox } = world;
    const { facts } = judged(suspectHeaders);
    const claim = { accountId, inboxId: inbox.id, fence: 0 };
    const { fence } = await database.read.selectFrom("inboxes").select("fence").where("id", "=", inbox.id).executeTakeFirstOrThrow();
    await savePage(database, {
      ...page({ ...claim, fence }, [{ envelope: envelope("missed"), verdict: "other", facts }]),
    });
    return { ...world, run: () => rerun(database, accountId) };
  };
  const letterSent = Buffer.from(
    "From: sales@sales.example\r\nTo: jan@customer.example\r\nSubject: Offer\r\nDate: Wed, 25 Nov 2026 15:00:00 +0000\r\nMessage-ID: <offer-1@sales.example>\r\n\r\nHello\r\n",
  );

  it("are owed, and opened in the next turn of their inbox", async () => {
    const world = await passed();
    expect((await world.run()).counts).toMatchObject({ messages: 1, messagesThatDiffer: 1, owed: 1, outOfReach: 0 });
    expect((await world.seen()).owed).toBe(1);
    const before = await wholeDatabase(world.database);
    expect((await world.run()).counts).toMatchObject({ messagesThatDiffer: 0, owed: 0 });
    expect(await wholeDatabase(world.database)).toEqual(before);
    expect(await world.turn()).toEqual({ kind: "done" });
    expect(await world.seen()).toMatchObject({
      bounces: ["hard jan@customer.example <offer-1@sales.example> v1 hard"],
      notices: ["matched missed"],
      owed: 0,
    });
    const [why] = await explainMessageId(askerOf(world), "<missed@notices.example>");
    expect(why?.steps[0]).toMatchObject({ step: "reclassified", because: expect.stringContaining("newer rules") });
  });

  it("are only counted where their inbox is disconnected", async () => {
    const world = await passed();
    await world.database.transaction((tx) =>
      changeState(tx, world.accountId, world.inbox.id, { state: "disconnected", nextPollAt: null }, later),
    );
    expect((await world.run()).counts).toMatchObject({ messagesThatDiffer: 1, owed: 0, outOfReach: 1 });
    expect((await world.seen()).owed).toBe(0);
  });
});

describe("right after a first sync", () => {
  it("nothing differs: what is kept of a notice reads as the whole did, or is not kept", async () => {
    const labs = join(import.meta.dirname, "../fixtures/lab-mails/mails");
    const files = readdirSync(labs, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".eml"));
    const inner = reportText({ status: failedStatus() });
    const forwarded = textNotice({
      fields: "Return-Path: <>\nContent-Type: text/plain\n",
      body: `We could not forward this notice.\n\n--------\n${inner}`,
    });
    const messages = files.map((file) => ({
      ref: file,
      role: "inbox" as const,
      receivedAt: worldNow,
      raw: readFileSync(join(labs, file)),
    }));
    const nested = { ref: "nested", role: "inbox" as const, receivedAt: worldNow, raw: forwarded };
    const { database, accountId, turn } = await makeWorld(await openNew("sqlite"), { messages: [...messages, nested], pageSize: 50 });
    await turn();
    const { counts, differences } = await rerun(database, accountId, { dryRun: true });
    expect(differences).toEqual([]);
    expect(counts.notices).toBeGreaterThan(100);
    expect(counts).toMatchObject({ withoutText: 1, unreadable: 0 });
  });
});

describe("what reclassify says", () => {
  it("tells each difference in lines, with both parsers, and what was done in the last", async () => {
    const world = await start("sqlite", [
      sentMessage("offer-1"),
      kept("changed", unknownUser, { category: "policy", reason: "filtered" }),
      { envelope: envelope("same-facts"), verdict: "other", facts: judged(new Map()).facts },
      { envelope: envelope("missed"), verdict: "other", facts: judged(suspectHeaders).facts },
      { envelope: envelope("old-facts"), verdict: "other", facts: { from: "machine" } },
    ]);
    const dry = await world.run({ dryRun: true });
    const lines = dry.differences.flatMap(differenceLines);
    expect(lines[0]).toMatch(new RegExp(`^ntc_\\w+ in ${world.inbox.inboxId}, parser 0.0.1 → ${parserVersion}$`));
    expect(lines.slice(1)).toEqual([
      `  ${jan}: category policy → unknown_user`,
      `  ${jan}: reason filtered → userunknown`,
      `message missed in ${world.inbox.inboxId}`,
      "  verdict other → suspect",
    ]);
    const judgedLine = "1 notices judged again (0 without text), 1 differ; 3 messages by their header facts, 1 differ.";
    expect(countsLine(dry.counts, true)).toBe(`${judgedLine} Nothing was written.`);
    expect(countsLine((await world.run()).counts, false)).toBe(
      `${judgedLine} Bounces: 1 reclassified, 0 retracted, 0 found only now, 0 with other details. Notices: 0 tied only now. Messages: 1 will be opened when their inbox is polled next.`,
    );
  });
});
