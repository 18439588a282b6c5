/**
 * Any other mail system's notice in plain text: a machine's header field, words of failure or delay, and an address that
 * stands in a block of its own or behind a label.
 *
 *   Your message could not be delivered to the following recipient:
 *
 *   jan@customer.example
 *       550 No such user here
 */
import type { Finding } from "../finding.ts";
import { finding } from "../finding.ts";
import { alternatives } from "../languages.ts";
import type { Notice } from "../notice.ts";
import { noticeSubject } from "../notice-subjects.ts";
import { addressesAfter, addressesIn, cleanAddress } from "../read-addresses.ts";
import { readBlocks } from "../read-blocks.ts";
import type { Dialect } from "./dialect.ts";

const labelled =
  /(?:(?:could not|cannot|couldn't|unable to|not) be delivered to|(?:failed|original|intended|final)? ?recipients?(?: address)?|(?:e-?mail|message|mail|deliver\w{0,9})(?: \w{1,30}){0,3} (?:to|for)|rcpt to|(?<!(?:sender|sender's|from|return|reply|reply-to|your) )address(?:ed)?(?: to)?|undeliverable to|(?:unknown |delivery )?user(?:id)?(?: failed)?|permanent errors|attempts)\s{0,9}:?\s{0,9}[<"']{0,2}([^\s<>"'@]{1,128}@[^\s<>"']{1,255})/gi;

/** Addresses behind a label such as "Recipient:", "could not be delivered to", "delivering your mail to". */
export const readLabelled = (prose: string): Finding[] =>
  [...prose.slice(0, 6000).matchAll(labelled)]
    .flatMap((found) => [
      cleanAddress(found[1] ?? ""),
      ...addressesAfter(prose.slice(found.index + found[0].replace(/[,;]$/, "").length, 6000)),
    ])
    .filter((address) => address !== "")
    .map((address) => finding(address, null));

/** A mail system's own sign, or the original beside it: without either a postmaster may be a person who writes about a bounce. */
const isSurelyMachine = ({ signs, returned, copy }: Notice): boolean =>
  returned !== null || copy !== "" || signs.some((sign) => sign !== "machine_from" && sign !== "machine_return_path");

/** "To: jan@customer.example" in a notice's own summary of the letter. */
const summaryTo = /^[ \t]{0,40}To:[ \t]{0,9}<?([^\s<>,@]{1,128}@[^\s<>,]{1,255})>?[ \t]{0,9}$/m;

/**
 * Blocks, else labelled lines, else, in a notice that is surely a machine's, the To of its summary of the letter, else the
 * first address of the prose.
 */
export const readAnyShape = (notice: Notice): Finding[] => {
  const blocks = readBlocks(notice.prose);
  if (blocks.length > 0) return blocks;
  const lines = readLabelled(notice.prose);
  if (lines.length > 0 || !isSurelyMachine(notice)) return lines;
  const written = cleanAddress(summaryTo.exec(notice.prose.slice(0, 6000))?.[1] ?? "");
  if (written) return [finding(written, null)];
  return addressesIn(notice.prose)
    .slice(0, 1)
    .map((address) => finding(address, null));
};

/**
 * An empty return path alone is no proof: automatic answers have it too (RFC 3834, section 3.3), so the subject must be a notice's. And a person can be called System
 * Administrator: with such a name alone, a return path of theirs tells a letter.
 */
const mayBeMachine = (notice: Notice): boolean => {
  const { signs, from, fields } = notice;
  if (notice.returned !== null || notice.copy !== "") return signs.length > 0;
  if (signs.every((sign) => sign === "null_return_path" || sign === "null_mailfrom"))
    return signs.length > 0 && noticeSubject.test(notice.subject);
  return signs.length > 1 || /mailer-?daemon/i.test(from) || !fields.has("return-path");
};

/** How mail systems say, in any language, that a message did not arrive, and that it is only late. */
const failureWords = new RegExp(alternatives("failed"), "iu");
const delayWords = new RegExp(alternatives("delayed"), "iu");

export const generic: Dialect = {
  name: "text",
  opening: /\S/,
  also: {
    holds: (notice) => mayBeMachine(notice) && (failureWords.test(notice.prose.slice(0, 4000)) || noticeSubject.test(notice.subject)),
    because: "It comes from a machine, and its words or its subject tell of a failed delivery.",
  },
  delay: delayWords,
  read: readAnyShape,
};
