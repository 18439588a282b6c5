/**
 * Gmail's search box ("Search operators you can use with Gmail"), as far as a reader of bounces needs it: words and "phrases",
 * from: to: subject: in: label: after: before: rfc822msgid:, - for not, { } and OR for any of, ( ) for all of. Whole words only.
 */
import libmime from "libmime";
import type { StoredMessage } from "./mailbox.ts";

type Test = (message: StoredMessage) => boolean;

const tokens = (q: string): string[] => q.match(/[-(){}]|(?:\w+:)?"[^"]*"|[^\s(){}"-][^\s(){}"]*/gu) ?? [];

const decoded = (message: StoredMessage, name: string): string => {
  const value = (message.fields.get(name) ?? []).join(" ");
  try {
    return libmime.decodeWords(value).toLowerCase();
  } catch {
    return value.toLowerCase();
  }
};

const words = (text: string): string => ` ${(text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? []).join(" ")} `;

/** Chinese and Japanese have no spaces between words: there any part of the text counts. */
const contains = (text: string, wanted: string): boolean =>
  /[\u3040-\u30ff\u4e00-\u9fff]/.test(wanted) ? text.includes(wanted) : words(text).includes(words(wanted));

const places: { readonly [name: string]: string } = {
  sent: "SENT",
  inbox: "INBOX",
  spam: "SPAM",
  trash: "TRASH",
  drafts: "DRAFT",
  chats: "CHAT",
};

const instant = (value: string): number => {
  const date = /^(\d{4})[/-](\d{1,2})[/-](\d{1,2})$/.exec(value);
  // Dates mean midnight in the time zone of the Pacific; whole numbers are seconds.
  return date ? Date.UTC(Number(date[1]), Number(date[2]) - 1, Number(date[3]), 8) : Number(value) * 1000;
};

const operators: { readonly [name: string]: (value: string) => Test } = {
  from: (value) => (message) => contains(decoded(message, "from"), value),
  to: (value) => (message) => contains(`${decoded(message, "to")} ${decoded(message, "cc")} ${decoded(message, "bcc")}`, value),
  subject: (value) => (message) => contains(decoded(message, "subject"), value),
  in: (value) => (message) => value === "anywhere" || message.labels.has(places[value] ?? value),
  label: (value) => (message) => message.labels.has(places[value] ?? value),
  after: (value) => (message) => message.internalDate >= instant(value),
  before: (value) => (message) => message.internalDate < instant(value),
  rfc822msgid: (value) => (message) => decoded(message, "message-id").replace(/[<>]/g, "") === value.replace(/[<>]/g, ""),
};

const term = (token: string): Test => {
  const [, name, rest] = /^(\w+):(.+)$/s.exec(token) ?? [];
  const value = (rest ?? token).replace(/"/g, "").toLowerCase();
  if (name !== undefined) {
    const operator = operators[name];
    if (!operator) throw new Error(`the stand-in's search knows no "${name}:"`);
    return operator(value);
  }
  return (message) => contains(`${decoded(message, "subject")} ${decoded(message, "from")} ${message.raw.toString("utf8")}`, value);
};

const read = (list: string[], end: string | null): Test[] => {
  const tests: Test[] = [];
  for (let token = list.shift(); token !== undefined && token !== end; token = list.shift()) {
    if (token === "OR") {
      const before = tests.pop();
      const after = readOne(list, list.shift());
      tests.push((message) => before?.(message) === true || after(message));
    } else tests.push(readOne(list, token));
  }
  return tests;
};

const readOne = (list: string[], token: string | undefined): Test => {
  if (token === "-") {
    const test = readOne(list, list.shift());
    return (message) => !test(message);
  }
  if (token === "{") {
    const any = read(list, "}");
    return (message) => any.some((test) => test(message));
  }
  if (token === "(") {
    const all = read(list, ")");
    return (message) => all.every((test) => test(message));
  }
  return term(token ?? "");
};

/** The test a search means. */
export const parseSearch = (q: string): Test => {
  const all = read(tokens(q), null);
  return (message) => all.every((test) => test(message));
};
