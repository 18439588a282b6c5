/**
 * A copy of a notice that can be sent with a bug report: addresses, names, subjects, ids, hosts and IP addresses are replaced, each
 * by the same stand-in wherever it stands; the tree of parts, the names of the fields and the server's words stay. Everything is
 * read and written anew as UTF-8, so that nothing hides in an encoding. What people write in a server's sentence without any sign
 * (a company's name, say) cannot be told from the server's own words.
 */
import { cutNotice } from "./cut-notice.ts";
import { firstValue, type HeaderFields } from "./envelope.ts";
import { rawText } from "./header-fields.ts";
import { isMachineFrom } from "./machine-signs.ts";
import { readNotice, splitCopy } from "./notice.ts";
import { noticeSubject } from "./notice-subjects.ts";
import { decodeWords, partText } from "./part-text.ts";
import { readMailboxes } from "./read-addresses.ts";
import { type Part, readContentType, readMail, walkParts } from "./read-mail.ts";
import { createRedactor, type Known, type Redactor } from "./redact-words.ts";

const personFields = ["from", "to", "cc", "bcc", "sender", "reply-to"] as const;
const subjectFields = ["subject", "thread-topic"] as const;

/** Values that say nothing of anybody. */
const plainFields = new Set(
  `mime-version auto-submitted precedence date action status arrival-date last-attempt-date will-retry-until content-description
  x-ms-exchange-message-is-ndr content-language x-auto-response-suppress importance priority x-priority disposition`.split(/\s+/),
);

/** Values that are read, with what names people replaced. All other values are not kept. */
const readFields = new Set(
  `return-path message-id in-reply-to references received-spf authentication-results x-failed-recipients reporting-mta remote-mta
  final-recipient original-recipient diagnostic-code delivered-to x-original-to x-postfix-sender received-from-mta dsn-gateway
  x-dsncontext x-mc-system x-mimecast-originator x-actual-recipient x-supplementary-info x-original-message-id original-message-id
  x-microsoft-original-message-id x-google-original-message-id list-id final-mta original-envelope-id x-postfix-queue-id`.split(/\s+/),
);

const keptParameters = new Set(["charset", "report-type", "format", "delsp", "protocol", "type"]);

/** What stands behind a notice's title and is no letter's subject. */
const titleWords =
  /^(?:[\s:()\-,.*]|mail|message|returned|returning|return|to|sender|system|delivery|status|notification|failure|failed|delayed|still|being|retried|report|not|could|be|undeliverable|undelivered|error|for|more|than|hours?|\d{1,3}|warning|no|action|required)*$/i;

const redactTitle = (value: string, redactor: Redactor): string => {
  const title = noticeSubject.exec(value)?.[0] ?? /^(?:auto(?:matic)?[- :]|out of (?:the )?office)/i.exec(value)?.[0] ?? "";
  const rest = value.slice(title.length);
  if (title !== "" && titleWords.test(title + rest)) return value;
  return rest.trim() === ""
    ? redactor.words(title)
    : `${redactor.words(title)}${/^\s*[:：]/.test(rest) ? ": " : " "}${redactor.subject(rest.replace(/^\s*[:：]\s*/, ""))}`;
};

const redactPeople = (value: string, redactor: Redactor): string => {
  if (isMachineFrom(value) || /^\s*[\w-]+:\s*;\s*$/.test(value)) return redactor.words(value);
  return readMailboxes(value)
    .map(({ name, address }) =>
      name === "" ? `<${redactor.address(address)}>` : `${redactor.person(name)} <${redactor.address(address)}>`,
    )
    .join(", ");
};

/** From where to where, and when. */
const redactReceived = (value: string, redactor: Redactor): string => {
  const from = /^\s*from\s+(\S+)/i.exec(value)?.[1];
  const by = /\bby\s+(\S+)/i.exec(value)?.[1];
  const date = value.includes(";") ? value.slice(value.lastIndexOf(";")) : "";
  return `${from ? `from ${redactor.host(from)} ` : ""}by ${redactor.host(by ?? "?")}${redactor.words(date)}`;
};

const redactValue = (name: string, value: string, redactor: Redactor, letter: boolean): string => {
  const read = decodeWords(value);
  if (plainFields.has(name)) return read;
  if ((personFields as readonly string[]).includes(name)) return redactPeople(read, redactor);
  if ((subjectFields as readonly string[]).includes(name)) return letter ? redactor.subject(read) : redactTitle(read, redactor);
  if (name === "received") return redactReceived(read, redactor);
  if (name === "content-type") return readContentType(read).type;
  return readFields.has(name) ? redactor.words(read) : "redacted";
};

