/**
 * Sun, Oracle and Apple messaging servers (PMDF, iCloud), where the status part was lost.
 *
 *   Your message cannot be delivered to the following recipients:
 *
 *     Recipient address: jan@customer.example
 *     Reason: Remote SMTP server has rejected address
 *     Diagnostic code: smtp;550 5.1.1 User unknown
 *     Remote system: dns;mx.customer.example
 */
import { type Finding, finding } from "../finding.ts";
import type { Notice } from "../notice.ts";
import { cleanAddress } from "../read-addresses.ts";
import type { Dialect } from "./dialect.ts";

const read = ({ prose }: Notice): Finding[] =>
  prose
    .split(/^(?=[ \t]*Recipient address:)/m)
    .slice(1)
    .map((block) => {
      const [head = ""] = block.split(/\n[ \t]*\n/, 1);
      const written = cleanAddress(/Original address: *(\S+)/.exec(head)?.[1] ?? "");
      const address = cleanAddress(/Recipient address: *(\S+)/.exec(head)?.[1] ?? "");
      const code = head.indexOf("Diagnostic code:");
      const said = /(?:Diagnostic code: *(?:smtp; *)?|Reason: *)(.+)/.exec(code < 0 ? head : head.slice(code))?.[1];
      return finding(address, said ?? head, { originalAddress: written && written !== address ? written : null });
    })
    .filter(({ address }) => address !== "");

export const messagingServer: Dialect = {
  name: "messagingserver",
  opening: /^[ \t]*Recipient address:[\s\S]{0,400}?^[ \t]*(?:Reason|Original address|Error):/m,
  delay: /has not been delivered|still being (?:tried|attempted)|delayed/,
  read,
};
