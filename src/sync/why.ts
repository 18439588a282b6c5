import type { TextKey } from "../messages/text.ts";
import type { InboxState, SeenVerdict } from "../ports/database.ts";
import type { Coverage } from "../store/coverage.ts";
import type { Engagement } from "../store/engagements.ts";
import type { StoredGap } from "../store/gaps.ts";
import type { StateStretch } from "../store/inbox-states.ts";
import type { Inbox } from "../store/inboxes.ts";
import type { Notice } from "../store/notices.ts";
import type { Refusal } from "../store/refusals.ts";
import type { Trace } from "../store/traces.ts";

/**
 * Why a message was or was not logged: the facts that are stored in, a code of texts.md out, with the values of its sentence and the
 * one thing to do next. Pure, so that each code can be tried with facts alone; explain.ts gathers the facts and says the sentence.
 */
export type Why = {
  code: string;
  /** Which wording of the sentence, where a value it needs may be missing: `why.<code>.<form>`. */
  form?: string;
  values?: Record<string, WhyValue>;
  action?: WhyAction | null;
};

/** A time is a Date; `text`: words that the reader's language has of its own. */
export type WhyValue = string | number | Date | { text: TextKey };

/** What to do next, and on what. */
export type WhyAction = {
  code:
    | "open_now"
    | "poll_now"
    | "watch_folder"
    | "replay"
    | "choose"
    | "timeline"
    | "inbox"
    | "connect"
    | "reconnect"
    | "resume"
    | "register"
    | "check_coverage"
    | "look_in_mailbox"
    | "upload"
    | "share_notice";
  inboxId?: string;
  ref?: string;
  folder?: string;
  noticeId?: string;
  contactId?: string;
  webhookId?: string;
};

const day = 86_400_000;
const minute = 60_000;

export type EngagementFacts = {
  engagement: Engagement;
  contactName: string | null;
  /** Through whose inbox it was asked; null where by the sent message. */
  askedInboxId: string | null;
  /** Whose inbox the notice came to. */
  colleague: string;
  /** What made the address usable again after the bounce; `by` is null where a reply did. */
  unbounced: { at: number; by: string | null } | null;
  refusals: readonly Refusal[];
  /** Who said that the notice does not belong. */
  dismissedBy: string | null;
};

/** Of something that was logged: whether it still stands, and who knows of it. */
export const whyOfEngagement = (facts: EngagementFacts): Why => {
  const { engagement, contactName, refusals, unbounced } = facts;
  const { recipient, state, contactId } = engagement;
  const action: WhyAction = { code: "timeline", contactId };
  const last = engagement.history.at(-1);
  if (state === "retracted") {
    const who: WhyValue = last?.because === "dismissed" ? (facts.dismissedBy ?? { text: "why.who.person" }) : { text: "why.who.rules" };
    const why = { text: last?.because === "dismissed" ? "why.because.dismissed" : "why.because.reclassified" } as const;
    return { code: "retracted", values: { date: new Date(last?.at ?? engagement.updatedAt), who, why }, action };
  }
  const [refusal] = refusals;
  if (refusal) {
    const values = { time: new Date(engagement.detectedAt), n: refusal.times };
    return {
      code: "logged_crm_not_told",
      ...(refusal.times === 1 && { form: "once" }),
      values,
      action: { code: "replay", webhookId: refusal.webhookId },
    };
  }
  if (state === "pending") return { code: "pending", values: { time: dateOr(engagement.pendingUntil) }, action };
  if (state === "delivered") {
    const because = engagement.history.findLast((entry) => entry.state === "delivered")?.because;
    const evidence = { text: because === "reply" ? "why.because.reply" : "why.because.receipt" } as const;
    return { code: "delivered_after_delay", values: { evidence }, action };
  }
  if (unbounced) {
    const values = {
      date: new Date(engagement.occurredAt),
      who: unbounced.by ?? { text: "why.who.reply" as const },
      again: new Date(unbounced.at),
    };
    return { code: "unbounced", values, action };
  }
  if (recipient.relation !== "same") {
    return { code: "logged_on_written_address", values: { reported: recipient.reportedAddress, address: recipient.address }, action };
  }
  if (state === "soft" && engagement.classification?.mapping === "account") {
    return { code: "soft_by_mapping", values: { reason: engagement.category ? { text: `category.${engagement.category}` } : "…" }, action };
  }
  const noticeInbox = engagement.notice?.inboxId ?? engagement.inboxId;
  if (noticeInbox !== (facts.askedInboxId ?? engagement.inboxId))
    return { code: "logged_elsewhere", values: { colleague: facts.colleague }, action };
  return { code: "logged", values: { contact: contactName ?? recipient.address, time: new Date(engagement.detectedAt) }, action };
};

export type NoticeFacts = {
  notice: Notice;
  /** The message that was asked for: the notice itself or a copy of it. */
  trace: Trace;
  ownerName: string;
  sentFolderUnknown: boolean;
  /** Whether the one who failed is somebody the account writes to, or knows. */
  recipientKnown: boolean;
  decidedBy: string | null;
};

