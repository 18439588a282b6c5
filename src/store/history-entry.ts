import { addressKey } from "../bounces/keys.ts";
import type { Match } from "../bounces/match.ts";
import type { RecipientOutcome } from "../bounces/report.ts";
import type { HistoryEntry } from "../timeline/fold.ts";
import type { Notice } from "./notices.ts";

/**
 * The entry that one outcome of a notice adds to its engagement's history, or null when it adds none. `first` is false for a
 * further outcome of the same notice at the same engagement.
 */
export const historyEntry = (notice: Notice, outcome: RecipientOutcome, match: Match, first: boolean, now: number): HistoryEntry | null => {
  const what = stateOf(outcome);
  if (what === null) return null;
  return {
    fingerprint: first ? notice.fingerprint : `${notice.fingerprint}/${addressKey(outcome.address)}`,
    ...what,
    occurredAt: notice.receivedAt,
    at: now,
    noticeId: notice.id,
    backfill: notice.backfill,
    facts: {
      category: outcome.category,
      reason: outcome.reason,
      reportedAddress: outcome.address,
      relation: match.relation,
      server: {
        status: outcome.status,
        smtpCode: outcome.smtpCode,
        diagnostic: outcome.diagnostic,
        reportingMta: notice.report.reportingMta,
        remoteMta: outcome.remoteMta,
        language: notice.report.language,
      },
      match: { rule: match.rule, confidence: match.confidence, confirmedBy: match.confirmedBy, trusted: match.trusted },
      classification: { rule: outcome.rule, parserVersion: notice.report.parserVersion, mapping: notice.mapping ?? "default" },
      notice: { inboxId: notice.inboxId, folder: notice.folder, format: notice.format, receivedAt: notice.receivedAt },
      willRetryUntil: outcome.willRetryUntil,
    },
  };
};

const stateOf = ({ action, type }: RecipientOutcome): Pick<HistoryEntry, "state" | "because"> | null => {
  if (action === "delivered") return { state: "delivered", because: "delivery_receipt" };
  if (type === "pending") return { state: "pending", because: "delay_notice" };
  return type === "none" ? null : { state: type, because: "failure_notice" };
};

/** The entry by which a notice says nothing of an engagement any more. */
export const withdrawal = (notice: Notice, because: "reclassified" | "dismissed", now: number): HistoryEntry => ({
  fingerprint: `${because}/${notice.id}`,
  state: "retracted",
  because,
  occurredAt: now,
  at: now,
  noticeId: notice.id,
  backfill: because === "reclassified" && notice.backfill,
  facts: null,
});
