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
    const entries = fc.uniqueArray(
      fc.record({
        state: fc.constantFrom<State[]>("pending", "soft", "hard", "delivered", "retracted"),
        hours: fc.integer({ min: 0, max: 5 }),
        id: fc.integer({ min: 0, max: 99 }),
      }),
      { minLength: 1, maxLength: 7, selector: (e) => e.id },
    );
    fc.assert(
      fc.property(entries, fc.infiniteStream(fc.integer()), (list, random) => {
        const history = list.map((e) => entry(e.state, e.hours, { fingerprint: `f${e.id}` }));
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

  it("needs at least one entry", () => {
    expect(() => fold([], sentAt)).toThrow(RangeError);
  });
});
