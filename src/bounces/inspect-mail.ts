/** The whole pure pipeline: a message's bytes in, its report out. */
import { readAuthenticated } from "./authenticated.ts";
import type { HeaderFields } from "./envelope.ts";
import { firstValue } from "./envelope.ts";
import { limitEvidence, originalEvidence, recipientEvidence, signEvidence, wrappedEvidence } from "./evidence.ts";
import { detectLanguage } from "./language.ts";
import { type Notice, readNotice, returnedTypes, statusTypes } from "./notice.ts";
import { readIds, readMessageId, readOriginal } from "./original.ts";
import { decodeWords } from "./part-text.ts";
import { readDate } from "./read-date.ts";
import { defaultLimits, type Limits, type Mail, readMailHead, walkParts } from "./read-mail.ts";
import { judge, withoutType } from "./recipients.ts";
import { type Recognition, recogniseNotice } from "./recognise.ts";
import type { Kind, Original, RecipientOutcome, Report } from "./report.ts";
import { wrappedReport } from "./wrapped-report.ts";

/** Raised with every change of a rule; stored with each report, so that old verdicts can be found and run again. */
export const parserVersion = "0.2.0";

/** Evidence tells of so many recipients at most; the report has them all. */
const mostExplained = 50;

const noOriginal: Original = { messageId: null, subject: null, from: null, to: [], references: [], date: null, foundIn: null };

const unreadable = (step: string, because: string): Report => ({
  verdict: "unreadable",
  kind: "ordinary",
  format: "none",
  recipients: [],
  original: noOriginal,
  inReplyTo: [],
  notice: { messageId: null, from: null, subject: null, date: null },
  reportingMta: null,
  evidence: [{ step, because }],
  language: null,
  parserVersion,
});

/** In-Reply-To, then References from last to first, each id once. */
const repliedIds = (fields: HeaderFields): string[] => [
  ...new Set([...readIds(firstValue(fields, "in-reply-to")), ...readIds(firstValue(fields, "references")).reverse()]),
];

/** The kind that the recipients' actions make of a notice. */
const kindOf = (recipients: RecipientOutcome[]): Kind => {
  const failed = recipients.some(({ action }) => action === "failed");
  const delayed = recipients.some(({ action }) => action === "delayed");
  if (failed && delayed) return "mixed";
  if (failed) return "failure";
  return delayed ? "delay" : "delivery_receipt";
};

/** A machine's letter about a message we may know, that no rule can read, is worth a person's look. */
const settleKind = (recognition: Recognition, notice: Notice, recipients: RecipientOutcome[], known: boolean): Kind => {
  if (recognition.kind === "notice") return kindOf(recipients);
  const machine = notice.signs.includes("machine_from") || notice.signs.includes("ndr_field");
  return recognition.kind === "ordinary" && machine && known ? "unread_notice" : recognition.kind;
};

const reportOf = (notice: Notice, limits: Limits): Report => {
  const inner = wrappedReport(notice);
  const read = inner ?? notice;
  const recognition = recogniseNotice(read);
  const findings = recognition.kind === "notice" ? recognition.findings.slice(0, limits.recipients) : [];
  const judged = findings.map((found) => judge(read, found, findings.length === 1));
  const recipients = judged.map(({ outcome }) => outcome);
  const original = readOriginal(read, recognition.status);
  const inReplyTo = repliedIds(notice.fields);
  const kind = settleKind(recognition, notice, recipients, original.messageId !== null || inReplyTo.length > 0);
  return {
    verdict: kind === "failure" || kind === "delay" || kind === "mixed" ? "bounce" : "not_bounce",
    kind,
    format: recognition.format,
    recipients,
    original,
    inReplyTo,
    notice: {
      messageId: readMessageId(firstValue(notice.fields, "message-id")),
      from: notice.from || null,
      subject: firstValue(notice.fields, "subject") === null ? null : decodeWords(notice.subject),
      date: readDate(firstValue(notice.fields, "date")),
      authenticated: readAuthenticated(notice.fields, notice.from),
    },
    reportingMta: withoutType(recognition.status?.message.get("reporting-mta")),
    evidence: [
      ...signEvidence(notice),
      ...(inner ? [wrappedEvidence] : []),
      ...recognition.evidence,
      ...limitEvidence(recognition.findings.length, limits.recipients),
      ...judged.slice(0, mostExplained).map(recipientEvidence),
      ...originalEvidence(original),
    ],
    language: kind === "ordinary" ? null : detectLanguage(notice),
    parserVersion,
  };
};

/** A status part with the returned message behind it, or a single text (of which only the beginning counts): no more is needed. */
const holdsNotice = ({ root, text }: Mail): boolean => {
  if (root.start >= text.length) return false;
  if (root.parts.length === 0) return root.type === "text/plain";
  const types = [...walkParts(root)].map(({ type }) => type);
  const status = types.findIndex((type) => statusTypes.has(type));
  return status >= 0 && types.slice(status).some((type) => returnedTypes.has(type));
};

/**
 * Reads a message of any bytes. Pure and deterministic; never throws: what is beyond a limit, and what breaks a rule of ours,
 * comes back with verdict `unreadable` and its reason.
 */
export const inspectMail = (bytes: Uint8Array, limits: Limits = defaultLimits): Report => {
  try {
    const mail = readMailHead(bytes, holdsNotice, limits);
    return "unreadable" in mail ? unreadable(mail.unreadable, mail.because) : reportOf(readNotice(mail), limits);
  } catch (error) {
    return unreadable("parser_fault", `The parser failed: ${error instanceof Error ? error.message : String(error)}`);
  }
};
