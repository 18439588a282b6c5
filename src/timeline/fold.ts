/**
 * The state of an engagement is the fold of its history. The history is append-only and may arrive in any order (a first sync
 * reads backwards, two inboxes race), so the fold depends only on the set of entries.
 */

import type { MatchRule, Relation } from "../bounces/match.ts";
import type { Category } from "../bounces/report.ts";

export type State = "pending" | "soft" | "hard" | "delivered" | "retracted";

export type Because = "delay_notice" | "failure_notice" | "aged_72h" | "reply" | "delivery_receipt" | "reclassified" | "dismissed";

/** What a notice said, as the timeline shows it. */
export type Facts = {
  category: Category | null;
  reason: string | null;
  reportedAddress: string;
  relation: Relation;
  server: {
    status: string | null;
    smtpCode: number | null;
    diagnostic: string | null;
    reportingMta: string | null;
    remoteMta: string | null;
    language: string | null;
  };
  match: {
    rule: MatchRule;
    confidence: "certain" | "likely";
    confirmedBy: string | null;
    /** False where somebody who knows the message could have written the notice. Left out: true. */
    trusted?: boolean;
  };
  classification: { rule: string; parserVersion: string; mapping: string };
  notice: { inboxId: string; folder: string; format: string; receivedAt: number };
  /** Epoch milliseconds. */
  willRetryUntil: number | null;
};

export type HistoryEntry = {
  /** The notice's fingerprint, or a name of its own for entries without a notice: unique in an engagement. */
  fingerprint: string;
  state: State;
  because: Because;
  /** When it happened (a notice's arrival), epoch milliseconds. */
  occurredAt: number;
  /** When we learned of it, epoch milliseconds. */
  at: number;
  noticeId: string | null;
  /** Which reading of its notice it is from, counted at the engagement: the newest one counts. Left out: the first, 0. */
  reading?: number;
  /** Found by a first sync. */
  backfill: boolean;
  facts: Facts | null;
};

export type Folded = {
  state: State;
  category: Category | null;
  reason: string | null;
  /** While pending: when it becomes soft by itself, epoch milliseconds. */
  pendingUntil: number | null;
  occurredAt: number;
  detectedAt: number;
  backfill: boolean;
  /** The notice the state rests on. */
  noticeId: string | null;
  facts: Facts | null;
  /** A permanent failure that is believed: told by a trusted match, confirmed by a person, or told by two notices. */
  trusted: boolean;
  /** In the order in which things happened; what was judged again stands where it was judged again. */
  history: { state: State; at: number; noticeId: string | null; because: Because }[];
};

/** A delay becomes a soft bounce after this long without news. */
export const pendingMs = 72 * 3_600_000;

/** Of each notice what its newest reading says, and what no notice says. What older readings said is history. */
export const newestReadings = (entries: readonly HistoryEntry[]): HistoryEntry[] => {
  const newest = new Map<string, number>();
  for (const { noticeId, reading = 0 } of entries) {
    if (noticeId !== null) newest.set(noticeId, Math.max(newest.get(noticeId) ?? 0, reading));
  }
  return entries.filter(({ noticeId, reading = 0 }) => noticeId === null || reading === newest.get(noticeId));
};

/**
 * Folds a history of at least one entry. `sentAt` starts the clock of a pending bounce; warnings that are repeated do not
 * restart it, a later Will-Retry-Until (RFC 3464, section 2.3.9) prolongs it.
 */
