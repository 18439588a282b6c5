/** One outcome per recipient. Never the mailbox's owner, From or Reply-To. */
import { classify } from "./classify.ts";
import { firstValue } from "./envelope.ts";
import { type Finding, finding } from "./finding.ts";
import { addressKey, idKey } from "./keys.ts";
import type { Notice } from "./notice.ts";
import { decodeWords } from "./part-text.ts";
import { addressesIn, readMailboxes, typedAddress } from "./read-addresses.ts";
import { readDate } from "./read-date.ts";
import { readReply } from "./read-reply.ts";
import type { StatusFields, StatusPart } from "./read-status.ts";
import { type Command, headingReason, type Reason, reasonOf, refusedCommand } from "./reasons.ts";
import type { Action, RecipientOutcome } from "./report.ts";

const actions: Record<string, Action> = {
  failed: "failed",
  failure: "failed",
  fail: "failed",
  undeliverable: "failed",
  expired: "failed",
  delayed: "delayed",
  delay: "delayed",
  delivered: "delivered",
  deliverable: "delivered",
  relayed: "relayed",
  expanded: "expanded",
};

const statusCode = (value: string | undefined): string | null => /(?<!\d)([245]\.\d{1,3}\.\d{1,3})/.exec(value ?? "")?.[1] ?? null;

/** "dns; mx.customer.example (192.0.2.1)" without its type. */
export const withoutType = (value: string | undefined): string | null => value?.replace(/^[\w-]+\s*;\s*/, "").trim() || null;

const byClass: Record<string, Action> = { "2": "delivered", "4": "delayed", "5": "failed" };

/** A local program's exit code, and no word of why (RFC 3464 leaves the type open; Sendmail and Postfix write this one). */
const programExit = /^x-unix\s*;\s*\d{1,3}\s*$/i;

