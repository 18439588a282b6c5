import { idKey } from "../bounces/keys.ts";
import type { Evidence } from "../bounces/report.ts";
import { type Language, type TextKey, text, timeText } from "../messages/text.ts";
import type { Json } from "../ports/connector.ts";
import type { Read, SeenVerdict } from "../ports/database.ts";
import { getContact } from "../store/contacts.ts";
import { type Engagement, getEngagement, listEngagements } from "../store/engagements.ts";
import { type Notice, readNotices } from "../store/notices.ts";
import { findSeen, readVerdicts } from "../store/seen-messages.ts";
import { findSentByIds } from "../store/sent-messages.ts";
import { findTraces, readTrace, type Trace } from "../store/traces.ts";

/** Why a message was or was not logged as a bounce: the steps that led there, and the sentence they end in. */
export type Explanation = { code: string; sentence: string; steps: Evidence[] };

type Answer = { code: string; values?: Record<string, string | number>; steps: readonly Evidence[] };

/** Explains a message by its Message-ID: a notice, other received mail, or a sent message. One answer for each copy we know of. */
export const explainMessageId = async (read: Read, accountId: string, messageId: string, language: Language): Promise<Explanation[]> => {
  const say = speaker(language);
  const traces = await findTraces(read, accountId, messageId);
  if (traces.length > 0) return Promise.all(traces.map(async (trace) => say(await ofTrace(read, accountId, trace))));
  const seen = (await findSeen(read, accountId, messageId)).filter(({ verdict }) => verdict !== "sent");
  if (seen.length > 0) return seen.map((row) => say(ofSeen(row.verdict, row.facts, row.seenAt)));
  const sent = (await findSentByIds(read, accountId, [idKey(messageId)])).get(idKey(messageId))?.[0];
  return [say(sent ? await ofSent(read, accountId, sent.id) : { code: "not_seen", steps: [] })];
};

/** Explains one message of an inbox by the provider's id of it. */
export const explainRef = async (
  read: Read,
  accountId: string,
  inboxId: string,
  ref: string,
  language: Language,
): Promise<Explanation | null> => {
  const say = speaker(language);
  const trace = await readTrace(read, accountId, inboxId, ref);
  if (trace) return say(await ofTrace(read, accountId, trace));
  const verdict = (await readVerdicts(read, accountId, inboxId, [ref])).get(ref);
  return verdict ? say(ofSeen(verdict, null, null)) : null;
};

const speaker =
  (language: Language) =>
  ({ code, values = {}, steps }: Answer): Explanation => {
    const words = Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, typeof value === "number" && value > 1e11 ? timeText(language, value) : value]),
    );
    return { code, sentence: text(language, `why.${code}` as TextKey, words), steps: [...steps] };
  };

const ofTrace = async (read: Read, accountId: string, trace: Trace): Promise<Answer> => {
  const [notice] = trace.noticeId === null ? [] : await readNotices(read, accountId, [trace.noticeId]);
  if (!notice) return { ...ofOutcome(trace), steps: trace.steps };
  const matching = notice.matches.map(({ because }) => ({ step: "match", because }));
  return { ...(await ofNotice(read, accountId, notice, trace)), steps: [...trace.steps, ...matching] };
};

/** Messages that were opened, or set aside, and are no notice. */
const ofOutcome = ({ outcome, at, steps }: Trace): Omit<Answer, "steps"> => {
  const last = steps.at(-1)?.because ?? "";
  switch (outcome) {
    case "forwarded_notice":
      return { code: "forwarded_or_quoted" };
    case "ordinary":
      return { code: "ordinary", values: { sign: steps[0]?.because ?? "" } };
    case "crashed":
    case "unreadable":
    case "unreachable":
      return { code: "unreadable", values: { where: last } };
    case "too_big":
      return { code: "too_big", values: { limit: /\d+ MB/.exec(last)?.[0] ?? "…" } };
    case "owed":
      return { code: "owed", values: { time: at, error: last } };
    default:
      return { code: outcome };
  }
};

