/**
 * The shape nearly all text notices share: a line that begins with the failed address, then what was said about it.
 *
 *   <jan@customer.example>:                      jan@customer.example
 *   198.51.100.4 said: 550 User unknown             (generated from sales@customer.example)
 *                                                   SMTP error from remote mail server: 550 No such user
 */
import { type Finding, finding } from "./finding.ts";
import { addressesIn, cleanAddress } from "./read-addresses.ts";

type AddressLine = { address: string; originalAddress: string | null; rest: string };

/** The alias that stands behind a member: Postfix "(expanded from <a>)", Exim "(generated from a)", Sendmail "(expanded from: <a>)". */
const aliasOf = (rest: string): string | null => {
  const found = /\((?:ultimately )?(?:expanded|generated) from:? *([^()]{3,400})\)/i.exec(rest);
  return found?.[1] ? (addressesIn(found[1])[0] ?? null) : null;
};

const decoration = /^[\s>*|•·«"'[-]{0,40}(?:\d{1,3}[.)]\s+)?/;

/** Reads a line that begins with an address; null for any other. */
const readAddressLine = (line: string): AddressLine | null => {
  if (!line.includes("@") || line.length > 2000) return null;
  const bare = line.replace(decoration, "");
  const word =
    /^(?:to:? |smtp:|mailto:)?<?("[^"\n]{1,64}"@[^\s<>:,;()]+|[^\s<>:,;()"[\]]+@(?:\[[\d.a-f:]+\]|[^\s<>:,;()"[\]]+))[>\]]*/i.exec(bare);
  const address = cleanAddress(word?.[1] ?? "");
  if (!word || !address) return null;
  const rest = bare.slice(word[0].length);
  // "jan@customer.example wrote" is prose; a block's line ends here or goes on with a sign.
  return /^\s*(?:$|[:;,(.<]|-|\.\.\.|\[mailto|on |\d{3} |failed|invalid )/i.test(rest)
    ? { address, originalAddress: aliasOf(rest), rest }
    : null;
};

const mostBlocks = 500;
const longestReply = 30;

/** "Technical details:", "----- Transcript of session follows -----", "====". */
const isHeading = (word: string): boolean => /:\s*$|^\s*[-=*_|]{3,}/.test(word);

/** Whether a blank line ends the words about an address: not before any were said. A heading and a rule say nothing. */
const endsReply = (words: string[]): boolean =>
  words.some((word) => !isHeading(word) && word.replace(/\([^()]*\)|[^\s<>]+@[^\s<>]+|[\s:.<>=*_|-]/g, "") !== "");

/**
 * The blocks of a text, at most 500. `reply` holds the lines between an address and the next blank line or address; the last
 * address of a group without words of their own shares the words that follow the group.
 */
export const readBlocks = (text: string): Finding[] => {
  const blocks: { line: AddressLine; words: string[]; open: boolean }[] = [];
  for (const line of text.split("\n")) {
    const current = blocks.at(-1);
    const address = blocks.length < mostBlocks ? readAddressLine(line) : null;
    const deeper = current?.open && /^\s{4,}/.test(line) && address && current.words.length > 1;
    if (address && !deeper) {
      blocks.push({ line: address, words: [address.rest.replace(/^\s*[:,;]\s*/, "")], open: true });
    } else if (current?.open && line.trim() === "") {
      current.open = !endsReply(current.words);
    } else if (current?.open && current.words.length < longestReply) {
      current.words.push(line.trim());
    }
  }
  return blocks.map(({ line, words }) =>
    finding(line.address, words.filter((word) => !/^\s*[-=*_|]{3,}/.test(word)).join(" "), {
      originalAddress: line.originalAddress ?? aliasOf(words.join(" ")),
    }),
  );
};
