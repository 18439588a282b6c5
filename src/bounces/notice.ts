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
  /** The outermost delivery-status part, and whether it stands within a multipart/report. */
  status: { part: Part; inReport: boolean } | null;
  /** Media types of the outermost report's second part that are other kinds of report. */
  otherReport: string | null;
};

const returnedTypes = new Set([
  "message/rfc822",
  "message/global",
  "text/rfc822-headers",
  "message/global-headers",
  "message/rfc822-headers",
]);
const statusTypes = new Set(["message/delivery-status", "message/global-delivery-status"]);
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

/** Whether a copied header block begins at this line: a run of at least two fields, one of them strong. */
const headerRunAt = (lines: string[], index: number): boolean => {
  let fields = 0;
  let strong = 0;
  for (const line of lines.slice(index, index + 40)) {
    if (anyField.test(line)) {
      fields++;
      if (strongField.test(line)) strong++;
    } else if (!/^[ \t]+\S/.test(line) || fields === 0) break;
    if (strong > 0 && fields > 1) return true;
  }
  return false;
};

/** Cuts a notice's text where the copy of the original begins. */
const splitCopy = (text: string): { prose: string; copy: string } => {
  const lines = text.split("\n");
  let at = 0;
  for (const [index, line] of lines.entries()) {
    if (anyField.test(line) && headerRunAt(lines, index)) return { prose: text.slice(0, at), copy: text.slice(at) };
    at += line.length + 1;
  }
  return { prose: text, copy: "" };
};

/** The parts of the notice's own text: leaves before the first machine-readable or returned part. */
const ownText = (mail: Mail): string => {
  const plain: string[] = [];
  let html = "";
  for (const part of walkParts(mail.root)) {
    if (statusTypes.has(part.type) || returnedTypes.has(part.type)) continue;
    if (part.type === "text/html" && html === "") html = htmlText(partText(mail, part));
    else if (part.type === "text/plain" || (part.type.startsWith("text/") && part.type !== "text/html")) plain.push(partText(mail, part));
  }
  const text = plain.join("\n\n");
  return text.trim() === "" ? html : text;
};

const findStatus = (root: Part): Notice["status"] => {
  const search = (part: Part, inReport: boolean): Notice["status"] => {
    if (statusTypes.has(part.type)) return { part, inReport };
    const within = inReport || part.type === "multipart/report";
    for (const child of part.parts) {
      const found = search(child, within);
      if (found) return found;
    }
    return null;
  };
  return search(root, false);
};

/** Looks at a message once, for all rules. */
export const readNotice = (mail: Mail): Notice => {
  const fields = mail.root.fields;
  const parts = [...walkParts(mail.root)];
  const { prose, copy } = splitCopy(ownText(mail));
  return {
    mail,
    fields,
    from: decodeWords(firstValue(fields, "from") ?? ""),
    subject: decodeWords(firstValue(fields, "subject") ?? ""),
    signs: machineSigns(fields),
    prose,
    copy,
    returned: parts.find((part) => returnedTypes.has(part.type)) ?? null,
    status: findStatus(mail.root),
    otherReport: parts.find((part) => otherReports.has(part.type))?.type ?? null,
  };
};

/** The header fields of the returned original, from its part or from the copy in the text; null where nothing was returned. */
export const returnedFields = (notice: Notice): { fields: HeaderFields; foundIn: string } | null => {
  if (notice.returned) {
    const text = partText(notice.mail, notice.returned).replace(/^\n+/, "");
    const { fields, count } = readHeaderBlock(text);
    if (count > 0) return { fields, foundIn: notice.returned.type };
  }
  if (notice.copy === "") return null;
  return { fields: readHeaderBlock(notice.copy).fields, foundIn: "text" };
};
