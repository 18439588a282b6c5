/** Addresses as notices write them: header lists (RFC 5322), typed report fields (RFC 3464, 6533), single words in prose. */

/** A mailbox of a header field; `name` is its display name or comment, "" without one. `address` is "" for "<>". */
export type Mailbox = { name: string; address: string };

const wholeAddress =
  /^(?:"(?:[^"\\\n]|\\[^\n])*"|[^\s<>()[\]\\,;:"@]+)@(?:\[[^\s\]]+\]|[\p{L}\p{N}_](?:[\p{L}\p{N}\p{M}._-]*[\p{L}\p{N}\p{M}_])?)$/u;

/** True for what could be an address and nothing else. */
const isAddress = (text: string): boolean => text.length <= 320 && wholeAddress.test(text);

/** An address without what surrounds it in notices: brackets, quotes, mailto:, smtp:, a final dot. "" when none is left. */
export const cleanAddress = (text: string): string => {
  if (text.length > 600) return "";
  const bare = text
    .trim()
    .replace(/^(?:[<'([]|mailto:|smtp:)+/i, "")
    .replace(/[>')\],;:.]{1,9}$/, "");
  return isAddress(bare) ? bare : "";
};

const localRun = /[^\s<>()[\]\\,;:"@]/;
const domainRun = /[\p{L}\p{N}\p{M}._-]/u;

/** The address around the "@" at `at`, or "". Looks at most 128 characters left and 255 right, so a text costs linear time. */
const addressAround = (text: string, at: number): string => {
  let from = at;
  if (text[at - 1] === '"') from = text.lastIndexOf('"', at - 2);
  else while (from > 0 && at - from < 128 && localRun.test(text[from - 1] ?? "")) from--;
  let to = at + 1;
  if (text[to] === "[") to = text.indexOf("]", to) + 1;
  else while (to < text.length && to - at < 255 && domainRun.test(text[to] ?? "")) to++;
  // Chinese and Japanese write on without a space: after an ASCII domain their letters are no part of it.
  const run = text
    .slice(Math.max(from, 0), to)
    .replace(/(@[a-z0-9.-]+\.[a-z]{2,})[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]+$/iu, "$1");
  return from < 0 || to <= at ? "" : cleanAddress(run);
};

/** The addresses that stand in the first 4,000 characters of a text, in order, each once. */
export const addressesIn = (text: string): string[] => {
  const found = new Map<string, string>();
  const source = text.slice(0, 4000);
  for (let at = source.indexOf("@"); at >= 0; at = source.indexOf("@", at + 1)) {
    const address = addressAround(source, at);
    if (address && !found.has(address.toLowerCase())) found.set(address.toLowerCase(), address);
  }
  return [...found.values()];
};

/** The addresses that follow one in a list: ", ewa@customer.example; ola@customer.example: 550 …". None where other words do. */
export const addressesAfter = (rest: string): string[] => {
  if (!/^[>\s]{0,9}[,;]/.test(rest)) return [];
  const [list = ""] = rest.slice(rest.search(/[,;]/) + 1, 2000).split(/[:\n]/, 1);
  const listed = list.split(/[,;]/).map((piece) => cleanAddress(piece));
  return listed.every((address) => address !== "") ? listed : [];
};

/**
 * What Exchange makes of an address of another kind: "IMCEASMTP-jan+40customer+2Eexample@mx.example" stands for jan@customer.example.
 * An X.500 name (IMCEAEX) stands for no address, and is left as it is.
 */
const decodeImcea = (address: string): string => {
  const encoded = /^imceasmtp-([^@]{1,400})@/i.exec(address)?.[1];
  const decoded = encoded?.replace(/\+([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return decoded && isAddress(decoded) ? decoded : address;
};

/** xtext (RFC 3461, section 4): "+2B" stands for "+". Applied only where the text holds a sign that must be encoded. */
const decodeXtext = (text: string): string => {
  if (!/\+(?:2B|3D)/.test(text)) return text;
  const decoded = text.replace(/\+([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return isAddress(decoded) ? decoded : text;
};

/** utf-8-addr-xtext and utf-8-addr-unitext (RFC 6533, section 3): "\x{F8}" stands for "ø". */
const decodeEmbeddedUnicode = (text: string): string =>
  text.replace(/\\x\{([0-9A-Fa-f]{1,6})\}/g, (whole, hex: string) => {
    const code = Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });

/**
 * The address of a report field such as "rfc822; <a@b>" or "utf-8; j\x{F8}rgen@b" (RFC 3464, section 2.3.1; RFC 6533).
 * "" when it names none. A bare local part, as local deliveries report it, is kept.
 */
export const typedAddress = (value: string): string => {
  const semicolon = value.indexOf(";");
  const type = semicolon < 0 ? "" : value.slice(0, semicolon).trim().toLowerCase();
  if (type === "x400" || type === "x500") return "";
  const bare = decodeEmbeddedUnicode(
    value
      .slice(semicolon + 1)
      .slice(0, 1000)
      .trim(),
  );
  const bracketed = /<([^<>]+)>/.exec(bare)?.[1] ?? bare;
  const clean = decodeImcea(cleanAddress(decodeXtext(bracketed.trim())));
  return clean || addressesIn(bracketed)[0] || (/^[^\s@<>"]{1,64}$/.test(bracketed) ? bracketed : "");
};

/** The entries of a header list: cut at "," and ";" that stand in no quotes, brackets or comment. */
const listEntries = (value: string): string[] => {
  const entries: string[] = [];
  let from = 0;
  let closing = "";
  for (let at = 0; at < value.length; at++) {
    const letter = value[at] ?? "";
    if (letter === "\\") at++;
    else if (closing) closing = letter === closing ? "" : closing;
    else if (letter === '"') closing = '"';
    else if (letter === "<") closing = ">";
    else if (letter === "(") closing = ")";
    else if (letter === "," || letter === ";") {
      entries.push(value.slice(from, at));
      from = at + 1;
    }
  }
  entries.push(value.slice(from));
  return entries;
};

const upTo = (text: string, end: string): string => (text.split(end, 1)[0] ?? "").trim();

/** The mailboxes of a From, To or Cc value whose encoded words are read. A comment counts as name, a group gives its members. */
export const readMailboxes = (value: string): Mailbox[] =>
  listEntries(value.slice(0, 20_000)).flatMap((entry) => {
    const open = entry.lastIndexOf("<");
    if (open >= 0) {
      const name = entry
        .slice(0, open)
        .trim()
        .replace(/^"(.*)"$/s, "$1");
      return [
        {
          name,
          address: upTo(entry.slice(open + 1), ">"),
        },
      ];
    }
    const comment = entry.indexOf("(");
    const bare = (comment < 0 ? entry : entry.slice(0, comment)).replace(/^[^"@:]{0,100}:/, "").trim();
    const name = comment < 0 ? "" : upTo(entry.slice(comment + 1), ")");
    return bare || name ? [{ name, address: bare }] : [];
  });
