/** What is kept of a notice: the notice without the letter it returns (bounces.md, "What is kept"). */
import { firstValue } from "./envelope.ts";
import { splitCopy, statusTypes } from "./notice.ts";
import { partText } from "./part-text.ts";
import { type Mail, type Part, readMail, walkParts } from "./read-mail.ts";

/** Bytes of the text from `from` to `to` are replaced by `by`. */
type Cut = { from: number; to: number; by: string };

/** Where the first `count` lines of a body end. A quoted-printable line that ends in "=" goes on in the next. */
const afterLines = (text: string, part: Part, count: number, quoted: boolean): number => {
  let at = part.start;
  for (let line = 0; line < count && at < part.end; ) {
    const end = text.indexOf("\n", at);
    if (end < 0 || end >= part.end) return part.end;
    if (!quoted || !/=[ \t]*$/.test(text.slice(Math.max(at, end - 20), end))) line++;
    at = end + 1;
  }
  return at;
};

/** Keeps the first `lines` lines of a body, in whatever transfer encoding it is. */
const keepLines = (mail: Mail, part: Part, lines: number): Cut => {
  const encoding = (firstValue(part.fields, "content-transfer-encoding") ?? "").toLowerCase();
  if (!encoding.startsWith("base64"))
    return { from: afterLines(mail.text, part, lines, encoding.startsWith("quoted")), to: part.end, by: "" };
  const decoded = Buffer.from(mail.text.slice(part.start, part.end), "base64").toString("latin1");
  const kept = decoded.split(/\r\r?\n|\r|\n/, lines).join("\n");
  const encodedLines =
    Buffer.from(`${kept}\n`, "latin1")
      .toString("base64")
      .match(/.{1,76}/g) ?? [];
  return { from: part.start, to: part.end, by: encodedLines.join("\n") };
};

/** How many lines of a returned message its header takes, with the blank lines some gateways put above it. */
const headLines = (text: string): number => {
  const lines = text.split("\n");
  const first = lines.findIndex((line) => line.trim() !== "");
  const blank = lines.findIndex((line, index) => index > first && line.trim() === "");
  return blank < 0 ? lines.length : blank;
};

const drop = (part: Part): Cut => ({ from: part.start, to: part.end, by: "" });

/** The cuts of a message's leaves, in order. After a copy of the original began, later texts are parts of that letter. */
const cutsOf = (mail: Mail): Cut[] => {
  const cuts: Cut[] = [];
  const leaves = [...walkParts(mail.root)].filter((part) => part.parts.length === 0);
  const hasPlain = leaves.some((part) => part.type === "text/plain" && partText(mail, part).trim() !== "");
  let copied = false;
  for (const part of leaves) {
    if (statusTypes.has(part.type) || /disposition-notification|feedback-report/.test(part.type)) continue;
    if (part.type.startsWith("message/") || /^text\/.*headers$/.test(part.type))
      cuts.push(keepLines(mail, part, headLines(partText(mail, part))));
    else if (copied || !part.type.startsWith("text/") || (part.type === "text/html" && hasPlain)) cuts.push(drop(part));
    else if (part.type !== "text/html") {
      const { copy, lines } = splitCopy(partText(mail, part));
      if (copy === "") continue;
      copied = true;
      cuts.push(keepLines(mail, part, lines));
    }
  }
  return cuts;
};

/** Bytes of the line end at `place`: CR LF and CR CR LF are one, a CR without LF is one by itself. 1 where none is. */
const lineEndLength = (bytes: Uint8Array, place: number): number => {
  if (bytes[place] !== 13) return 1;
  if (bytes[place + 1] === 10) return 2;
  return bytes[place + 1] === 13 && bytes[place + 2] === 10 ? 3 : 1;
};

/** The places of `points` (sorted, in text with LF line ends) in the bytes the text was made of. */
const rawPlaces = (bytes: Uint8Array, points: number[]): number[] => {
  const places: number[] = [];
  let at = 0;
  let place = 0;
  for (const point of points) {
    for (; at < point; at++) {
      place += lineEndLength(bytes, place);
    }
    places.push(place);
  }
  return places;
};

/**
 * The notice with returned letters cut to their headers, and with all that is neither text nor report left out; other bytes
 * stay as they are. `inspectMail` gives the same report for it. A message that cannot be read comes back empty.
 */
export const cutNotice = (bytes: Uint8Array): Uint8Array => {
  const mail = readMail(bytes);
  if ("unreadable" in mail) return new Uint8Array();
  const cuts = cutsOf(mail).filter(({ from, to }) => to >= from);
  const places = rawPlaces(
    bytes,
    cuts.flatMap(({ from, to }) => [from, to]),
  );
  const kept: Uint8Array[] = [];
  let at = 0;
  for (const [index, { by }] of cuts.entries()) {
    kept.push(bytes.subarray(at, places[index * 2]), Buffer.from(by, "latin1"));
    at = places[index * 2 + 1] ?? at;
  }
  kept.push(bytes.subarray(at));
  return new Uint8Array(Buffer.concat(kept));
};
