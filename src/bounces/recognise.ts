/** What kind of message this is, and who read it: by structure first, then by dialects, then by the signs of other kinds. */
import type { Dialect } from "./dialects/dialect.ts";
import { dialects } from "./dialects/dialects.ts";
import { firstValue } from "./envelope.ts";
import { lineAt } from "./evidence.ts";
import type { Finding } from "./finding.ts";
import { addressKey } from "./keys.ts";
import type { Notice } from "./notice.ts";
import { partText } from "./part-text.ts";
import { readBlocks } from "./read-blocks.ts";
import { readReply } from "./read-reply.ts";
import { readStatusPart, type StatusPart } from "./read-status.ts";
import {
  findingsOfField,
  findingsOfReturned,
  findingsOfStatus,
  mergeFindings,
  ownerKeys,
  repairSender,
  replyAbout,
  saysMore,
} from "./recipients.ts";
import type { Evidence, Kind } from "./report.ts";

/** A kind where no recipients are reported; `notice` where they are and their actions decide the kind. */
export type Recognition = {
  kind: Kind | "notice";
  format: string;
  findings: Finding[];
  status: StatusPart | null;
  evidence: Evidence[];
};

const nothing = (kind: Kind, format: string, because: string): Recognition => ({
  kind,
  format,
  findings: [],
  status: null,
  evidence: [{ step: kind, because }],
});

const header = (notice: Notice, name: string): string => firstValue(notice.fields, name) ?? "";

/** Auto-Submitted with any value but "no" (RFC 3834, section 5). */
const isAutoSubmitted = (notice: Notice): boolean => /^auto-/i.test(header(notice, "auto-submitted").trim());

const isMachine = (notice: Notice): boolean => notice.signs.length > 0;

const otherReports: Record<string, [Kind, string]> = {
  "message/feedback-report": ["abuse_report", "It holds an abuse report (RFC 5965)."],
  "application/tlsrpt+gzip": ["tls_report", "It holds a TLS report (RFC 8460)."],
  "application/tlsrpt+json": ["tls_report", "It holds a TLS report (RFC 8460)."],
};

/** The paragraph of the prose in which a server's reply code first stands, from that line on; else the whole prose. */
const saidInProse = (prose: string): string => {
  const lines = prose.slice(0, 20_000).split("\n");
  const first = lines.findIndex((line) => line.length < 2000 && readReply(line).code !== null);
  if (first < 0) return prose.slice(0, 2000);
  const rest = lines.slice(first, first + 10);
  const blank = rest.findIndex((line) => line.trim() === "");
  return rest.slice(0, blank < 0 ? rest.length : blank).join(" ");
};

/** A recipient without words of their own gets those of the notice, where they are about no other or about all. */
const withWords = (notice: Notice, found: Finding): Finding => {
  const said = saidInProse(notice.prose).replace(/\s+/g, " ").trim();
  return saysMore(said, found.diagnostic) ? { ...found, diagnostic: said } : found;
};

/** An MDN (RFC 8098) is a read receipt, except where a server used one to refuse a message (RFC 5429, section 2.1). */
const recogniseReceipt = (notice: Notice): Recognition => {
  const rejected = /rejected/i.test(header(notice, "auto-submitted")) || /automatically rejected/i.test(notice.prose);
  if (!rejected || !notice.returned)
    return nothing("read_receipt", "rfc8098", "It holds a disposition notification (RFC 8098): the mailbox took the message.");
  const found = findingsOfReturned(notice)
    .map((one) => ({ ...one, known: { reason: "rejected", rule: "rejected-mdn" } }))
    .map((one) => withWords(notice, one));
  return {
    kind: "notice",
    format: "rfc5429",
    findings: found,
    status: null,
    evidence: [
      { step: "rejected_mdn", because: "It is a disposition notification that says the message was rejected and returns it (RFC 5429)." },
    ],
  };
};

const readProse = ({ prose }: Notice): Finding[] => readBlocks(prose);

/** How much of the prose a dialect's opening words are looked for in. */
const headLength = 4000;