export const fold = (entries: readonly HistoryEntry[], sentAt: number, pendingFor: number = pendingMs): Folded => {
  const ordered = entries.toSorted(inOrder);
  const current = newestReadings(ordered);
  const standing = whatStands(current);
  const decisive = standing.length === 0 ? current.findLast((e) => e.state === "retracted") : decide(standing);
  if (!decisive) throw new RangeError("fold: an engagement has at least one entry");
  const newestFacts = (some: readonly HistoryEntry[]) => some.findLast((e) => e.facts !== null)?.facts;
  const facts = decisive.facts ?? newestFacts(standing) ?? newestFacts(ordered) ?? null;
  return {
    state: decisive.state,
    category: facts?.category ?? null,
    reason: facts?.reason ?? null,
    pendingUntil: decisive.state === "pending" ? pendingUntil(standing, sentAt, pendingFor) : null,
    occurredAt: decisive.occurredAt,
    detectedAt: decisive.at,
    backfill: decisive.backfill,
    noticeId: decisive.noticeId,
    facts,
    trusted: isTrusted(standing),
    history: entries.toSorted(asTold).map(({ state, at, noticeId, because }) => ({ state, at, noticeId, because })),
  };
};

/**
 * What was not withdrawn. A later reading withdraws what its notice said and nothing else; a dismissal without a reading, as
 * releases before there were readings wrote it, withdraws all that came before it. Where no bounce is left, neither the clock nor
 * a sign of life says anything.
 */
const whatStands = (current: readonly HistoryEntry[]): HistoryEntry[] => {
  const withdrawals = current.filter((e) => e.state === "retracted");
  const ofAll = current.findLastIndex((e) => e.state === "retracted" && (e.reading ?? 0) === 0);
  const left = current.slice(ofAll + 1).filter((e) => e.state !== "retracted");
  const bounced = left.some((e) => e.state !== "delivered" && e.because !== "aged_72h");
  return withdrawals.length > 0 && !bounced ? [] : left;
};

const isTrusted = (standing: readonly HistoryEntry[]): boolean => {
  const failures = standing.filter(({ state }) => state === "hard");
  const believed = failures.some(({ facts }) => facts?.match.trusted !== false || facts.match.confirmedBy !== null);
  return believed || new Set(failures.map(({ noticeId }) => noticeId)).size > 1;
};

/** A delay and the failure that follows can carry the same second; then this is the order of things. */
const course: Record<State, number> = { pending: 0, soft: 1, hard: 2, delivered: 3, retracted: 4 };

const inOrder = (a: HistoryEntry, b: HistoryEntry): number =>
  a.occurredAt - b.occurredAt ||
  (a.reading ?? 0) - (b.reading ?? 0) ||
  course[a.state] - course[b.state] ||
  (a.fingerprint < b.fingerprint ? -1 : a.fingerprint > b.fingerprint ? 1 : 0);

/** A later reading is told when it was made, what it is about happened before. */
const asTold = (a: HistoryEntry, b: HistoryEntry): number => toldAt(a) - toldAt(b) || inOrder(a, b);

const toldAt = ({ reading, at, occurredAt }: HistoryEntry): number => (reading ? at : occurredAt);

/**
 * A permanent failure stays; a temporary one that a server reported is final for this message; then a sign of life; then what
 * the clock says; then the delay. Entries are in order of time.
 */
const decide = (entries: readonly HistoryEntry[]): HistoryEntry | undefined => {
  const of = (state: State, byClock: boolean): HistoryEntry[] =>
    entries.filter((e) => e.state === state && (e.because === "aged_72h") === byClock);
  return (
    mostTelling(of("hard", false)) ??
    mostTelling(of("soft", false).toReversed()) ??
    of("delivered", false).at(0) ??
    of("soft", true).at(0) ??
    mostTelling(of("pending", false).toReversed())
  );
};

/** The first entry that gives a reason, else the first. */
const mostTelling = (entries: readonly HistoryEntry[]): HistoryEntry | undefined =>
  entries.find((e) => e.facts?.reason != null && e.facts.reason !== "undefined") ?? entries[0];

const pendingUntil = (entries: readonly HistoryEntry[], sentAt: number, pendingFor: number): number =>
  Math.max(sentAt + pendingFor, ...entries.map((e) => e.facts?.willRetryUntil ?? 0));