/** Of a notice that is logged nowhere; null where it is. */
export const whyOfNotice = ({ notice, trace, ownerName, sentFolderUnknown, recipientKnown, decidedBy }: NoticeFacts): Why | null => {
  const reported = notice.matches[0]?.address ?? "…";
  const choose: WhyAction = { code: "choose", noticeId: notice.id };
  const register: WhyAction = { code: "register" };
  switch (notice.state) {
    case "matched":
      return null;
    case "not_logged":
      return { code: "contact_not_logged", values: { address: notice.matches[0]?.match?.recipient.address ?? reported }, action: choose };
    case "waiting":
      if (sentFolderUnknown) return { code: "sent_folder_unknown", action: { code: "inbox", inboxId: notice.inboxId } };
      return {
        code: "waiting_for_sent",
        values: { time: dateOr(notice.waitsUntil) },
        action: { code: "poll_now", inboxId: notice.inboxId },
      };
    case "not_ours":
      return recipientKnown ? { code: "sent_elsewhere", action: register } : { code: "never_sent_by_us", action: choose };
    case "dismissed":
      return {
        code: "dismissed",
        values: { who: decidedBy ?? { text: "why.who.person" }, date: new Date(notice.updatedAt) },
        action: choose,
      };
    case "no_bounce":
      // By its kind of today: it may have been judged again, and the trace of a copy tells of the day it came.
      return whyOfOutcome({ ...trace, outcome: notice.kind });
    case "unmatched": {
      if (notice.kind === "unread_notice") return { code: "unread_notice", action: { code: "share_notice", noticeId: notice.id } };
      if (sentFolderUnknown) return { code: "sent_folder_unknown", action: { code: "inbox", inboxId: notice.inboxId } };
      const offered = notice.matches.flatMap(({ suggestions }) => suggestions);
      const n = offered.length;
      if (n === 0) return { code: "unmatched", values: { n }, action: register };
      if (offered.every(({ rule }) => rule === "recipient_time")) {
        return { code: "suggested", ...(n > 1 && { form: "many" }), values: { owner: ownerName, n }, action: choose };
      }
      if (offered.every(({ rule }) => rule === "recipient_subject")) return { code: "ambiguous", values: { n }, action: choose };
      return { code: "recipient_mismatch", values: { reported }, action: choose };
    }
  }
};

/** Of a message that was opened, or set aside, and is no notice. */
export const whyOfOutcome = (
  { outcome, at, steps, inboxId, ref }: Pick<Trace, "outcome" | "at" | "steps" | "inboxId" | "ref">,
  due: number | null = null,
): Why => {
  const last = steps.at(-1)?.because ?? "";
  const again: WhyAction = { code: "upload" };
  switch (outcome) {
    case "forwarded_notice":
      return { code: "forwarded_or_quoted", action: again };
    case "ordinary":
      return { code: "ordinary", values: { sign: steps[0]?.because ?? "" }, action: again };
    case "encrypted":
      return { code: "encrypted", action: again };
    case "crashed":
    case "not_saved":
    case "unreadable":
    case "unreachable":
      return { code: "unreadable", values: { where: last }, action: again };
    case "too_big":
      return { code: "too_big", values: { limit: /\d+ MB/.exec(last)?.[0] ?? "…" }, action: again };
    case "gone_before_read":
      return { code: "gone_before_read", action: again };
    case "owed":
      return { code: "owed", values: { time: new Date(at), error: last, due: dateOr(due) }, action: { code: "open_now", inboxId, ref } };
    case "unread_notice":
      return { code: "unread_notice", action: again };
    default:
      return { code: outcome };
  }
};

/** Reports that are never opened: their header says that they are about something else. */
const reports: Record<string, string> = {
  "disposition-notification": "read_receipt",
  "feedback-report": "abuse_report",
  tlsrpt: "tls_report",
};

export type SeenFacts = {
  inboxId: string;
  ref: string;
  verdict: SeenVerdict;
  facts: unknown;
  seenAt: number;
  /** True where a comparison with the provider found it, and no page had told of it. */
  missed: boolean;
};

/** Of a message whose header alone was looked at. */
export const whyOfSeen = ({ inboxId, ref, verdict, facts, seenAt, missed }: SeenFacts, now: number): Why => {
  const { reportType } = (facts ?? {}) as { reportType?: string };
  const code = reports[reportType ?? ""];
  if (code) return { code };
  const time = new Date(seenAt);
  if (missed) return { code: "our_gap", action: { code: "poll_now", inboxId } };
  if (verdict === "gone") return { code: "gone_before_read", action: { code: "upload" } };
  if (verdict === "owed") return { code: "not_opened_yet", values: { time }, action: { code: "open_now", inboxId, ref } };
  if (facts === null && now - seenAt > 30 * day) return { code: "record_expired", action: { code: "upload" } };
  return { code: "not_suspected", values: { time }, action: { code: "open_now", inboxId, ref } };
};

