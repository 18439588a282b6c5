/**
 * Ties a report to the sent messages it may be about. Pure: the store reads the candidates inside its transaction and asks here.
 * By an id first (rules 1 and 2); where the notice names none, or what it names does not come, by the provider's conversation
 * (3), then by recipient, subject and sender (4); recipient and time alone (5) are never more than a suggestion.
 */
import { bareSubject } from "./bare-subject.ts";
import { addressKey, idKey } from "./keys.ts";
import type { RecipientOutcome, Report } from "./report.ts";

/** `confirmed`: a person said so. */
export type MatchRule = "embedded_message_id" | "in_reply_to" | "references" | "thread" | "recipient_subject" | "confirmed";

/** Why a message is only suggested: its recipient does not fit, several fit equally, or only recipient and time fit. */
type SuggestionRule = MatchRule | "recipient_time";

/** An id that a notice names, as idKey, with the rule it would match by. */
type NamedId = {
  id: string;
  via: "embedded_message_id" | "in_reply_to" | "references";
  /**
   * True for all but the newest of several References: those can be earlier messages of the same thread, so they count only
   * when the wait for the message itself is over.
   */
  ancestor: boolean;
};

export type SentRecipient = { addressKey: string; address: string; role: "to" | "cc" | "bcc" };

/** A sent message of the account that is known by one of the named ids, or went to one of the recipients. */
export type Candidate = {
  sentMessageId: string;
  /** The ids of the notice it is known by. */
  idKeys: readonly string[];
  recipients: readonly SentRecipient[];
  threadId: string | null;
  subject: string | null;
  from: string | null;
  /** Epoch milliseconds. */
  sentAt: number;
};

/** How the failed address relates to the one that was written to. */
export type Relation = "same" | "alias" | "forward";

export type Match = {
  sentMessageId: string;
  recipient: SentRecipient;
  relation: Relation;
  rule: MatchRule;
  confidence: "certain" | "likely";
  /** False where anybody who got the message could have written such a notice. */
  trusted: boolean;
  confirmedBy: string | null;
};

export type Suggestion = { sentMessageId: string; rule: SuggestionRule };

/** What matching found for one recipient of a report. `match` is null where nothing may be logged; `because` says why. */
export type RecipientMatch = {
  outcome: RecipientOutcome;
  match: Match | null;
  /** Messages a person could choose from, the likeliest first. */
  suggestions: readonly Suggestion[];
  because: string;
};

/** What is known of a notice beside its report. */
export type NoticeContext = {
  /** The provider's conversation it lies in. */
  threadId: string | null;
  /** Epoch milliseconds. */
  receivedAt: number;
  /** addressKeys of the mailbox it came to: whose letter it is about, where it does not say. */
  own: ReadonlySet<string>;
  /** The message itself will not come any more: what is weaker counts now. */
  waitingIsOver: boolean;
};

/** How long before a notice its message was sent at the most, where only recipient and subject tie them. */
export const likelyWithinMs = 7 * 86_400_000;