const readGroup = (group: StatusFields, index: number): Finding | null => {
  const final = typedAddress(group.get("final-recipient") ?? "");
  const written = typedAddress(group.get("original-recipient") ?? "");
  const actual = typedAddress(group.get("x-actual-recipient") ?? "");
  const address = [final, actual, written].find((one) => one.includes("@")) ?? (final || actual || written);
  if (!address) return null;
  const action = actions[(group.get("action") ?? "").toLowerCase().split(/[\s;(]/, 1)[0] ?? ""] ?? null;
  const status = statusCode(group.get("status"));
  const comment = /\(([^()]{4,200})\)/.exec(group.get("status") ?? "")?.[1] ?? null;
  const diagnostic = group.get("diagnostic-code");
  return finding(address, withoutType(diagnostic) ?? comment, {
    where: `group ${index + 1} of the delivery-status part`,
    known: programExit.test(diagnostic ?? "") ? { reason: "mailererror", rule: "local-program-exit" } : null,
    originalAddress: written.includes("@") && addressKey(written) !== addressKey(address) ? written : null,
    action: action ?? byClass[status?.[0] ?? ""] ?? null,
    status: /^expired/i.test(group.get("action") ?? "") ? (status ?? "4.4.7") : status,
    remoteMta: withoutType(group.get("remote-mta")),
    willRetryUntil: readDate(group.get("will-retry-until")),
  });
};

/** The findings of a status part's groups. */
export const findingsOfStatus = (status: StatusPart): Finding[] =>
  status.recipients.map(readGroup).filter((found): found is Finding => found !== null);

/** The findings of an X-Failed-Recipients field. */
export const findingsOfField = (notice: Notice): Finding[] =>
  (notice.fields.get("x-failed-recipients") ?? [])
    .flatMap((value) => addressesIn(value))
    .map((address) => finding(address, null, { where: "the X-Failed-Recipients field" }));

const mailboxAddresses = (values: readonly string[] | undefined): string[] =>
  (values ?? [])
    .flatMap((value) => readMailboxes(decodeWords(value)))
    .map(({ address }) => address)
    .filter((address) => address.includes("@"));

/** The single recipient the returned message names; none when it names several, for one of them may have got it. */
export const findingsOfReturned = (notice: Notice): Finding[] => {
  const fields = notice.letter?.fields;
  const named = mailboxAddresses([...(fields?.get("to") ?? []), ...(fields?.get("cc") ?? [])]);
  return named.length === 1 && named[0] ? [finding(named[0], null, { where: "the returned message, as its only recipient" })] : [];
};

/** What can never be the failed recipient: the notice's own To, From and Reply-To, the letter's sender, and its Message-ID. */
export const ownerKeys = (notice: Notice): Set<string> => {
  const own = ["to", "from", "reply-to"].flatMap((name) => mailboxAddresses(notice.fields.get(name)));
  const letter = notice.letter?.fields;
  const written = new Set(mailboxAddresses([...(letter?.get("to") ?? []), ...(letter?.get("cc") ?? [])]).map(addressKey));
  const senders = mailboxAddresses(letter?.get("from")).filter((address) => !written.has(addressKey(address)));
  return new Set([...own, ...senders, idKey(letter?.get("message-id")?.[0])].map(addressKey));
};

/** A broken writer puts the sender into Final-Recipient: then the returned message's single recipient is meant. */
export const repairSender = (notice: Notice, findings: Finding[]): Finding[] => {
  const fields = notice.letter?.fields;
  const [only] = findings;
  if (!fields || !only || findings.length > 1) return findings;
  const sender = addressKey(mailboxAddresses(fields.get("from"))[0] ?? "");
  const written = findingsOfReturned(notice)[0]?.address;
  if (addressKey(only.address) !== sender || !written || addressKey(written) === sender) return findings;
  return [{ ...only, address: written }];
};

/** A server's reply with a code says more than prose, and prose more than nothing. */
export const saysMore = (one: string | null, other: string | null): boolean => {
  if (!one || !other) return one !== null;
  const coded = (text: string): boolean => {
    const { code, status } = readReply(text);
    return code !== null || status !== null;
  };
  return coded(one) && !coded(other);
};

/** One finding per address: the later of two groups (another server tried) adds what the first does not know. */
export const mergeFindings = (findings: Finding[]): Finding[] => {
  const merged = new Map<string, Finding>();
  for (const found of findings) {
    const key = addressKey(found.address);
    const known = merged.get(key);
    if (!known) merged.set(key, found);
    else
      merged.set(key, {
        ...known,
        originalAddress: known.originalAddress ?? found.originalAddress,
        action:
          known.action === "failed" || found.action === null
            ? known.action
            : found.action === "failed"
              ? "failed"
              : (known.action ?? found.action),
        status: known.status ?? found.status,
        diagnostic: saysMore(found.diagnostic, known.diagnostic) ? found.diagnostic : known.diagnostic,
        remoteMta: known.remoteMta ?? found.remoteMta,
      });
  }
  return [...merged.values()];
};

/** What the first of the notice's prose says about an address: the lines from where it stands to the next blank line. */
export const replyAbout = ({ prose }: Notice, address: string): string | null => {
  const head = prose.slice(0, 8000);
  const at = head.toLowerCase().indexOf(address.toLowerCase());
  if (at < 0) return null;
  const words = head.slice(head.lastIndexOf("\n", at) + 1).slice(0, 1500);
  const said = (words.split("\n\n", 1)[0] ?? "").replace(/\s+/g, " ").trim();
  return said.replace(/^<|>$/g, "").toLowerCase() === address.toLowerCase() ? null : said;
};

const usedUp =
  /retry time(?:out)? (?:was |has been )?exceeded|envelope expired|queue\.expired|message expired|expired after|giv(?:e|ing|en) up|could not be delivered for|not be delivered within|has expired|delivery time .*expired/i;
const keepsTrying =
  /will (?:continue|keep|be retried|retry|try)|still (?:trying|being)|warning message only|do not need to resend|not yet been|attempts will|further attempts|not.{0,20}yet/i;

/** A delay that says its time is used up is a failure; a warning that goes on trying is not. */
const finalAction = (found: Finding, prose: string, noticeDate: number | null): Action => {
  if (found.action !== "delayed") return found.action ?? "failed";
  const said = `${found.diagnostic ?? ""} ${prose.slice(0, 3000)}`;
  const triesOn = (found.willRetryUntil !== null && found.willRetryUntil > (noticeDate ?? 0)) || keepsTrying.test(said);
  return !triesOn && (found.status === "4.4.7" || usedUp.test(said)) ? "failed" : "delayed";
};

/** "5.0.0" says no more than that it failed. */
const isVague = (status: string): boolean => status.endsWith(".0.0");

const preciseStatus = (status: string | null): string | null => (status && !isVague(status) ? status : null);

const saysNothing = ({ rule }: Reason): boolean => rule === "no-rule" || rule === "no-words";

const notPlain = (reason: Reason): boolean => reason.rule === "user-unknown" || saysNothing(reason);

/** A client's line in a transcript and the refusal below it (Sendmail, Courier). */
const transcript = /^>>> (helo|ehlo|mail|rcpt|data)\b[^\n]*\n(?:<<< |\s*)[45]\d\d/im;

/** The refused command, where only the prose names it: about this address, at most 1,000 characters on. */
const commandInProse = ({ prose }: Notice, { address, diagnostic }: Finding): Command | null => {
  if (refusedCommand(diagnostic ?? "")) return null;
  const at = prose.slice(0, 20_000).indexOf(address);
  if (at < 0) return null;
  const words = prose.slice(at, at + 1000);
  const end = words.indexOf("\n\n", 1);
  const own = refusedCommand(end < 0 ? words : words.slice(0, end));
  return own ?? refusedCommand(`after ${transcript.exec(prose.slice(0, 4000))?.[1] ?? ""}`);
};

/** The reason by the recipient's own words; by the notice's prose where those say nothing and no other recipient is concerned. */
const whyFailed = (notice: Notice, found: Finding, status: string | null, alone: boolean): Reason => {
  if (found.known) return found.known;
  const said = reasonOf(status, found.diagnostic, alone ? commandInProse(notice, found) : null);
  if (notPlain(said) && (status === null || isVague(status))) {
    const heading = headingReason(notice.prose);
    if (heading) return heading;
  }
  if (!saysNothing(said)) return said;
  // A reply with a code that no rule knows stays unknown: the prose around it is the sending server's, not the refusing one's.
  const told = alone && readReply(found.diagnostic ?? "").code === null ? reasonOf(status, notice.prose.slice(0, 2000)) : said;
  if (!saysNothing(told)) return told;
  return found.action === "delayed" ? { reason: "expired", rule: "delay-without-reason" } : said;
};

/** A finding, judged: the outcome, and what the reason was decided by. */
export type Judged = { outcome: RecipientOutcome; where: string | null; heard: string | null };

/** Judges a finding: action, codes, reason, category and type. `alone`: the notice is about no other recipient. */
export const judge = (notice: Notice, found: Finding, alone: boolean): Judged => {
  const diagnostic = found.diagnostic;
  const reply = readReply(diagnostic ?? "");
  const action = finalAction(found, notice.prose, readDate(firstValue(notice.fields, "date")));
  const status = found.status && !isVague(found.status) ? found.status : (preciseStatus(reply.status) ?? found.status ?? reply.status);
  const failed = action === "failed" || action === "delayed";
  const why = failed ? whyFailed(notice, found, status, alone) : { reason: null, rule: `action-${action}` };
  const facts = { action, status, smtpCode: reply.code, reason: why.reason, rule: why.rule, diagnostic };
  const outcome = {
    address: found.address,
    originalAddress: found.originalAddress,
    ...facts,
    ...classify(facts),
    remoteMta: found.remoteMta,
    willRetryUntil: found.willRetryUntil,
  };
  return { outcome, where: found.where, heard: "heard" in why ? (why.heard ?? null) : null };
};
