import { addressKey, idKey } from "../bounces/keys.ts";
import type { Evidence } from "../bounces/report.ts";
import { said } from "../messages/said.ts";
import { isTextKey, type Language, type TextKey, text, timeText } from "../messages/text.ts";
import type { Read } from "../ports/database.ts";
import { readAddresses } from "../store/addresses.ts";
import { findContactByAddress, getContact } from "../store/contacts.ts";
import { type Engagement, getEngagement, listEngagements } from "../store/engagements.ts";
import { messageHash, readErased } from "../store/erasures.ts";
import { getInbox, type Inbox } from "../store/inboxes.ts";
import { readDecisions } from "../store/notice-decisions.ts";
import { waitingFor } from "../store/notice-waits.ts";
import { type Notice, readNotices } from "../store/notices.ts";
import { readOwed } from "../store/owed.ts";
import { findRefusals } from "../store/refusals.ts";
import { findSeen, readSeen } from "../store/seen-messages.ts";
import { findSentByIds, findSentToRecipients, type SentMessage } from "../store/sent-messages.ts";
import { findTraces, readTrace, type Trace } from "../store/traces.ts";
import { inboxFacts, ownerName } from "./inbox-facts.ts";
import {
  type EngagementFacts,
  type Why,
  type WhyAction,
  type WhyValue,
  whyOfEngagement,
  whyOfGaps,
  whyOfInbox,
  whyOfNotice,
  whyOfOutcome,
  whyOfSeen,
} from "./why.ts";

/** Why a message was or was not logged as a bounce: the steps that led there, the sentence they end in, and what to do next. */
export type Explanation = {
  code: string;
  sentence: string;
  /** What would have been needed for it to be logged; null where nothing is missing. */
  needed: string | null;
  action: WhyAction | null;
  steps: Evidence[];
};

/** Who asks, and what they may see. */
export type Asker = {
  read: Read;
  accountId: string;
  language: Language;
  timeZone?: string;
  now: number;
  /** Inboxes whose mail they may see; left out: all. */
  visible?: readonly string[] | undefined;
  /** What people call a provider. */
  labelOf: (provider: string) => Promise<string>;
};

/** The answer in the reader's words. */
export const sayWhy = ({ language, timeZone }: Pick<Asker, "language" | "timeZone">, why: Why, steps: readonly Evidence[]): Explanation => {
  const words = Object.fromEntries(Object.entries(why.values ?? {}).map(([name, value]) => [name, wordOf(value, language, timeZone)]));
  const needed = `why.needed.${why.code}`;
  const key = (why.form ? `why.${why.code}.${why.form}` : `why.${why.code}`) as TextKey;
  return {
    code: why.code,
    sentence: text(language, isTextKey(key) ? key : "why.ordinary", words),
    needed: isTextKey(needed) ? text(language, needed, words) : null,
    action: why.action ?? null,
    steps: steps.filter((step, i) => !steps.slice(i + 1).some((later) => repeats(later, step))),
  };
};

/** What made a message suspect is told again, with its field, by what read it. */
const repeats = (later: Evidence, { step, because }: Evidence): boolean => later.step === step && later.because.startsWith(because);

const wordOf = (value: WhyValue, language: Language, timeZone?: string): string | number => {
  if (value instanceof Date) return timeText(language, value.getTime(), timeZone);
  if (typeof value === "object") return text(language, value.text);
  return typeof value === "string" ? said(language, value).text : value;
};

const mayNotSee: Why = { code: "not_allowed" };
const isVisible = ({ visible }: Asker, inboxId: string | null): boolean =>
  visible === undefined || (inboxId !== null && visible.includes(inboxId));

/**
 * Explains a message by its Message-ID: a notice, other received mail, or a sent message. One answer for each copy we know of, and
 * for each recipient of a sent message that something is known of.
 */
export const explainMessageId = async (asker: Asker, messageId: string, inboxId: string | null = null): Promise<Explanation[]> => {
  const { read, accountId } = asker;
  const traces = await findTraces(read, accountId, messageId);
  const seen = traces.length > 0 ? [] : (await findSeen(read, accountId, messageId)).filter(({ verdict }) => verdict !== "sent");
  const received = [...traces, ...seen];
  if (received.length > 0) {
    const visible = received.filter((one) => isVisible(asker, one.inboxId));
    if (visible.length === 0) return [sayWhy(asker, mayNotSee, [])];
    return Promise.all(visible.map(async (one) => explainSeen(asker, one.inboxId, one.ref, "outcome" in one ? one : null)));
  }
  const [sent] = (await findSentByIds(read, accountId, [idKey(messageId)])).get(idKey(messageId)) ?? [];
  if (sent) return isVisible(asker, sent.inboxId) ? explainSent(asker, sent) : [sayWhy(asker, mayNotSee, [])];
  return [await explainUnknown(asker, messageId, inboxId)];
};

