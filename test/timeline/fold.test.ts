import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Because, type Facts, fold, type HistoryEntry, type State } from "../../src/timeline/fold.ts";

const hour = 3_600_000;
const sentAt = Date.UTC(2026, 10, 25, 8);

const facts = (reason: string, more: Partial<Facts> = {}): Facts => ({
  category: "unknown_user",
  reason,
  reportedAddress: "jan@customer.example",
  relation: "same",
  server: { status: "5.1.1", smtpCode: 550, diagnostic: "550 5.1.1 User unknown", reportingMta: null, remoteMta: null, language: null },
  match: { rule: "embedded_message_id", confidence: "certain", confirmedBy: null },
  classification: { rule: "status-5.1.1", parserVersion: "1", mapping: "default" },
  notice: { inboxId: "inb_1", folder: "INBOX", format: "postfix", receivedAt: sentAt },
  willRetryUntil: null,
  ...more,
});

const entry = (state: State, afterHours: number, more: Partial<HistoryEntry> = {}): HistoryEntry => ({
  fingerprint: `${state}-${afterHours}`,
  state,
  because:
    ({ pending: "delay_notice", delivered: "delivery_receipt", retracted: "dismissed" } as Partial<Record<State, Because>>)[state] ??
    "failure_notice",
  occurredAt: sentAt + afterHours * hour,
  at: sentAt + afterHours * hour + 3000,
  noticeId: `ntc_${state}_${afterHours}`,
  backfill: false,
  facts: facts("userunknown"),
  ...more,
});

const stateOf = (...entries: HistoryEntry[]): State => fold(entries, sentAt).state;

/** What the same notice says when it is judged again. */
const again = (state: State, notice: HistoryEntry, reading: number, more: Partial<HistoryEntry> = {}): HistoryEntry => ({
  ...notice,
  state,
  because: "reclassified",
  fingerprint: `${notice.fingerprint}#${reading}`,
  reading,
  at: sentAt + (500 + reading) * hour,
  ...(state === "retracted" && { facts: null, occurredAt: sentAt + (500 + reading) * hour }),
  ...more,
});

/** Histories of a few notices, each with a few readings, and of what no notice said. */
const histories = fc
  .uniqueArray(
    fc.record({
      state: fc.constantFrom<State[]>("pending", "soft", "hard", "delivered", "retracted"),
      hours: fc.integer({ min: 0, max: 5 }),
      id: fc.integer({ min: 0, max: 99 }),
      notice: fc.constantFrom("ntc_a", "ntc_b", null),
      reading: fc.integer({ min: 0, max: 3 }),
      reason: fc.constantFrom("userunknown", "undefined", null),
    }),
    { minLength: 1, maxLength: 9, selector: (e) => e.id },
  )
  .map((list) =>
    list.map(({ state, hours, id, notice, reading, reason }) =>
      entry(state, hours, {
        fingerprint: `f${id}`,
        noticeId: notice,
        facts: reason && facts(reason),
        ...(notice && reading > 0 && { reading, because: "reclassified" }),
      }),
    ),
  );