const ofNotice = async (read: Read, accountId: string, notice: Notice, trace: Trace): Promise<Omit<Answer, "steps">> => {
  const reported = notice.matches[0]?.address ?? "…";
  switch (notice.state) {
    case "matched": {
      const id = notice.matches.find(({ engagementId }) => engagementId !== null)?.engagementId;
      const engagement = id ? await getEngagement(read, accountId, id) : null;
      return engagement ? ofEngagement(read, accountId, engagement) : { code: "not_seen" };
    }
    case "not_logged":
      return { code: "contact_not_logged", values: { address: notice.matches[0]?.match?.recipient.address ?? reported } };
    case "waiting":
      return { code: "waiting_for_sent", values: { time: notice.waitsUntil ?? "…" } };
    case "not_ours":
      return { code: "never_sent_by_us" };
    case "unmatched": {
      if (notice.kind === "unread_notice") return { code: "unread_notice" };
      const offered = notice.matches.flatMap(({ suggestions }) => suggestions);
      if (offered.length === 0) return { code: "unmatched", values: { n: 0 } };
      if (offered.every(({ rule }) => rule === "recipient_time")) return { code: "suggested", values: { n: offered.length } };
      if (offered.every(({ rule }) => rule === "recipient_subject")) return { code: "ambiguous", values: { n: offered.length } };
      return { code: "recipient_mismatch", values: { reported } };
    }
    case "dismissed":
      return { code: "dismissed", values: { who: notice.matches[0]?.because.split(" said ")[0] ?? "…", date: notice.updatedAt } };
    case "no_bounce":
      // By its kind of today: it may have been judged again, and the trace of a copy tells of the day it came.
      return ofOutcome({ ...trace, outcome: notice.kind });
  }
};

const ofEngagement = async (read: Read, accountId: string, engagement: Engagement): Promise<Omit<Answer, "steps">> => {
  const { recipient } = engagement;
  if (engagement.state === "pending") return { code: "pending", values: { time: engagement.pendingUntil ?? "…" } };
  if (engagement.state === "delivered")
    return {
      code: "delivered_after_delay",
      values: { evidence: engagement.history.findLast(({ state }) => state === "delivered")?.because ?? "" },
    };
  if (recipient.relation !== "same") {
    return { code: "logged_on_written_address", values: { reported: recipient.reportedAddress, address: recipient.address } };
  }
  const contact = await getContact(read, accountId, engagement.contactId);
  return { code: "logged", values: { contact: contact?.name ?? recipient.address, time: engagement.detectedAt } };
};

/** Reports that are never opened: their header says that they are about something else. */
const reports: Record<string, string> = {
  "disposition-notification": "read_receipt",
  "feedback-report": "abuse_report",
  tlsrpt: "tls_report",
};

const ofSeen = (verdict: SeenVerdict, facts: Json, at: number | null): Answer => {
  const { reportType } = (facts ?? {}) as { reportType?: string };
  const code = reports[reportType ?? ""];
  if (code) return { code, steps: [{ step: "triage", because: `Its header says that it is a report of another kind (${reportType}).` }] };
  const why =
    verdict === "reply" ? "It is a reply of somebody the message was written to." : "Its header showed none of the signs of a notice.";
  return { code: "not_suspected", values: { time: at ?? "…" }, steps: [{ step: "triage", because: why }] };
};

const ofSent = async (read: Read, accountId: string, sentMessageId: string): Promise<Answer> => {
  const [engagement] = (await listEngagements(read, accountId, { sentMessageId, limit: 1 })).data;
  const steps = [{ step: "sent", because: "It is a message that was sent from a connected inbox." }];
  return engagement ? { ...(await ofEngagement(read, accountId, engagement)), steps } : { code: "no_notice", steps };
};