/** Explains one message of an inbox by the provider's id of it; null where there is no record of it. */
export const explainRef = async (asker: Asker, inboxId: string, ref: string): Promise<Explanation | null> => {
  if (!isVisible(asker, inboxId)) return sayWhy(asker, mayNotSee, []);
  const trace = await readTrace(asker.read, asker.accountId, inboxId, ref);
  const seen = trace ?? (await readSeen(asker.read, asker.accountId, inboxId, ref));
  return seen ? explainSeen(asker, inboxId, ref, trace) : null;
};

const explainSeen = async (asker: Asker, inboxId: string, ref: string, trace: Trace | null): Promise<Explanation> => {
  const { read, accountId, now } = asker;
  const owed = await readOwed(read, accountId, inboxId, ref);
  if (trace) {
    const [notice] = trace.noticeId === null ? [] : await readNotices(read, accountId, [trace.noticeId]);
    if (!notice) return sayWhy(asker, whyOfOutcome(trace, owed?.dueAt ?? null), trace.steps);
    const matching = notice.matches.map(({ because }) => ({ step: "match", because }));
    return sayWhy(asker, await ofNotice(asker, notice, trace), [...trace.steps, ...matching]);
  }
  const seen = await readSeen(read, accountId, inboxId, ref);
  if (!seen) return sayWhy(asker, { code: "not_seen" }, []);
  const why = whyOfSeen({ ...seen, missed: owed?.judge === true }, now);
  return sayWhy(asker, why, stepsOfSeen(asker, seen, owed?.judge === true));
};

const stepsOfSeen = (
  { language, timeZone }: Asker,
  seen: { verdict: string; seenAt: number; folder: string },
  missed: boolean,
): Evidence[] => {
  const where = { folder: seen.folder, time: timeText(language, seen.seenAt, timeZone) };
  const step = missed ? "missed" : seen.verdict === "reply" ? "reply" : seen.verdict === "other" ? "no_sign" : seen.verdict;
  const key = `why.step.${step}`;
  return [
    { step: "seen", because: text(language, "why.step.seen", where) },
    ...(isTextKey(key) ? [{ step: "triage", because: text(language, key) }] : []),
  ];
};

const ofNotice = async (asker: Asker, notice: Notice, trace: Trace): Promise<Why> => {
  const { read, accountId } = asker;
  const inbox = await getInbox(read, accountId, notice.inboxId);
  const decision = (await readDecisions(read, accountId, [notice.id])).get(notice.id);
  const facts = {
    notice,
    trace,
    ownerName: ownerName(inbox),
    sentFolderUnknown: inbox?.warnings.some(({ code }) => code === "sent_folder_unknown") ?? false,
    recipientKnown: notice.state === "not_ours" && (await isKnown(asker, notice)),
    decidedBy: decision?.by ?? null,
  };
  const why = whyOfNotice(facts);
  if (why) return why;
  if (trace.ref !== notice.ref && trace.inboxId === notice.inboxId) {
    return { code: "duplicate", values: { time: new Date(notice.detectedAt) }, action: { code: "choose", noticeId: notice.id } };
  }
  const id = notice.matches.find(({ engagementId }) => engagementId !== null)?.engagementId;
  const engagement = id ? await getEngagement(read, accountId, id) : null;
  return engagement ? whyOfEngagement(await engagementFacts(asker, engagement, trace.inboxId)) : { code: "not_seen" };
};

/** Whoever forges an address writes to strangers: somebody the account knows was written to by the account, through another system. */
const isKnown = async ({ read, accountId, now }: Asker, notice: Notice): Promise<boolean> => {
  const keys = notice.matches.map(({ address }) => addressKey(address));
  for (const key of keys) if (await findContactByAddress(read, accountId, key)) return true;
  return (await findSentToRecipients(read, accountId, keys, { after: 0, before: now })).length > 0;
};

