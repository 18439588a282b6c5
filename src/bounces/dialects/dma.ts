/**
 * DragonFly Mail Agent. One notice per failed recipient.
 *
 *   This is the DragonFly Mail Agent v0.13 at mx.sales.example.
 *
 *   There was an error delivering your mail to <jan@customer.example>.
 *
 *   mx.customer.example [198.51.100.4] did not like our RCPT TO:
 *   550 5.1.1 <jan@customer.example>: User unknown
 *
 *   Message headers follow.
 */
import { type Finding, finding } from "../finding.ts";
import type { Notice } from "../notice.ts";
import { cleanAddress } from "../read-addresses.ts";
import type { Dialect } from "./dialect.ts";

const named = /There was an error delivering your mail to <?([^\s<>]{1,320})>?\.?[^\n]{0,400}\n/;

const read = ({ prose }: Notice): Finding[] => {
  const found = named.exec(prose);
  const address = cleanAddress(found?.[1] ?? "");
  if (!found || !address) return [];
  const said = prose.slice(found.index + found[0].length).replace(/\n(?:Message headers follow|Original message follows)[\s\S]*$/, "");
  return [finding(address, said.replace(/^\d{3}[ -](?=\d)/, ""))];
};

export const dma: Dialect = { name: "dma", opening: /This is the DragonFly Mail Agent/, read };
