/**
 * The shape nearly all text notices share: a line that begins with the failed address, then what was said about it.
 *
 *   <jan@customer.example>:                      jan@customer.example
 *   198.51.100.4 said: 550 User unknown             (generated from sales@customer.example)
 *                                                   SMTP error from remote mail server: 550 No such user
 */
import { type Finding, finding } from "./finding.ts";
import { addressesAfter, addressesIn, cleanAddress } from "./read-addresses.ts";

type AddressLine = { address: string; also: string[]; originalAddress: string | null; rest: string };

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
    ? { address, also: addressesAfter(rest), originalAddress: aliasOf(rest), rest }
    : null;
};

const mostBlocks = 5000;
const longestReply = 30;

/** "----- Transcript of session follows -----", "====". */
const isRule = (word: string): boolean => /^\s*[-=*_|]{3,}/.test(word);

const isHeading = (word: string): boolean => word.trimEnd().endsWith(":") || isRule(word);

/** Whether words say something: a heading, a rule, a comment and an address do not. Only their first 2,000 characters count. */
const saysSomething = (word: string): boolean =>
  !isHeading(word.slice(-2000)) && /[^\s:.<>=*_|-]/.test(word.slice(0, 2000).replace(/\([^()]*\)|[^\s<>]{1,100}@[^\s<>]+/g, ""));

type Block = { line: AddressLine; number: number; words: string[]; open: boolean; said: boolean };

const addWords = (block: Block, words: string): void => {
  block.words.push(words);
  block.said ||= saysSomething(words);
};

/** Whether two addresses stand one below the other, and of the first nothing is said: the words below are about both. */
const isGrouped = (one: Block | undefined, next: Block | undefined): boolean =>
  one !== undefined && next !== undefined && !one.said && one.line.originalAddress === null && next.number === one.number + 1;

/**
 * The blocks of a text, at most 5,000. What is said of an address are the lines from it to the next
 * blank line or address; addresses of one line, or one below the other, share the words that follow.
 */
export const readBlocks = (text: string): Finding[] => {
  const blocks: Block[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const current = blocks.at(-1);
    const address = blocks.length < mostBlocks ? readAddressLine(line) : null;
    const deeper = current?.open && /^\s{4,}/.test(line) && address && current.words.length > 1;
    if (address && !deeper) {
      const block: Block = { line: address, number: index + 1, words: [], open: true, said: false };
      addWords(block, address.rest.replace(/^\s*[:,;]\s*/, ""));
      blocks.push(block);
    } else if (current?.open && line.trim() === "") {
      // A blank line ends the words about an address, but not before any were said.
      current.open = !current.said;
    } else if (current?.open && current.words.length < longestReply) {
      addWords(current, line.trim());
    }
  }
  const words = blocks.map((block) => block.words.filter((word) => !isRule(word)).join(" "));
  // From the last on, so that words reach all of a group.
  for (let n = blocks.length - 2; n >= 0; n--) if (isGrouped(blocks[n], blocks[n + 1])) words[n] = words[n + 1] ?? "";
  return blocks.flatMap(({ line, number }, n) => {
    const said = words[n] ?? "";
    const more = { originalAddress: line.originalAddress ?? aliasOf(said), where: `line ${number} of the text` };
    return [line.address, ...line.also].map((address) => finding(address, said, more));
  });
};
