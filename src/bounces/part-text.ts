/** Text of parts and header values: transfer encodings (RFC 2045, section 6), charsets, encoded words (RFC 2047), HTML. */
import iconv from "iconv-lite";
import libmime from "libmime";
import { firstValue } from "./envelope.ts";
import { lineEnds, rawText } from "./header-fields.ts";
import type { Mail, Part } from "./read-mail.ts";

/** A notice says what it has to say early; more of one part is never read. */
const longestText = 400_000;

const quotedPrintable = (source: string): string =>
  source
    .replace(/(?<![ \t])[ \t]+$/gm, "")
    .replace(/=\n/g, "")
    .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

const withoutTransferEncoding = (source: string, encoding: string): string => {
  if (encoding === "quoted-printable") return quotedPrintable(source);
  if (encoding === "base64") return Buffer.from(source, "base64").toString("latin1");
  return source;
};

/** Bytes in a charset as text; null for a charset nobody knows. iconv-lite lacks ISO-2022-JP, which the runtime knows. */
const decode = (latin1: string, charset: string): string | null => {
  const bytes = Buffer.from(latin1, "latin1");
  if (/^(?:cs)?iso-?2022-?jp/.test(charset)) return new TextDecoder("iso-2022-jp").decode(bytes);
  return iconv.encodingExists(charset) ? iconv.decode(bytes, charset) : null;
};

/** Latin1-held bytes as text in `charset`. Without one, or with one nobody knows, UTF-8 where valid, else Windows-1252. */
const inCharset = (latin1: string, charset: string | undefined): string => {
  const name = (charset ?? "").toLowerCase();
  // These write letters in ASCII bytes, behind escapes or between NULs.
  if (/^(?:cs)?(?:iso-?2022|utf-?16|utf-?32|utf-?7)/.test(name)) return decode(latin1, name) ?? latin1;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: asks whether any byte is above ASCII
  if (!/[^\x00-\x7f]/.test(latin1)) return latin1;
  const asUtf8 = rawText(latin1);
  if (name === "" || /^utf-?8$|ascii/.test(name)) return asUtf8;
  const text = decode(latin1, name);
  return text === null || text.includes("\ufffd") ? asUtf8 : text;
};

/** A part's body as text with LF line ends; at most `limit` bytes of it. */
export const partText = (mail: Mail, part: Part, limit = longestText): string => {
  const encoding = (firstValue(part.fields, "content-transfer-encoding") ?? "").toLowerCase().split(/[\s;]/, 1)[0] ?? "";
  const plain = withoutTransferEncoding(mail.text.slice(part.start, Math.min(part.end, part.start + limit)), encoding);
  const text = inCharset(plain, part.params.get("charset"));
  return text.includes("\r") ? text.replace(lineEnds, "\n") : text;
};

/** A header value with its encoded words read. */
export const decodeWords = (value: string): string =>
  value.includes("=?") ? libmime.decodeWords(value.slice(0, 4000)).replace(/\s+/g, " ").trim() : value;

const entities = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["amp", "&"],
  ["quot", '"'],
  ["apos", "'"],
  ["nbsp", " "],
]);

const entity = (whole: string, name: string): string => {
  const known = entities.get(name.toLowerCase());
  if (known !== undefined) return known;
  if (name[0] !== "#") return whole;
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10);
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
};

/** Elements that begin a new line in what a reader sees. */
const lineElement = /^\/?(?:br|p|div|tr|table|h[1-6]|li|ul|ol|hr|pre|td|blockquote)\b/i;

/** What a reader sees of an HTML text, roughly: a line per block, entities read, styles and scripts left out. Linear. */
export const htmlText = (html: string): string => {
  let text = "";
  let hidden = "";
  for (const [index, piece] of html.split("<").entries()) {
    const close = index === 0 ? -1 : piece.indexOf(">");
    const tag = index === 0 ? "" : piece.slice(0, close < 0 ? piece.length : close);
    const opened = /^(style|script|head|title)\b/i.exec(tag)?.[1]?.toLowerCase();
    if (hidden && tag.toLowerCase().startsWith(`/${hidden}`)) hidden = "";
    else if (!hidden && opened) hidden = opened;
    if (hidden) continue;
    if (lineElement.test(tag)) text += "\n";
    text += index === 0 ? piece : piece.slice(close < 0 ? piece.length : close + 1);
  }
  return text
    .replace(/&(#?\w{1,10});/g, entity)
    .replace(/[ \t\u00a0]+/g, " ")
    .replace(/ ?\n ?/g, "\n");
};
