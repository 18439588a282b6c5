/**
 * Ties a report to the sent messages it may be about. Pure: the store reads the candidates inside its transaction and asks here.
 * Rules 1 and 2 of the design; a rule by id still needs the failed recipient to be one the message went to.
 */
import { addressKey, idKey } from "./keys.ts";
import type { RecipientOutcome, Report } from "./report.ts";

export type MatchRule = "embedded_message_id" | "in_reply_to" | "references";

/** An id that a notice names, as idKey, with the rule it would match by. */
export type NamedId = {
  id: string;
  via: MatchRule;
  /**
   * True for all but the newest of several References: those can be earlier messages of the same thread, so they count only
   * when the wait for the message itself is over.
   */
  ancestor: boolean;
};

export type SentRecipient = { addressKey: string; address: string; role: "to" | "cc" | "bcc" };

/** A sent message of the account that is known by one of the named ids. */
export type Candidate = { sentMessageId: string; idKeys: readonly string[]; recipients: readonly SentRecipient[] };

/** How the failed address relates to the one that was written to. */
export type Relation = "same" | "alias" | "forward";

export type Match = {
  sentMessageId: string;
  recipient: SentRecipient;
  relation: Relation;
  rule: MatchRule;
  confidence: "certain" | "likely";
};

/** What matching found for one recipient of a report. `match` is null where nothing may be logged; `because` says why. */
export type RecipientMatch = {
  outcome: RecipientOutcome;
  match: Match | null;
  /** The message whose id was named although the recipient is none of its recipients: for a person to decide. */
  suggestion: { sentMessageId: string; rule: MatchRule } | null;
  because: string;
};

/** The ids a notice names, in the order in which they are believed. */
export const idsNamed = (report: Report): NamedId[] => {
  const named: NamedId[] = [];
  const add = (messageId: string | null, via: MatchRule, ancestor: boolean): void => {
    const id = idKey(messageId);
    if (id !== "" && id !== idKey(report.notice.messageId) && !named.some((n) => n.id === id)) named.push({ id, via, ancestor });
  };
  add(report.original.messageId, "embedded_message_id", false);
  // The notice's In-Reply-To comes first in the list, its References follow from the newest to the oldest. What the original
  // itself refers to is older than the original.
  const older = new Set(report.original.references.map(idKey));
  report.inReplyTo.forEach((messageId, i) => {
    add(messageId, i === 0 ? "in_reply_to" : "references", i > 0 || older.has(idKey(messageId)));
  });
  return named;
};

/**
 * One answer for each recipient that failed, is delayed or was delivered. `waitingIsOver` lets ancestors count: the message
 * itself will not come any more.
 */
export const matchReport = (
  report: Report,
  candidates: readonly Candidate[],
  options: { waitingIsOver: boolean } = { waitingIsOver: false },
): RecipientMatch[] => {
  const named = idsNamed(report).filter((n) => options.waitingIsOver || !n.ancestor);
  return report.recipients
    .filter((outcome) => outcome.action !== "relayed" && outcome.action !== "expanded")
    .map((outcome) => matchRecipient(outcome, named, candidates));
};

const matchRecipient = (outcome: RecipientOutcome, named: readonly NamedId[], candidates: readonly Candidate[]): RecipientMatch => {
  let suggestion: RecipientMatch["suggestion"] = null;
  for (const { id, via, ancestor } of named) {
    for (const candidate of candidates) {
      if (!candidate.idKeys.includes(id)) continue;
      const found = findRecipient(outcome, candidate.recipients);
      if (found === null) {
        suggestion ??= { sentMessageId: candidate.sentMessageId, rule: via };
        continue;
      }
      const confidence = found.relation === "forward" || ancestor ? "likely" : "certain";
      const match = { sentMessageId: candidate.sentMessageId, ...found, rule: via, confidence } as const;
      return { outcome, match, suggestion: null, because: explain(outcome, match) };
    }
  }
  return { outcome, match: null, suggestion, because: explainMiss(outcome, named, suggestion) };
};

/** The recipient of the sent message that this outcome is about, or null when it is none of them. */
const findRecipient = (
  outcome: RecipientOutcome,
  recipients: readonly SentRecipient[],
): { recipient: SentRecipient; relation: Relation } | null => {
  const byKey = (address: string | null): SentRecipient | undefined =>
    address === null ? undefined : recipients.find((r) => r.addressKey === addressKey(address));
  const same = byKey(outcome.address);
  if (same) return { recipient: same, relation: "same" };
  const alias = byKey(outcome.originalAddress);
  if (alias) return { recipient: alias, relation: "alias" };
  const [only] = recipients;
  if (only && recipients.length === 1) return { recipient: only, relation: "forward" };
  return null;
};

const ruleWords: Record<MatchRule, string> = {
  embedded_message_id: "the Message-ID in the returned mail",
  in_reply_to: "In-Reply-To",
  references: "References",
};

const explain = (outcome: RecipientOutcome, match: Match): string => {
  const by = `Tied by ${ruleWords[match.rule]}`;
  if (match.relation === "same") return `${by}; ${match.recipient.address} is one of its recipients.`;
  const how = match.relation === "alias" ? "the notice says it stands for" : "the message had no other recipient than";
  return `${by}; ${outcome.address} was not written to, but ${how} ${match.recipient.address}.`;
};

const explainMiss = (outcome: RecipientOutcome, named: readonly NamedId[], suggestion: RecipientMatch["suggestion"]): string => {
  if (suggestion) return `The message was found by ${ruleWords[suggestion.rule]}, but ${outcome.address} was not among its recipients.`;
  if (named.length === 0) return "The notice names no message.";
  return `No sent message of this account is known by ${named.map((n) => `<${n.id}>`).join(" or ")}.`;
};
