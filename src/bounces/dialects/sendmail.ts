/**
 * Sendmail in text: version 5, and version 8 where the status part was lost.
 *
 *      ----- The following addresses had permanent fatal errors -----
 *   <jan@customer.example>
 *       (reason: 550 5.1.1 <jan@customer.example>... User unknown)
 *
 *      ----- Transcript of session follows -----
 *   ... while talking to mx.customer.example.:
 *   >>> RCPT To:<jan@customer.example>
 *   <<< 550 5.1.1 <jan@customer.example>... User unknown
 *   550 5.1.1 <jan@customer.example>... User unknown
 */
import { type Finding, finding } from "../finding.ts";
import type { Notice } from "../notice.ts";
import { cleanAddress } from "../read-addresses.ts";
import { readBlocks } from "../read-blocks.ts";
import type { Dialect } from "./dialect.ts";

/** "550 5.1.1 <jan@customer.example>... User unknown": Sendmail's own line about an address; the lines marked "<<<" are the server's. */
const transcriptLine = /^(?:[245]\d\d[ -])?(?:[245]\.\d{1,3}\.\d{1,3} )?<?([^\s<>]{1,64}@[^\s<>]{1,255}?)>?\.\.\. ?(\S.*)$/;

/** What one line of the transcript adds to the words about the next address: the server's lines without their mark, no command of ours. */
const saidBy = (line: string): string => (line.startsWith(">>> ") ? "" : line.replace(/^<<< /, ""));

const readTranscript = (prose: string): Finding[] => {
  const found: Finding[] = [];
  let answered = "";
  for (const line of prose.split("\n")) {
    if (/^(?:>>> |(?:\.\.\. )?while talking|\s*-{3,40})/i.test(line)) answered = "";
    const own = line.length < 1000 ? transcriptLine.exec(line) : null;
    const address = cleanAddress(own?.[1] ?? "");
    if (address) found.push(finding(address, `${answered} ${line}`));
    answered = own ? "" : `${answered} ${saidBy(line)}`.slice(-1000);
  }
  return found;
};

/** Recipients of the list with their reasons, then those only the transcript names. */
const read = ({ prose }: Notice): Finding[] => {
  const [list = ""] = prose.split(/^ *-{3,40} Transcript of session/m);
  return [...(list === prose ? [] : readBlocks(list)), ...readTranscript(prose)];
};

export const sendmail: Dialect = {
  name: "sendmail",
  opening:
    /-{3,40} Transcript of session follows -{3,40}|-{3,40} The following addresses had (?:permanent fatal errors|delivery problems|transient non-fatal errors) -{3,40}/,
  delay: /THIS IS A WARNING MESSAGE ONLY|had transient non-fatal errors -{3,40}|Will keep trying/,
  read,
};