/**
 * Words the prose adds to a report whose status part gives no Diagnostic-Code, as OpenSMTPD's does. The prose is read once,
 * for the first recipient that needs it.
 */
const withProse = (notice: Notice, findings: Finding[]): Finding[] => {
  let blocks: Map<string, Finding> | null = null;
  const blockOf = (address: string): Finding | undefined => {
    if (!blocks) {
      const dialect = dialects.find(({ opening }) => opening.source !== "\\S" && opening.test(notice.prose.slice(0, headLength)));
      blocks = new Map(mergeFindings((dialect?.read ?? readProse)(notice)).map((block) => [addressKey(block.address), block]));
    }
    return blocks.get(addressKey(address)) ?? (blocks.size === 1 ? [...blocks.values()][0] : undefined);
  };
  return findings.map((found) => {
    if (found.diagnostic && !/^(?:smtp; ?)?\d{3}$/.test(found.diagnostic)) return found;
    const block = blockOf(found.address);
    return {
      ...found,
      originalAddress: found.originalAddress ?? (block?.address === found.address ? (block?.originalAddress ?? null) : null),
      diagnostic: block?.diagnostic ?? replyAbout(notice, found.address) ?? found.diagnostic,
    };
  });
};

const recogniseStatus = (notice: Notice): Recognition | null => {
  if (!notice.status) return null;
  const { parts, isReport } = notice.status;
  if (!isReport && !isMachine(notice) && !isAutoSubmitted(notice))
    return nothing(
      "forwarded_notice",
      "rfc3464",
      "It holds a delivery-status part, but is no report itself, and shows no sign of a machine.",
    );
  const status = readStatusPart(parts.map((part) => partText(notice.mail, part)).join("\n\n"));
  const findings = mergeFindings(repairSender(notice, findingsOfStatus(status)));
  if (findings.length === 0) return null;
  const because = isReport
    ? "It is a report with a delivery-status part (RFC 3464, 6533)."
    : "It holds a delivery-status part and shows signs of a machine.";
  return {
    kind: "notice",
    format: "rfc3464",
    findings: withProse(notice, findings),
    status,
    evidence: [{ step: "status_part", because }],
  };
};

/** A report whose MIME structure was lost on the way: its status fields stand in the text. */
const recogniseInlineStatus = (notice: Notice): Recognition | null => {
  const at = isMachine(notice) ? notice.prose.search(/^[ \t]*(?:reporting-mta|final-recipient)[ \t]*:/im) : -1;
  if (at < 0 || !/^[ \t]*final-recipient[ \t]*:/im.test(notice.prose)) return null;
  const status = readStatusPart(notice.prose.slice(at).replace(/^[ \t]+(?=[A-Z][\w-]+:)/gm, ""));
  const findings = mergeFindings(repairSender(notice, findingsOfStatus(status)));
  if (findings.length === 0) return null;
  const because = "It comes from a machine, and the fields of a delivery-status part stand in its text.";
  return {
    kind: "notice",
    format: "rfc3464-text",
    findings: withProse(notice, findings),
    status,
    evidence: [{ step: "status_text", because }],
  };
};

const dialectFindings = (dialect: Dialect, notice: Notice): Finding[] => {
  const owners = ownerKeys(notice);
  const field = findingsOfField(notice);
  const read = (dialect.read ?? readProse)(notice);
  const fieldKeys = new Set(field.map(({ address }) => addressKey(address)));
  const usable = read.filter(({ address }) => !owners.has(addressKey(address)) || fieldKeys.has(addressKey(address)));
  const known = usable.length > 0 ? usable : field.length > 0 ? field : findingsOfReturned(notice);
  const merged = mergeFindings(known).map((found) => ({ ...found, known: found.known ?? dialect.reason ?? null }));
  const sharesWords = merged.length === 1 || merged.every(({ diagnostic }) => diagnostic === null);
  return sharesWords ? merged.map((found) => withWords(notice, found)) : merged;
};

