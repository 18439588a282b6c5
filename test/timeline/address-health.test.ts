import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AddressEvent, addressEffect, foldAddress } from "../../src/timeline/address-health.ts";
import { type Facts, fold, type HistoryEntry } from "../../src/timeline/fold.ts";

const hard = (at: number, engagementId = "eng_1"): AddressEvent => ({
  kind: "hard",
  at,
  engagementId,
  category: "unknown_user",
  reason: "userunknown",
});

describe("the health of an address", () => {
  it("is good while nothing happened", () => {
    expect(foldAddress([])).toEqual({
      eligible: true,
      reason: null,
      since: null,
      engagementId: null,
      lastSignOfLife: null,
      unbounced: null,
    });
  });

  it("ends with a hard bounce, and says since when and why", () => {
    expect(foldAddress([hard(5)])).toMatchObject({ eligible: false, reason: "unknown_user", since: 5, engagementId: "eng_1" });
  });

  it("is good again after an unbounce, with who and why, until the next hard bounce", () => {
    const unbounced: AddressEvent = { kind: "unbounced", at: 7, by: "Ola", note: "called him" };
    expect(foldAddress([hard(5), unbounced])).toMatchObject({ eligible: true, reason: null, unbounced: { by: "Ola", note: "called him" } });
    expect(foldAddress([hard(5), unbounced, hard(9, "eng_2")])).toMatchObject({ eligible: false, engagementId: "eng_2" });
  });

  it("is good again when a person writes from there, but not when the letter is older than the bounce", () => {
    expect(foldAddress([hard(5), { kind: "alive", at: 6 }])).toMatchObject({ eligible: true, lastSignOfLife: 6 });
    expect(foldAddress([hard(5), { kind: "alive", at: 4 }])).toMatchObject({ eligible: false, lastSignOfLife: 4 });
  });

  it("loses a bounce that was withdrawn, and keeps another", () => {
    expect(foldAddress([hard(5), { kind: "withdrawn", at: 6, engagementId: "eng_1" }]).eligible).toBe(true);
    expect(foldAddress([hard(5), hard(5, "eng_2"), { kind: "withdrawn", at: 6, engagementId: "eng_1" }])).toMatchObject({
      eligible: false,
      engagementId: "eng_2",
    });
  });

  it("follows an engagement's newest word: another reason, withdrawn, or said again of the same moment", () => {
    const first = { ...hard(5), version: 1 } as AddressEvent;
    const otherReason: AddressEvent = { kind: "hard", at: 5, engagementId: "eng_1", category: "policy", reason: "rejected", version: 2 };
    const withdrawn: AddressEvent = { kind: "withdrawn", at: 90, engagementId: "eng_1", version: 3 };
    const again = { ...hard(5), version: 4 } as AddressEvent;
    expect(foldAddress([otherReason, first])).toMatchObject({ eligible: false, reason: "policy" });
    expect(foldAddress([first, withdrawn, otherReason]).eligible).toBe(true);
    expect(foldAddress([again, first, withdrawn])).toMatchObject({ eligible: false, reason: "unknown_user", since: 5 });
    expect(foldAddress([hard(5), { ...withdrawn, at: 1 }]).eligible).toBe(true);
  });

  it("does not depend on the order in which things were learned", () => {
    const event = fc.oneof(
      fc.record({
        kind: fc.constant("hard" as const),
        at: fc.nat(9),
        engagementId: fc.constantFrom("a", "b"),
        category: fc.constant(null),
        reason: fc.constant(null),
        version: fc.nat(3),
      }),
      fc.record({
        kind: fc.constant("withdrawn" as const),
        at: fc.nat(9),
        engagementId: fc.constantFrom("a", "b"),
        version: fc.nat(3),
      }),
      fc.record({ kind: fc.constant("alive" as const), at: fc.nat(9) }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 6 }), (events) => {
        expect(foldAddress(events.toReversed()).eligible).toBe(foldAddress(events).eligible);
      }),
    );
  });
});

const entry = (noticeId: string, match: Partial<Facts["match"]>, relation: Facts["relation"] = "same"): HistoryEntry => ({
  fingerprint: noticeId,
  state: "hard",
  because: "failure_notice",
  occurredAt: 1,
  at: 1,
  noticeId,
  backfill: false,
  facts: { relation, match: { rule: "embedded_message_id", confidence: "certain", confirmedBy: null, ...match } } as Facts,
});

describe("what a bounce does to its address", () => {
  it.each([
    ["a believed one", [entry("n1", {})], "made_ineligible"],
    ["one that could be forged", [entry("n1", { trusted: false })], "none"],
    ["one that could be forged, confirmed by a person", [entry("n1", { trusted: false, confirmedBy: "Ola" })], "made_ineligible"],
    ["one that two notices tell of", [entry("n1", { trusted: false }), entry("n2", { trusted: false })], "made_ineligible"],
    ["one behind an alias", [entry("n1", {}, "alias")], "none"],
  ] as const)("%s", (_name, history, effect) => {
    expect(addressEffect(fold(history, 0))).toBe(effect);
  });
});