/** What is known of an inbox about a stretch of time. */
export type InboxFacts = {
  inbox: Inbox;
  provider: string;
  states: readonly StateStretch[];
  gaps: readonly StoredGap[];
  coverage: Coverage | null;
  erasedBy: string | null;
};

/** States in which nothing is read, and the code that tells so. */
const blind: Partial<Record<InboxState, "inbox_down" | "inbox_paused">> = {
  unreachable: "inbox_down",
  reconnect_needed: "inbox_down",
  connecting: "inbox_down",
  needs_admin: "inbox_down",
  missing_permission: "inbox_down",
  paused: "inbox_paused",
  disconnected: "inbox_paused",
};

/** Mail is normally read within this long. */
const usualDelayMs = 15 * minute;

/** What hid mail of a stretch of time in an inbox; null where it was read as usual. */
export const whyOfInbox = (facts: InboxFacts, { from, to }: { from: number; to: number }, now: number): Why | null => {
  const { inbox, states } = facts;
  const inboxId = inbox.id;
  if (inbox.state === "erased") {
    return {
      code: "erased",
      values: { date: new Date(inbox.stateSince), whose: facts.erasedBy ?? { text: "why.who.person" } },
      action: null,
    };
  }
  if (to <= inbox.since) {
    const n = Math.max(0, Math.round((inbox.createdAt - inbox.since) / day));
    return { code: "before_connected", values: { date: new Date(from), n }, action: { code: "upload" } };
  }
  if (inbox.progress && inbox.state === "first_sync" && from < inbox.createdAt) {
    const { done, total } = inbox.progress;
    const percent = total ? `${Math.min(99, Math.round((100 * done) / total))} %` : "…";
    return { code: "first_sync_running", values: { percent }, action: { code: "inbox", inboxId } };
  }
  const hidden = whyOfStates(states, { from, to }, inboxId);
  if (hidden) return hidden;
  const lost = whyOfGaps(facts, { from, to }, now);
  if (lost) return lost;
  const behind = whyBehind(facts, to, now);
  if (behind) return behind;
  if (inbox.warnings.some(({ code }) => code === "sent_folder_unknown"))
    return { code: "sent_folder_unknown", action: { code: "inbox", inboxId } };
  return null;
};

/** A stretch whose changes the provider had dropped, unless a comparison since then found that nothing was lost. */
export const whyOfGaps = (
  { inbox, provider, gaps, coverage }: InboxFacts,
  { from, to }: { from: number; to: number },
  now: number,
): Why | null => {
  const gap = gaps.find((one) => (one.from ?? 0) < to && (one.to ?? now) > from);
  if (!gap) return null;
  const compared = coverage?.checkedAt && coverage.checkedAt >= gap.at ? coverage.gap : null;
  if (compared === 0) return null;
  const values = { provider, a: dateOr(gap.from), b: dateOr(gap.to), n: compared ?? 0 };
  return {
    code: "change_list_lost",
    ...(compared === null && { form: "unknown" }),
    values,
    action: { code: "check_coverage", inboxId: inbox.id },
  };
};

const whyOfStates = (states: readonly StateStretch[], { from, to }: { from: number; to: number }, inboxId: string): Why | null => {
  const inIt = states.filter((stretch) => blind[stretch.state] && stretch.from < to && (stretch.until === null || stretch.until > from));
  // A short stretch says little where a long one is in the same time.
  const [longest] = inIt.sort((a, b) => lengthOf(b) - lengthOf(a));
  const code = longest && blind[longest.state];
  if (!longest || !code) return null;
  const { by } = (longest.detail ?? {}) as { by?: string };
  const values = {
    a: new Date(longest.from),
    b: dateOr(longest.until),
    c: dateOr(longest.until),
    who: by ?? { text: "why.who.person" as const },
  };
  if (longest.until !== null) return { code, values, action: { code: "check_coverage", inboxId } };
  const action = longest.state === "paused" ? "resume" : longest.state === "unreachable" ? "poll_now" : "reconnect";
  return { code, form: "still", values, action: { code: action, inboxId } };
};

const lengthOf = ({ from, until }: StateStretch): number => (until ?? Number.POSITIVE_INFINITY) - from;

const whyBehind = ({ inbox, provider }: InboxFacts, to: number, now: number): Why | null => {
  const { until } = (inbox.stateDetail ?? {}) as { until?: number };
  const read = inbox.lastPollAt ?? inbox.createdAt;
  const late = now - read;
  if (to <= read || (inbox.state !== "waiting" && late < usualDelayMs)) return null;
  const values = { n: Math.round(late / minute), provider, time: new Date(until ?? inbox.nextPollAt ?? now) };
  const form = inbox.state === "waiting" ? {} : { form: "late" };
  return { code: "behind", ...form, values, action: { code: "poll_now", inboxId: inbox.id } };
};

const dateOr = (at: number | null): Date | string => (at === null ? "…" : new Date(at));
