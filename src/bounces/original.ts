/** What a notice says about the message it is about. The notice's own Message-ID is never an answer. */
import type { HeaderFields } from "./envelope.ts";
import { firstValue } from "./envelope.ts";
import { idKey } from "./keys.ts";
import type { Notice } from "./notice.ts";
import { decodeWords } from "./part-text.ts";
import { readMailboxes } from "./read-addresses.ts";
import { readDate } from "./read-date.ts";
import type { StatusPart } from "./read-status.ts";
import type { Original } from "./report.ts";

/** The ids of a References or In-Reply-To value, at most 500, each with its brackets. */
export const readIds = (value: string | null): string[] =>
  (value ?? "")
    .slice(0, 100_000)
    .match(/<[^<>\s]{1,900}>/g)
    ?.slice(0, 500) ?? [];

/** A Message-ID value with its brackets; some programs write ids without any, some break a long one over two lines. */
export const readMessageId = (value: string | null): string | null => {
  const text = (value ?? "").slice(0, 2000).trim();
  const bracketed = /<([^<>]+)>/.exec(text)?.[1]?.replace(/\s+/g, "");
  if (bracketed) return `<${bracketed}>`;
  const bare = text.split(/\s/, 1)[0] ?? "";
  return /^[^<>\s]+$/.test(bare) ? `<${bare}>` : null;
};

const addressesOf = (fields: HeaderFields, name: string): string[] =>
  (fields.get(name) ?? [])
    .flatMap((value) => readMailboxes(decodeWords(value)))
    .map(({ address }) => address)
    .filter((address) => address.includes("@"));

/** "Message-ID: <…>" as a line of any text, also quoted or indented, also broken after the colon. */
const idLine = /^[ \t>|*]*(?:original[- ])?message[- ]?id[^\n:<>@]{0,30}:[ \t]*(?:\n[ \t]+)?(<[^<>\n]{3,900}>|[^\s<>]+@[^\s<>]+)/im;

type Found = { id: string; foundIn: string };

const fromReturned = (fields: HeaderFields | undefined, foundIn: string): Found | null => {
  const id = fields ? readMessageId(firstValue(fields, "message-id")) : null;
  return id ? { id, foundIn } : null;
};

const fromStatus = (status: StatusPart | null): Found | null => {
  for (const group of status ? [status.message, ...status.recipients] : []) {
    const id = readMessageId(group.get("x-original-message-id") ?? group.get("original-message-id") ?? null);
    if (id) return { id, foundIn: "message/delivery-status" };
  }
  return null;
};

const fromText = (text: string, foundIn: string): Found | null => {
  const id = readMessageId(idLine.exec(text.slice(0, 100_000))?.[1] ?? null);
  return id ? { id, foundIn } : null;
};

/** In the order of bounces.md; the returned part last, whose head may be a gateway's report about the original instead of its header. */
const findId = (notice: Notice, status: StatusPart | null): Found | null => {
  const found =
    fromReturned(notice.letter?.fields, notice.letter?.foundIn ?? "") ??
    fromStatus(status) ??
    fromText(notice.copy, "text") ??
    fromText(notice.prose, "text") ??
    fromText(notice.letter?.head ?? "", notice.returned?.type ?? "");
  const own = idKey(firstValue(notice.fields, "message-id"));
  return found && idKey(found.id) !== own ? found : null;
};

/** Reads the original's header facts from wherever the notice holds them. */
export const readOriginal = (notice: Notice, status: StatusPart | null): Original => {
  const fields: HeaderFields = notice.letter?.fields ?? new Map();
  const id = findId(notice, status);
  const subject = firstValue(fields, "subject");
  return {
    messageId: id?.id ?? null,
    subject: subject === null ? null : decodeWords(subject),
    from: addressesOf(fields, "from")[0] ?? null,
    to: [...addressesOf(fields, "to"), ...addressesOf(fields, "cc")].slice(0, 200),
    references: readIds(firstValue(fields, "references")),
    date: readDate(firstValue(fields, "date")),
    foundIn: id?.foundIn ?? null,
  };
};