/** The ids a notice names, in the order in which they are believed. */
export const idsNamed = (report: Report): NamedId[] => {
  const named: NamedId[] = [];
  const add = (messageId: string | null, via: NamedId["via"], ancestor: boolean): void => {
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

/** One answer for each recipient that failed, is delayed or was delivered. */
export const matchReport = (report: Report, candidates: readonly Candidate[], context: NoticeContext): RecipientMatch[] => {
  const named = idsNamed(report).filter((n) => context.waitingIsOver || !n.ancestor);
  return report.recipients
    .filter((outcome) => outcome.action !== "relayed" && outcome.action !== "expanded")
    .map((outcome) => byId(report, outcome, named, candidates) ?? withoutId(report, outcome, named, candidates, context));
};

/** Rules 1 and 2: null where no candidate is known by a named id. An id that is ours decides, also when the recipient does not fit. */
const byId = (
  report: Report,
  outcome: RecipientOutcome,
  named: readonly NamedId[],
  candidates: readonly Candidate[],
): RecipientMatch | null => {
  let mismatch: Suggestion | null = null;
  for (const { id, via, ancestor } of named) {
    for (const { sentMessageId, recipients } of candidates.filter(({ idKeys }) => idKeys.includes(id))) {
      const found = findRecipient(outcome, recipients);
      if (found) {
        const confidence = found.relation === "forward" || ancestor ? "likely" : "certain";
        return matched(outcome, { sentMessageId, ...found, rule: via, confidence, trusted: isBelieved(report), confirmedBy: null });
      }
      mismatch ??= { sentMessageId, rule: via };
    }
  }
  if (!mismatch) return null;
  const because = `The message was found by ${ruleWords[mismatch.rule]}, but ${outcome.address} was not among its recipients.`;
  return { outcome, match: null, suggestions: [mismatch], because };
};

/** Rules 3 to 5, for a notice that names no id, or whose ids will not come any more. */
const withoutId = (
  report: Report,
  outcome: RecipientOutcome,
  named: readonly NamedId[],
  candidates: readonly Candidate[],
  context: NoticeContext,
): RecipientMatch => {
  const why = explainMiss(named);
  // A receipt closes something only by an id: recipient and subject say too little for that.
  if ((named.length > 0 && !context.waitingIsOver) || outcome.action === "delivered") return unmatched(outcome, [], why);
  const fitting = fits(outcome, candidates, context.receivedAt);
  const inThread = fitting.find(({ candidate }) => context.threadId !== null && candidate.threadId === context.threadId);
  if (inThread) return likely(outcome, inThread, "thread", isBelieved(report));
  const bySubject = fitting.filter(({ candidate }) => saysTheSame(report, candidate, context));
  if (bySubject[0] && bySubject.length === 1) return likely(outcome, bySubject[0], "recipient_subject", false);
  if (bySubject.length > 1) {
    const because = `${bySubject.length} messages to ${outcome.address} with this subject fit equally; a person has to choose.`;
    return unmatched(outcome, offer(bySubject, "recipient_subject"), because);
  }
  if (fitting.length === 0) return unmatched(outcome, [], why);
  const because = `${why} ${fitting.length} to ${outcome.address} left in the week before; only recipient and time fit.`;
  return unmatched(outcome, offer(fitting, "recipient_time"), because);
};

/** Every recipient of a message knows its id: a notice that is not from whom it says proves nothing about an address. */
const isBelieved = ({ notice }: Report): boolean => notice.authenticated !== false;

type Fit = { candidate: Candidate; recipient: SentRecipient };

/** Messages that went to the failed recipient in the week before the notice (clocks may differ by an hour), newest first. */
const fits = (outcome: RecipientOutcome, candidates: readonly Candidate[], receivedAt: number): Fit[] => {
  const keys = [outcome.address, outcome.originalAddress].filter((address) => address !== null).map(addressKey);
  return candidates
    .filter(({ sentAt }) => sentAt > receivedAt - likelyWithinMs && sentAt < receivedAt + 3_600_000)
    .flatMap((candidate) => {
      const recipient = candidate.recipients.find((one) => keys.includes(one.addressKey));
      return recipient ? [{ candidate, recipient }] : [];
    })
    .toSorted((a, b) => b.candidate.sentAt - a.candidate.sentAt);
};

/** Subject and sender are those of the message. Without a subject nothing is said. */
const saysTheSame = (report: Report, candidate: Candidate, { own }: NoticeContext): boolean => {
  const subject = bareSubject(candidate.subject);
  if (subject === "" || (bareSubject(report.original.subject) || bareSubject(report.notice.subject)) !== subject) return false;
  const from = addressKey(candidate.from ?? "");
  return own.has(from) || (report.original.from !== null && addressKey(report.original.from) === from);
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

const ruleWords: Record<SuggestionRule, string> = {
  embedded_message_id: "the Message-ID in the returned mail",
  in_reply_to: "In-Reply-To",
  references: "References",
  thread: "the conversation it lies in",
  recipient_subject: "recipient, subject and sender",
  recipient_time: "recipient and time",
  confirmed: "a person's word",
};

/** No more than a person can look through. */
const offer = (some: readonly Fit[], rule: SuggestionRule): Suggestion[] =>
  some.slice(0, 5).map(({ candidate }) => ({ sentMessageId: candidate.sentMessageId, rule }));

const unmatched = (outcome: RecipientOutcome, suggestions: readonly Suggestion[], because: string): RecipientMatch => ({
  outcome,
  match: null,
  suggestions,
  because,
});

const likely = (outcome: RecipientOutcome, { candidate, recipient }: Fit, rule: MatchRule, trusted: boolean): RecipientMatch => {
  const { sentMessageId } = candidate;
  return matched(outcome, { sentMessageId, recipient, relation: "same", rule, confidence: "likely", trusted, confirmedBy: null });
};

const matched = (outcome: RecipientOutcome, match: Match): RecipientMatch => ({
  outcome,
  match,
  suggestions: [],
  because: explain(outcome, match),
});

const explain = (outcome: RecipientOutcome, match: Match): string => {
  const by = `Tied by ${ruleWords[match.rule]}`;
  if (match.relation === "same") return `${by}; ${match.recipient.address} is one of its recipients.`;
  const how = match.relation === "alias" ? "the notice says it stands for" : "the message had no other recipient than";
  return `${by}; ${outcome.address} was not written to, but ${how} ${match.recipient.address}.`;
};

const explainMiss = (named: readonly NamedId[]): string =>
  named.length === 0
    ? "The notice names no message."
    : `No sent message of this account is known by ${named.map((n) => `<${n.id}>`).join(" or ")}.`;

/** The answer a person gave: this message, and the recipient that fits. None where none of its recipients can be meant. */
export const confirmMatch = (outcome: RecipientOutcome, candidate: Candidate, by: string): RecipientMatch => {
  const found = findRecipient(outcome, candidate.recipients);
  if (!found) return unmatched(outcome, [], `${outcome.address} was not among the recipients of the message ${by} chose.`);
  const { sentMessageId } = candidate;
  const match = { sentMessageId, ...found, rule: "confirmed", confidence: "certain", trusted: true, confirmedBy: by } as const;
  return { outcome, match, suggestions: [], because: `${by} said that it is about this message.` };
};