/** Lines of fields: a header, or a report's. Other lines are kept as text. */
const redactFields = (text: string, redactor: Redactor, letter: boolean): string =>
  text
    .replace(/\n[ \t]+(?=\S)/g, " ")
    .split("\n")
    .map((line) => {
      const field = /^([!-9;-~]{1,100})[ \t]*:(.*)$/s.exec(line);
      if (!field) return redactor.words(line);
      const [, name = "", value = ""] = field;
      return `${name}: ${redactValue(name.toLowerCase(), value.trim(), redactor, letter)}`;
    })
    .join("\n");

const encodedWords = /(?:=\?[^?\s]{1,60}\?[bq]\?[^?\s]{0,400}\?=\s*)+/gi;
const subjectLine = /^([ \t>|*]*(?:original )?(?:subject|thread-topic)[ \t]*:[ \t]*)(\S.*)$/gim;

/** A copied header without what it is quoted or indented by. */
const unquoted = (copy: string): string => {
  const [prefix = ""] = /^[ \t>]*/.exec(copy) ?? [];
  return prefix === ""
    ? copy
    : copy
        .split("\n")
        .map((line) => (line.startsWith(prefix) ? line.slice(prefix.length) : line))
        .join("\n");
};

/** A text; what looks like a subject's line in it is one, and a copy of the letter's header is one too. */
const redactText = (text: string, redactor: Redactor): string => {
  const { prose, copy, lines } = splitCopy(text);
  const words = prose.replace(encodedWords, (run) => `${decodeWords(run.trim())}${/\s*$/.exec(run)?.[0] ?? ""}`);
  const said = redactor.words(words.replace(subjectLine, (_, name: string, value: string) => `${name}${redactor.subject(value)}`));
  return copy === ""
    ? said
    : said + redactFields(unquoted(text.split("\n").slice(0, lines).join("\n").slice(prose.length)), redactor, true);
};

const people = (fields: HeaderFields): string[] => personFields.flatMap((name) => fields.get(name) ?? []).map(decodeWords);

/** Redacts a message, of a returned letter its header. One that cannot be read comes back empty. */
export const redactNotice = (bytes: Uint8Array): Uint8Array => {
  const mail = readMail(cutNotice(bytes));
  if ("unreadable" in mail) return new Uint8Array();
  const notice = readNotice(mail);
  const parts = [...walkParts(mail.root)];
  const letter = notice.letter?.fields ?? new Map<string, string[]>();
  const known: Known = {
    people: [...people(notice.fields), ...people(letter)],
    subjects: subjectFields.flatMap((name) => letter.get(name) ?? []).map(decodeWords),
    texts: [
      ...parts.map(({ from, start }) => rawText(mail.text.slice(from, start)).split("\n").map(decodeWords).join("\n")),
      ...parts.filter(({ type }) => isText(type)).map((part) => partText(mail, part)),
    ],
  };
  const redactor = createRedactor(known);
  let boundaries = 0;

  const head = (part: Part, type: string): string => {
    const parameters = [...part.params].filter(([name]) => keptParameters.has(name) && name !== "charset");
    const content = [type, ...parameters.map(([name, value]) => `${name}="${redactor.words(value)}"`)].join("; ");
    const lines = redactFields(rawText(mail.text.slice(part.from, part.start)), redactor, false)
      .split("\n")
      .filter((line) => line.trim() !== "" && !/^(?:content-type|content-transfer-encoding|content-disposition)[ \t]*:/i.test(line));
    return [
      ...lines,
      ...(firstValue(part.fields, "content-type") === null && part.parts.length === 0 ? [] : [`Content-Type: ${content}`]),
    ].join("\n");
  };

  const write = (part: Part): string => {
    // One that lost its Content-Type is read as one text, as the parser does.
    if (part.parts.length > 0 && part.type.startsWith("multipart/")) {
      const boundary = `=_part_${++boundaries}`;
      const inner = part.parts.map((one) => `--${boundary}\n${write(one)}\n`).join("");
      return `${head(part, `${part.type}; boundary="${boundary}"`)}\n\n${inner}--${boundary}--\n`;
    }
    if (!isText(part.type)) return `${head(part, part.type)}\n\n`;
    const text = partText(mail, part);
    const letterHead = part.type.startsWith("message/") || part.type.endsWith("headers");
    const body = letterHead ? redactFields(text, redactor, true) : redactText(text, redactor);
    return `${head(part, `${part.type}; charset=utf-8`)}\nContent-Transfer-Encoding: 8bit\n\n${body}`;
  };

  return new Uint8Array(Buffer.from(write(mail.root).replaceAll("\n", "\r\n"), "utf8"));
};

/** What is text for people or fields; all else is left out. */
const isText = (type: string): boolean => type.startsWith("text/") || type.startsWith("message/");
