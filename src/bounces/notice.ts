/** A message as the rules look at it: its header facts, its own words, and the copy of the original it returns. */
import type { HeaderFields } from "./envelope.ts";
import { firstValue } from "./envelope.ts";
import { readHeaderBlock } from "./header-fields.ts";
import type { MachineSign } from "./machine-signs.ts";
import { machineSigns } from "./machine-signs.ts";
import { decodeWords, htmlText, partText } from "./part-text.ts";
import type { Mail, Part } from "./read-mail.ts";
import { walkParts } from "./read-mail.ts";

export type Notice = {
  mail: Mail;
  fields: HeaderFields;
  /** From and Subject with their encoded words read. */
  from: string;
  subject: string;
  signs: MachineSign[];
  /** What the notice itself says, as text: up to where a copy of the original begins. */
  prose: string;
  /** The copy of the original that stands in the text after the prose: header fields and the first of the body. "" without one. */
  copy: string;
  /** The part that returns the original (message/rfc822, text/rfc822-headers), if there is one. */
  returned: Part | null;
  /** The header of the returned original, and where it was found; null where nothing was returned. */
  letter: { fields: HeaderFields; head: string; foundIn: string } | null;
  /** The delivery-status parts (some writers make one per recipient), and whether the message itself is the report, at most signed. */
  status: { parts: Part[]; isReport: boolean } | null;
  /** Media types of the outermost report's second part that are other kinds of report. */
  otherReport: string | null;
};

export const returnedTypes = new Set([
  "message/rfc822",
  "message/global",
  "message/partial",
  "text/rfc822-headers",
  "message/global-headers",
  "message/rfc822-headers",
]);
export const statusTypes = new Set(["message/delivery-status", "message/global-delivery-status"]);
const otherReports = new Set([
  "message/disposition-notification",
  "message/global-disposition-notification",
  "message/feedback-report",
  "application/tlsrpt+gzip",
  "application/tlsrpt+json",
]);

/** Fields that only a copied header block holds; a notice's own "To:, Subject:, Sent:" summary has none of them. */
const strongField =
  /^(?:received|message-id|return-path|mime-version|dkim-signature|content-type|content-transfer-encoding|delivered-to|x-mailer|references|in-reply-to|authentication-results|arc-seal|x-received|user-agent)[ \t]*:/i;
const anyField = /^[A-Za-z][A-Za-z0-9-]*[ \t]*:/;

/** Prefixes a copy can be quoted or indented by. Without a ">" only these fields begin one: summaries are indented too. */
const prefixOf = (line: string): string => /^(?:[ \t]*>[ >]*|[ \t]{1,8}(?=(?:return-path|received)[ \t]*:))/i.exec(line)?.[0] ?? "";

/** Whether a copied header block begins at this line: a run of at least two fields, one of them strong. */
const headerRunAt = (lines: string[], index: number, prefix: string): boolean => {
  let fields = 0;
  let strong = 0;
  for (const whole of lines.slice(index, index + 40)) {
    if (prefix !== "" && !whole.startsWith(prefix.trimEnd())) break;
    const line = whole.slice(prefix.length);
    if (anyField.test(line)) {
      fields++;
      if (strongField.test(line)) strong++;
    } else if (!/^[ \t]+\S/.test(line) || fields === 0) break;
    if (strong > 0 && fields > 1) return true;
  }
  return false;
};

/** The header block that lines from `index` on hold, without their prefix, up to a blank line. */
const copiedHead = (lines: string[], index: number, prefix: string): string => {
  const head: string[] = [];
  for (const line of lines.slice(index, index + 1000)) {
    const bare = line.startsWith(prefix) ? line.slice(prefix.length) : line.replace(/^[ \t>]+/, "");
    if (bare.trim() === "") break;
    head.push(bare);
  }
  return head.join("\n");
};

/** Cuts a notice's text where the copy of the original begins, and of the copy keeps the header block. */
export const splitCopy = (text: string): { prose: string; copy: string; lines: number } => {
  const lines = text.split("\n");
  let at = 0;
  for (const [index, line] of lines.entries()) {
    const prefix = line.length < 2000 && line.includes(":") ? prefixOf(line) : "";
    if (anyField.test(line.slice(prefix.length)) && headerRunAt(lines, index, prefix)) {
      const copy = copiedHead(lines, index, prefix);
      return { prose: text.slice(0, at), copy, lines: index + copy.split("\n").length };
    }
    at += line.length + 1;
  }
  return { prose: text, copy: "", lines: lines.length };
};

/** The parts of the notice's own text: leaves before the first machine-readable or returned part. */
const ownText = (mail: Mail): string => {
  const plain: string[] = [];
  let html: Part | null = null;
  for (const part of walkParts(mail.root)) {
    if (statusTypes.has(part.type) || returnedTypes.has(part.type) || !part.type.startsWith("text/")) continue;
    if (part.type === "text/html") html ??= part;
    else plain.push(partText(mail, part));
  }
  const text = plain.join("\n\n");
  return text.trim() === "" && html ? htmlText(partText(mail, html)) : text;
};

const findStatus = (root: Part): Notice["status"] => {
  const parts = [...walkParts(root)].filter(({ type }) => statusTypes.has(type));
  const body = root.type === "multipart/signed" ? root.parts[0] : root;
  return parts.length > 0 ? { parts, isReport: body === parts[0] || body?.type === "multipart/report" } : null;
};

/** Headers stand at the beginning; more of a returned part is never read. */
const longestHead = 100_000;

/** The head of a returned part: what stands before its first blank line. Its letter is nobody's business. */
const headOf = (mail: Mail, part: Part): string => {
  const text = partText(mail, part, longestHead).replace(/^\s*\n/, "");
  const end = text.search(/\n[ \t]*\n/);
  return end < 0 ? text : text.slice(0, end);
};

/** The letter the notice returns, from its part, else from the copy in the text. */
const readLetter = (mail: Mail, returned: Part | null, copy: string): Notice["letter"] => {
  const head = returned ? headOf(mail, returned) : "";
  const { fields, count } = readHeaderBlock(head);
  if (returned && count > 0) return { fields, head, foundIn: returned.type };
  return copy === "" ? null : { fields: readHeaderBlock(copy).fields, head, foundIn: "text" };
};

/** Looks at a message once, for all rules. */
export const readNotice = (mail: Mail): Notice => {
  const fields = mail.root.fields;
  const parts = [...walkParts(mail.root)];
  const { prose, copy } = splitCopy(ownText(mail));
  const returned = parts.find((part) => returnedTypes.has(part.type)) ?? null;
  return {
    mail,
    fields,
    from: decodeWords(firstValue(fields, "from") ?? ""),
    subject: decodeWords(firstValue(fields, "subject") ?? ""),
    signs: machineSigns(fields),
    prose,
    copy,
    returned,
    letter: readLetter(mail, returned, copy),
    status: findStatus(mail.root),
    otherReport: parts.find((part) => otherReports.has(part.type))?.type ?? null,
  };
};
