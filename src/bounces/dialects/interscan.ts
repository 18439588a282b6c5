/**
 * Trend Micro InterScan.
 *
 *   Sent <<< RCPT TO:<jan@customer.example>
 *   Received >>> 550 5.1.1 User unknown
 *
 *   Unable to deliver message to <jan@customer.example>.
 */
import { type Finding, finding } from "../finding.ts";
import type { Notice } from "../notice.ts";
import { cleanAddress } from "../read-addresses.ts";
import type { Dialect } from "./dialect.ts";

/** The address each answer is about is that of the command above it. */
const read = ({ prose }: Notice): Finding[] => {
  const answers = [...prose.matchAll(/RCPT TO:\s{0,5}<?([^\s<>]{1,64}@[^\s<>]{1,255})>?[^\n]*\n+(?:Received )?>>> ([^\n]*)/gi)];
  const named = [
    ...prose.matchAll(/(?:Unable to deliver message to|Failed to deliver to)\s{0,5}<?([^\s<>]{1,64}@[^\s<>]{1,255}?)>?\.?(?=\s|$)/gi),
  ];
  const found = [
    ...answers.map(([, word = "", said = ""]) => finding(cleanAddress(word), said)),
    ...named.map(([, word = ""]) => finding(cleanAddress(word), null)),
  ];
  return found.filter(({ address }) => address !== "");
};

export const interscan: Dialect = {
  name: "interscan",
  opening: /Sent <<< |Received >>> |Unable to deliver message to <|InterScan/,
  read,
};