describe("the state of an engagement", () => {
  it("is pending after a delay, soft by itself 72 hours after sending", () => {
    const folded = fold([entry("pending", 4)], sentAt);
    expect([folded.state, folded.pendingUntil]).toEqual(["pending", sentAt + 72 * hour]);
  });

  it("waits for Will-Retry-Until where that is later, and repeated warnings do not restart the clock", () => {
    const until = sentAt + 120 * hour;
    expect(fold([entry("pending", 4), entry("pending", 40)], sentAt).pendingUntil).toBe(sentAt + 72 * hour);
    expect(
      fold([entry("pending", 4, { facts: facts("expired", { willRetryUntil: until }) }), entry("pending", 40)], sentAt).pendingUntil,
    ).toBe(until);
  });

  it("goes from pending to hard, and has no clock any more", () => {
    const folded = fold([entry("pending", 1), entry("hard", 4)], sentAt);
    expect([folded.state, folded.pendingUntil, folded.noticeId]).toEqual(["hard", null, "ntc_hard_4"]);
    expect(folded.history.map((h) => h.state)).toEqual(["pending", "hard"]);
  });

  it("stays hard whatever comes later, unless it is withdrawn", () => {
    expect(stateOf(entry("hard", 4), entry("soft", 5), entry("pending", 6), entry("delivered", 7))).toBe("hard");
    expect(stateOf(entry("hard", 4), entry("retracted", 8))).toBe("retracted");
  });

  it("can bounce again after it was withdrawn", () => {
    expect(stateOf(entry("hard", 4), entry("retracted", 8), entry("soft", 9))).toBe("soft");
  });

  it("is delivered when a receipt follows a delay, also after the clock called it soft", () => {
    const aged = entry("soft", 72, { because: "aged_72h", noticeId: null, facts: null });
    expect(stateOf(entry("pending", 1), entry("delivered", 3))).toBe("delivered");
    expect(stateOf(entry("pending", 1), aged, entry("delivered", 80))).toBe("delivered");
    expect(stateOf(entry("pending", 1), aged)).toBe("soft");
    expect(stateOf(entry("pending", 1), aged, entry("hard", 100))).toBe("hard");
  });

  it("stays soft when the server itself gave up, though a late warning or receipt arrives", () => {
    expect(stateOf(entry("soft", 5), entry("pending", 6), entry("delivered", 7))).toBe("soft");
  });

  it("keeps what the delay said when only the clock made it soft", () => {
    const folded = fold(
      [entry("pending", 1, { facts: facts("greylisting") }), entry("soft", 72, { because: "aged_72h", facts: null })],
      sentAt,
    );
    expect(folded.reason).toBe("greylisting");
  });

  it("takes the notice that gives a reason over one that gives none", () => {
    const folded = fold(
      [
        entry("soft", 4, { facts: facts("undefined") }),
        entry("soft", 5, { facts: facts("mailboxfull") }),
        entry("soft", 6, { facts: facts("undefined") }),
      ],
      sentAt,
    );
    expect(folded.reason).toBe("mailboxfull");
  });

  it("does not depend on the order in which its history was learned", () => {
    fc.assert(
      fc.property(histories, fc.infiniteStream(fc.integer()), (history, random) => {
        const shuffled = history
          .map((e) => ({ e, by: random.next().value as number }))
          .toSorted((a, b) => a.by - b.by)
          .map(({ e }) => e);
        expect(fold(shuffled, sentAt)).toEqual(fold(history, sentAt));
      }),
    );
  });

  it("tells a delay before the failure of the same second", () => {
    const folded = fold([entry("hard", 1, { fingerprint: "a" }), entry("pending", 1, { fingerprint: "b" })], sentAt);
    expect(folded.history.map((h) => h.state)).toEqual(["pending", "hard"]);
  });

  it("follows the newest reading of a notice, harder or softer, and keeps the older ones in its history", () => {
    const first = entry("hard", 4);
    const softer = again("soft", first, 1, { facts: facts("mailboxfull", { category: "mailbox_full" }) });
    const folded = fold([softer, first], sentAt);
    expect([folded.state, folded.category, folded.reason]).toEqual(["soft", "mailbox_full", "mailboxfull"]);
    expect(folded.history.map((h) => [h.state, h.because])).toEqual([
      ["hard", "failure_notice"],
      ["soft", "reclassified"],
    ]);
    expect(fold([first, softer, again("hard", first, 2)], sentAt)).toMatchObject({ state: "hard", reason: "userunknown" });
  });

  it("counts a later reading that was made in the same moment, or before by a wrong clock", () => {
    const first = entry("hard", 4);
    expect(stateOf(first, again("soft", first, 1, { at: first.at }), again("hard", first, 2, { at: first.at - hour }))).toBe("hard");
  });

  it("keeps what another notice said when one is judged again or withdrawn", () => {
    const [one, other] = [entry("hard", 4), entry("soft", 5)];
    expect(stateOf(one, other, again("retracted", one, 1))).toBe("soft");
    expect(stateOf(one, other, again("retracted", other, 1))).toBe("hard");
    expect(fold([one, again("retracted", one, 1)], sentAt)).toMatchObject({ state: "retracted", reason: "userunknown", trusted: false });
  });

  it("stands again when a withdrawn notice speaks again", () => {
    const first = entry("hard", 4);
    expect(stateOf(first, again("retracted", first, 1), again("soft", first, 2))).toBe("soft");
  });

  it("is withdrawn where only the clock or a sign of life is left", () => {
    const delay = entry("pending", 1);
    const aged = entry("soft", 72, { because: "aged_72h", noticeId: null, facts: null });
    const reply = entry("delivered", 80, { because: "reply", noticeId: null, facts: null });
    expect(stateOf(delay, aged, again("retracted", delay, 1))).toBe("retracted");
    expect(stateOf(delay, aged, reply, again("retracted", delay, 1))).toBe("retracted");
    expect(stateOf(delay, aged, again("pending", delay, 1))).toBe("soft");
  });

  it("is believed by the newest reading alone, and one notice read twice is no second one", () => {
    const forged = { match: { rule: "recipient_subject", confidence: "likely", confirmedBy: null, trusted: false } } as const;
    const first = entry("hard", 4, { facts: facts("userunknown", forged) });
    expect(fold([first, again("hard", first, 1)], sentAt).trusted).toBe(false);
    expect(fold([first, again("hard", first, 1, { facts: facts("userunknown") })], sentAt).trusted).toBe(true);
  });

  it("never rests on what an older reading said", () => {
    fc.assert(
      fc.property(histories, (history) => {
        const newest = history.filter(
          (e) => e.noticeId === null || !history.some((o) => o.noticeId === e.noticeId && (o.reading ?? 0) > (e.reading ?? 0)),
        );
        const { history: _all, facts: _facts, category: _category, reason: _reason, ...state } = fold(history, sentAt);
        expect(fold(newest, sentAt)).toMatchObject(state);
      }),
    );
  });

  it("needs at least one entry", () => {
    expect(() => fold([], sentAt)).toThrow(RangeError);
  });
});
