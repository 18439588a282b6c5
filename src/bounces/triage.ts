/**
 * Which messages are opened at all, from header facts alone (bounces.md, "Triage"). Nobody's ordinary mail is downloaded: only
 * a suspect's body is fetched.
 */
import type { Envelope } from "./envelope.ts";
import { firstValue } from "./envelope.ts";
import { addressKey, idKey } from "./keys.ts";
import { isMachineFrom, type MachineSign, machineSigns, machineSignWords } from "./machine-signs.ts";
import { noticeSubject } from "./notice-subjects.ts";
import { readIds } from "./original.ts";
import { isOwnMail } from "./own-mail.ts";
import { decodeWords } from "./part-text.ts";
import { readMailboxes } from "./read-addresses.ts";
import { readContentType } from "./read-mail.ts";
import type { Evidence } from "./report.ts";

/** What triage asks about the account. Addresses are addressKeys, ids idKeys. */
export type TriageContext = {
  ownAddresses: ReadonlySet<string>;
  /** The sent message of ours that an id names, or null. */
  sentById: (idKey: string) => { recipients: readonly string[] } | null;
};

export type TriageVerdict = "sent" | "suspect" | "reply" | "other";

/** Header facts a verdict rests on; no subject, no address. Kept 30 days, so that `triageFacts` can be run again. */
export type TriageFacts = {
  role: string;
  /** Auto-Submitted says so (RFC 3834). */
  autoSubmitted: boolean;
  /** Precedence says bulk, list, junk or auto_reply: no person's answer, though a person's mailing may say so too. */
  bulk: boolean;
  fromSelf: boolean;
  /** Mail of ours to an inbox's owner. Left out by older releases: false. */
  ownMail?: boolean;
  signs: MachineSign[];
  machineFrom: boolean;
  /** The Content-Type's media type and report type. */
  type: string;
  reportType: string;
  messageClass: string;
  noticeSubject: boolean;
  rejectedSubject: boolean;
  /** A message of ours is named in In-Reply-To or References. */
  namesOurs: boolean;
  /** From is one of that message's recipients. */
  fromRecipient: boolean;
};

export type Triage = { verdict: TriageVerdict; because: Evidence[]; facts: TriageFacts };

const bulkPrecedence = /^(?:bulk|junk|list|auto[_-]?reply)/i;

const fromKey = (envelope: Envelope): string =>
  addressKey(readMailboxes(decodeWords(firstValue(envelope.headers, "from") ?? ""))[0]?.address ?? "");

/** Every id the message answers to; the last of References is the nearest. */
export const answeredIds = (envelope: Envelope): string[] =>
  [...readIds(firstValue(envelope.headers, "in-reply-to")), ...readIds(firstValue(envelope.headers, "references")).reverse()].slice(0, 60);

/** Reads the facts of an envelope. */
const readFacts = (envelope: Envelope, context: TriageContext): TriageFacts => {
  const { headers } = envelope;
  const from = fromKey(envelope);
  const answered = answeredIds(envelope).flatMap((id) => context.sentById(idKey(id)) ?? []);
  const { type, params } = readContentType(firstValue(headers, "content-type"));
  const subject = decodeWords(firstValue(headers, "subject") ?? "");
  const submitted = firstValue(headers, "auto-submitted") ?? "no";
  return {
    role: envelope.role,
    autoSubmitted: !/^\s*(?:no\b|$)/i.test(submitted),
    bulk: bulkPrecedence.test(firstValue(headers, "precedence") ?? ""),
    fromSelf: context.ownAddresses.has(from),
    ownMail: isOwnMail(firstValue(headers, "message-id")),
    signs: machineSigns(headers),
    machineFrom: isMachineFrom(firstValue(headers, "from") ?? ""),
    type,
    reportType: (params.get("report-type") ?? "").toLowerCase(),
    messageClass: envelope.hints.messageClass ?? "",
    noticeSubject: noticeSubject.test(subject),
    rejectedSubject: /\(rejected\)|^\s*rejected:/i.test(subject) || /rejected/i.test(submitted),
    namesOurs: answered.length > 0,
    fromRecipient: answered.some(({ recipients }) => recipients.includes(from)),
  };
};

const because = (step: string, words: string): Evidence => ({ step, because: words });

/** Reports that are about something else: abuse, TLS, and what a reader did with a message. */
const otherReport = (facts: TriageFacts): boolean =>
  /feedback-report|tlsrpt/.test(facts.reportType) ||
  (facts.reportType === "disposition-notification" && !facts.rejectedSubject && !facts.machineFrom);

const suspicions = (facts: TriageFacts): Evidence[] => {
  const found = facts.signs.map((sign) => because(sign, machineSignWords[sign]));
  if (/^report\./i.test(facts.messageClass)) found.push(because("message_class", "The mail server itself classes it as a report."));
  if (facts.reportType === "disposition-notification" && facts.rejectedSubject)
    found.push(because("rejected_receipt", "It is a receipt that says a message was rejected."));
  if (facts.namesOurs && !facts.fromRecipient && !facts.fromSelf)
    found.push(because("stranger_answers", "It answers a message of ours, but its sender was no recipient of that message."));
  if (facts.noticeSubject) found.push(because("notice_subject", "Its subject is one that notices use (a weak sign)."));
  return found;
};

/** The verdict the facts lead to; run again over stored facts when a rule changes. */
export const triageFacts = (facts: TriageFacts): Omit<Triage, "facts"> => {
  if (facts.role === "sent")
    return facts.autoSubmitted
      ? {
          verdict: "other",
          because: [because("automatic_sent", "It lies in the sent folder, but a machine wrote it; automatic mail is no sent message.")],
        }
      : { verdict: "sent", because: [because("sent_folder", "It lies in the sent folder.")] };
  if (facts.ownMail) return { verdict: "other", because: [because("own_mail", "Bounceline wrote it to the mailbox's owner.")] };
  if (otherReport(facts))
    return { verdict: "other", because: [because("other_report", `It is a report of another kind (${facts.reportType}).`)] };
  const found = suspicions(facts);
  if (found.length > 0) return { verdict: "suspect", because: found };
  if (facts.namesOurs && facts.fromRecipient && !facts.autoSubmitted && !facts.bulk)
    return {
      verdict: "reply",
      because: [because("recipient_answers", "It answers a message of ours and comes from one of its recipients.")],
    };
  return { verdict: "other", because: [because("no_sign", "Its header shows no sign of a notice.")] };
};

/** Judges an envelope. Pure: the same envelope and context give the same verdict. */
export const triage = (envelope: Envelope, context: TriageContext): Triage => {
  const facts = readFacts(envelope, context);
  return { ...triageFacts(facts), facts };
};
