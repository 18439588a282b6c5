/**
 * `bounceline scan`: which sent messages of an exported mailbox bounced. One message is in memory at a time; what is kept is an
 * index of the sent messages (ids, recipients, subject) and one line per bounced recipient. Needs no database.
 */
import type { Envelope, FolderRole } from "../bounces/envelope.ts";
import { parseHeaderFields } from "../bounces/header-fields.ts";
import { inspectMail } from "../bounces/inspect-mail.ts";
import { idKey } from "../bounces/keys.ts";
import { type Candidate, idsNamed, matchReport, type RecipientMatch } from "../bounces/match.ts";
import type { Report } from "../bounces/report.ts";
import { readSentMessage } from "../bounces/sent-message.ts";
import { triage } from "../bounces/triage.ts";
import { readSources, type Source } from "./read-sources.ts";

/** A recipient of a sent message that bounced. */
export type Bounced = {
  address: string;
  type: string;
  category: string | null;
  reason: string | null;
  diagnostic: string | null;
  notice: string;
};

/** A sent message with the recipients it did not reach; times are epoch milliseconds. */
export type BouncedMessage = { messageId: string | null; subject: string | null; sentAt: number; recipients: number; bounced: Bounced[] };

/** A bounce that is tied to no sent message. */
export type Untied = { notice: string; address: string; reason: string | null; because: string };

export type ScanResult = {
  counts: { sent: number; messages: number; notices: number; bounced: number; hard: number; soft: number; pending: number; untied: number };
  messages: BouncedMessage[];
  /** At most 1,000; `counts.untied` has them all. */
  untied: Untied[];
};

type Sent = Omit<BouncedMessage, "recipients" | "bounced"> & Candidate;

const mostUntied = 1000;

/** A message's header never needs more; bodies of sent messages are not kept. */
const mostHeaderBytes = 262_144;

/** The bytes of the header block: all up to the first blank line. */
const headOf = (bytes: Uint8Array): Uint8Array => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, mostHeaderBytes));
  const ends = [buffer.indexOf("\n\n"), buffer.indexOf("\r\n\r\n"), buffer.indexOf("\r\r")].filter((end) => end >= 0);
  return ends.length === 0 ? buffer : buffer.subarray(0, Math.min(...ends) + 2);
};

const envelopeOf = ({ name, bytes }: Source, role: FolderRole): Envelope => ({
  ref: name,
  folder: "",
  role,
  headers: parseHeaderFields(headOf(bytes)),
  receivedAt: null,
  size: bytes.byteLength,
  threadId: null,
  hints: {},
});

/** Every sent message by each id it is known by. */
type SentIndex = { byId: Map<string, Sent>; count: number };

const indexSent = async (path: string, onRead: (bytes: number) => void): Promise<SentIndex> => {
  const index: SentIndex = { byId: new Map(), count: 0 };
  for await (const source of readSources(path, { mostBytes: mostHeaderBytes, onRead })) {
    const { messageId, ids, subject, from, threadId, sentAt, recipients } = readSentMessage(envelopeOf(source, "sent"));
    const idKeys = [messageId, ...ids].map(idKey).filter((id) => id !== "");
    const sent: Sent = {
      sentMessageId: String(index.count++),
      idKeys,
      messageId,
      subject,
      from,
      threadId,
      sentAt,
      recipients: recipients.map(({ name: _, ...one }) => one),
    };
    for (const id of idKeys) if (!index.byId.has(id)) index.byId.set(id, sent);
  }
  return index;
};

const candidatesOf = (report: Report, { byId }: SentIndex): Sent[] => [
  ...new Set(idsNamed(report).flatMap(({ id }) => byId.get(id) ?? [])),
];

/** Later notices of one message and recipient take the place of earlier ones; a failure is never replaced by a delay. */
const addBounce = (found: Map<string, BouncedMessage>, sent: Sent, address: string, bounced: Bounced): void => {
  const { sentMessageId, messageId, subject, sentAt, recipients } = sent;
  const message = found.get(sentMessageId) ?? { messageId, subject, sentAt, recipients: recipients.length, bounced: [] };
  found.set(sentMessageId, message);
  const at = message.bounced.findIndex((one) => one.address === address);
  if (at < 0) message.bounced.push(bounced);
  else if (bounced.type !== "pending") message.bounced[at] = bounced;
};

const failures = (matches: RecipientMatch[]): RecipientMatch[] =>
  matches.filter(({ outcome }) => outcome.action === "failed" || outcome.action === "delayed");

/** An exported mailbox is complete, so nothing is waited for; without an id nothing is tied, to keep the memory constant. */
const byIdsOnly = ({ notice }: Report) => ({ threadId: null, receivedAt: notice.date ?? 0, own: new Set<string>(), waitingIsOver: true });

/** Collects what one notice says. Returns how many bounces it could not tie. */
const takeNotice = (source: Source, report: Report, index: SentIndex, found: Map<string, BouncedMessage>, untied: Untied[]): number => {
  const candidates = candidatesOf(report, index);
  let missed = 0;
  for (const { outcome, match, because } of failures(matchReport(report, candidates, byIdsOnly(report)))) {
    const sent = candidates.find(({ sentMessageId }) => sentMessageId === match?.sentMessageId);
    const { type, category, reason, diagnostic } = outcome;
    const said = { type, category, reason, diagnostic: diagnostic?.slice(0, 300) ?? null, notice: source.name };
    if (match && sent) addBounce(found, sent, match.recipient.address, { address: match.recipient.address, ...said });
    else if (++missed && untied.length < mostUntied) untied.push({ notice: source.name, address: outcome.address, reason, because });
  }
  return missed;
};

/** Told of every step, for a progress bar: bytes read, and messages and notices seen so far. */
export type ScanProgress = (bytes: number, messages: number, notices: number) => void;

/** Scans a mailbox against the messages sent from it. Throws SourceError for a path that is not there. */
export const scan = async (mailbox: string, sent: string, progress: ScanProgress = () => {}): Promise<ScanResult> => {
  const index = await indexSent(sent, (bytes) => progress(bytes, 0, 0));
  const sentById = (id: string) => {
    const known = index.byId.get(id);
    return known ? { recipients: known.recipients.map(({ addressKey }) => addressKey) } : null;
  };
  const found = new Map<string, BouncedMessage>();
  const untied: Untied[] = [];
  const counts = { sent: index.count, messages: 0, notices: 0, bounced: 0, hard: 0, soft: 0, pending: 0, untied: 0 };
  for await (const source of readSources(mailbox, { onRead: (bytes) => progress(bytes, counts.messages, counts.notices) })) {
    counts.messages++;
    if (triage(envelopeOf(source, "inbox"), { ownAddresses: new Set(), sentById }).verdict !== "suspect") continue;
    const report = inspectMail(source.bytes);
    if (report.verdict !== "bounce") continue;
    counts.notices++;
    counts.untied += takeNotice(source, report, index, found, untied);
  }
  const messages = [...found.values()].sort((one, other) => one.sentAt - other.sentAt);
  for (const { type } of messages.flatMap(({ bounced }) => bounced)) {
    counts.bounced++;
    if (type === "hard" || type === "soft" || type === "pending") counts[type]++;
  }
  return { counts, messages, untied };
};