const engagementFacts = async (asker: Asker, engagement: Engagement, askedInboxId: string | null): Promise<EngagementFacts> => {
  const { read, accountId } = asker;
  const contact = await getContact(read, accountId, engagement.contactId);
  const health = (await readAddresses(read, accountId, [addressKey(engagement.recipient.address)])).get(
    addressKey(engagement.recipient.address),
  );
  const decision =
    engagement.noticeId === null ? undefined : (await readDecisions(read, accountId, [engagement.noticeId])).get(engagement.noticeId);
  return {
    engagement,
    contactName: contact?.name ?? null,
    askedInboxId,
    colleague: ownerName(await getInbox(read, accountId, engagement.notice?.inboxId ?? engagement.inboxId)),
    unbounced: engagement.state === "hard" && health?.eligible ? clearedAfter(health, engagement.occurredAt) : null,
    refusals: await findRefusals(read, accountId, { engagementId: engagement.id, updatedAt: engagement.updatedAt }),
    dismissedBy: decision?.by ?? null,
  };
};

type Cleared = { unbounced: { at: number; by: string } | null; lastSignOfLife: number | null };

const clearedAfter = ({ unbounced, lastSignOfLife }: Cleared, occurredAt: number): EngagementFacts["unbounced"] => {
  if (unbounced && unbounced.at >= occurredAt && unbounced.at >= (lastSignOfLife ?? 0)) return { at: unbounced.at, by: unbounced.by };
  return lastSignOfLife !== null && lastSignOfLife >= occurredAt ? { at: lastSignOfLife, by: null } : null;
};

const mostRecipients = 20;

const explainSent = async (asker: Asker, sent: SentMessage): Promise<Explanation[]> => {
  const { read, accountId, language, timeZone, now } = asker;
  const inbox = sent.inboxId === null ? null : await getInbox(read, accountId, sent.inboxId);
  const through = inbox?.address ?? text(language, "why.step.registered");
  const steps = [
    { step: "sent", because: text(language, "why.step.sent", { inbox: through, time: timeText(language, sent.sentAt, timeZone) }) },
  ];
  const { data } = await listEngagements(read, accountId, { sentMessageId: sent.id, limit: mostRecipients });
  if (data.length > 0) {
    return Promise.all(
      data.map(async (engagement) => {
        const because = text(language, "why.step.logged", { address: engagement.recipient.address });
        return sayWhy(asker, whyOfEngagement(await engagementFacts(asker, engagement, null)), [...steps, { step: "logged", because }]);
      }),
    );
  }
  steps.push({ step: "no_notice", because: text(language, "why.step.none_names_it") });
  const hidden = inbox && (await whatHides(asker, inbox, sent.sentAt, now));
  const poll: WhyAction | null = inbox && { code: "poll_now", inboxId: inbox.id };
  return [sayWhy(asker, hidden ?? { code: "no_notice", action: poll }, steps)];
};

/** What keeps a notice about a sent message from being seen now. */
const whatHides = async (asker: Asker, inbox: Inbox, sentAt: number, now: number): Promise<Why | null> => {
  const facts = await inboxFacts(asker, inbox, sentAt);
  return whyOfInbox(facts, { from: now - 1, to: now }, now) ?? whyOfGaps(facts, { from: sentAt, to: now }, now);
};

/** A Message-ID of which there is no record. A notice may wait for it: then another system sent the message. */
const explainUnknown = async (asker: Asker, messageId: string, inboxId: string | null): Promise<Explanation> => {
  const { read, accountId, language } = asker;
  const key = idKey(messageId);
  const steps = [{ step: "looked", because: text(language, "why.step.no_record") }];
  const [waiting] = await waitingFor(read, accountId, [`id:${key}`]);
  const [notice] = waiting === undefined ? [] : await readNotices(read, accountId, [waiting]);
  if (notice && isVisible(asker, notice.inboxId)) {
    steps.push({ step: "waits", because: text(language, "why.step.notice_waits", { id: notice.id }) });
    return sayWhy(asker, { code: "sent_elsewhere", action: { code: "register" } }, steps);
  }
  if ((await readErased(read, accountId, [messageHash("sent", key)])).size > 0)
    return sayWhy(asker, { code: "erased", form: "undated" }, steps);
  const action: WhyAction = inboxId === null ? { code: "upload" } : { code: "look_in_mailbox", inboxId, ref: messageId };
  return sayWhy(asker, { code: "not_seen", action }, steps);
};