const openingWords = ({ name, opening }: Dialect, head: string): string => {
  const found = opening.exec(head);
  if (!found || opening.source === "\\S") return `It is read as ${name}: no writer's own opening stands in it.`;
  const words = found[0].replace(/\s+/g, " ").trim().slice(0, 100);
  return `Its words are those of ${name} notices: "${words}" in ${lineAt(head, found.index)}.`;
};

const recogniseDialect = (notice: Notice): Recognition | null => {
  const head = notice.prose.slice(0, headLength);
  for (const dialect of dialects) {
    if (!dialect.opening.test(head)) continue;
    if (!(dialect.also ? dialect.also.holds(notice) : isMachine(notice))) continue;
    const findings = dialectFindings(dialect, notice);
    if (findings.length === 0) continue;
    const delayed = dialect.delay?.test(notice.prose) ?? false;
    return {
      kind: "notice",
      format: dialect.name,
      findings: findings.map((found) => ({ ...found, action: found.action ?? (delayed ? "delayed" : "failed") })),
      status: null,
      evidence: [
        { step: "dialect", because: openingWords(dialect, head) },
        ...(dialect.also ? [{ step: "second_sign", because: dialect.also.because }] : []),
      ],
    };
  }
  return null;
};

const isAutoReply = (notice: Notice): boolean =>
  isAutoSubmitted(notice) ||
  ["x-autoreply", "x-autorespond", "x-auto-response-suppress", "x-autogenerated"].some((name) => notice.fields.has(name)) ||
  /auto[_-]?reply|junk/i.test(header(notice, "precedence")) ||
  /^(?:auto(?:matic)?[- :]|out of (?:the )?office|abwesenheit|absence|away|vacation)/i.test(notice.subject);

const heldWords =
  /\bheld (?:for|until|pending)\b|\b(?:on hold|waiting|awaits?) (?:for )?(?:\S+ )?(?:review|approval|moderat)|quarantined|kwarantann/i;

/** A gateway or a list that keeps a message back until somebody releases it: nothing has failed yet. */
const recogniseHeld = (notice: Notice): Recognition | null => {
  const automatic =
    isMachine(notice) || isAutoReply(notice) || /bulk|list/i.test(header(notice, "precedence")) || notice.fields.has("list-id");
  const head = notice.prose.slice(0, 1500);
  if (!automatic || !heldWords.test(`${notice.subject}\n${head}`) || readReply(head).code !== null) return null;
  return nothing("held", "text", "It says that a message is held until somebody releases it; nothing has failed yet.");
};

/** The kinds that are no notice of ours, from the signs each leaves. */
const recogniseOther = (notice: Notice): Recognition => {
  if (/challenge|confirm (?:that )?you|verify (?:that )?you/i.test(notice.prose.slice(0, 2000)) && isAutoReply(notice))
    return nothing("challenge", "text", "It asks the sender to prove to be a person.");
  if (isAutoReply(notice)) return nothing("auto_reply", "rfc3834", "It is an automatic answer: the mailbox took the message.");
  const quotes =
    notice.returned !== null || /^>? ?(?:final-recipient|diagnostic-code|reporting-mta):/im.test(notice.prose + notice.copy.slice(0, 5000));
  if (
    !isMachine(notice) &&
    quotes &&
    /undeliver|delivery|returned mail|failure notice/i.test(`${notice.subject} ${notice.prose.slice(0, 4000)}`)
  )
    return nothing("forwarded_notice", "text", "A person passes on or quotes a notice.");
  return nothing("ordinary", "none", "It shows no sign of a notice.");
};

/** Judges a message by structure, then dialect, then the signs of other kinds. */
export const recogniseNotice = (notice: Notice): Recognition => {
  const other = otherReports[notice.otherReport ?? ""];
  if (other) return nothing(other[0], "rfc6522", other[1]);
  if (notice.otherReport) return recogniseReceipt(notice);
  return (
    recogniseStatus(notice) ?? recogniseInlineStatus(notice) ?? recogniseHeld(notice) ?? recogniseDialect(notice) ?? recogniseOther(notice)
  );
};
