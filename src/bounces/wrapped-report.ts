/**
 * A gateway that forwards another server's report inside a notice of its own, attached or pasted as text. Only a machine's
 * notice that reports nothing itself is looked through: a person's forward stays a forward.
 */
import { firstValue } from "./envelope.ts";
import { type Notice, readNotice, splitCopy } from "./notice.ts";
import type { Mail, Part } from "./read-mail.ts";
import { readMail } from "./read-mail.ts";

const isReport = (contentType: string | null): boolean =>
  /^\s*multipart\/report\b/i.test(contentType ?? "") && /delivery-status/i.test(contentType ?? "");

const isIdentity = (part: Part): boolean => /^(?:7bit|8bit|binary|)\s*$/i.test(firstValue(part.fields, "content-transfer-encoding") ?? "");

/** The bytes of the report inside: the returned part's, or those of the text from its copied header on. */
const innerBytes = ({ mail, returned }: Notice): Uint8Array | null => {
  const part = returned ?? textPart(mail);
  if (!part || !isIdentity(part)) return null;
  const raw = mail.text.slice(part.start, part.end);
  return Buffer.from(returned ? raw : raw.slice(splitCopy(raw).prose.length), "latin1");
};

const textPart = ({ root }: Mail): Part | null => (root.parts.length === 0 && root.type === "text/plain" ? root : null);

/** The notice inside a notice, or null. */
export const wrappedReport = (notice: Notice): Notice | null => {
  const type = notice.letter ? firstValue(notice.letter.fields, "content-type") : null;
  if (notice.signs.length === 0 || notice.status || notice.otherReport || !isReport(type)) return null;
  const bytes = innerBytes(notice);
  const mail = bytes ? readMail(bytes) : null;
  const inner = mail && !("unreadable" in mail) ? readNotice(mail) : null;
  return inner?.status ? inner : null;
};
