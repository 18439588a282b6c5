/**
 * Zoho.
 *
 *   This message was created automatically by mail delivery software.
 *   A message that you sent could not be delivered to one or more of its recipients. This is a permanent error.
 *
 *   jan@customer.example Invalid Address, ERROR_CODE :550, ERROR_CODE :5.1.1 User unknown
 */
import { type Finding, finding } from "../finding.ts";
import type { Notice } from "../notice.ts";
import { cleanAddress } from "../read-addresses.ts";
import type { Dialect } from "./dialect.ts";

const read = ({ prose }: Notice): Finding[] =>
  [...prose.matchAll(/^[ \t]*<?([^\s<>]{1,64}@[^\s<>,]{1,255})>?,? (.*ERROR_?CODE.*)$/gm)]
    .map(([, word = "", said = ""]) => finding(cleanAddress(word), said.replace(/ERROR_?CODE ?:/g, " ")))
    .filter(({ address }) => address !== "");

export const zoho: Dialect = {
  name: "zoho",
  opening: /ERROR_?CODE ?:/,
  also: {
    holds: ({ fields, from }) => fields.has("x-zohomail") || /zoho/i.test(`${fields.get("x-mailer")?.[0] ?? ""} ${from}`),
    because: "Its header names Zoho Mail.",
  },
  read,
};
