/** Messages that nearly were notices: where a rule is missing, they are where it would be seen first. */
import type { HeaderFields } from "./envelope.ts";
import { firstValue } from "./envelope.ts";
import { domainOf } from "./keys.ts";
import { type MachineSign, machineSigns } from "./machine-signs.ts";
import { decodeWords } from "./part-text.ts";
import { readMailboxes } from "./read-addresses.ts";
import { readContentType } from "./read-mail.ts";

/** What wrote such a message, as far as its header says: no address and no subject. Equal ones are counted together. */
export type NearMiss = {
  /** What it was found to be when it was opened; null: a machine wrote it, and it was not suspected. */
  kind: string | null;
  /** The Content-Type's media type, and the report type where it is one. */
  type: string;
  signs: MachineSign[];
  /** Domain of From where a mail system wrote it; "" where a person may have. */
  domain: string;
};

/** `opened`: what it turned out to be; null where it was not opened, and then only what a machine wrote is a near miss. */
export const nearMiss = (headers: HeaderFields, opened: string | null): NearMiss | null => {
  const { type, params } = readContentType(firstValue(headers, "content-type"));
  const report = (params.get("report-type") ?? "").toLowerCase();
  const automatic = !/^\s*(?:no\b|$)/i.test(firstValue(headers, "auto-submitted") ?? "no");
  if (opened === null && !automatic && report === "") return null;
  const signs = machineSigns(headers);
  const machine = signs.some((sign) => sign === "machine_from" || sign === "ndr_field" || sign === "report_type");
  const [from] = readMailboxes(decodeWords(firstValue(headers, "from") ?? ""));
  return {
    kind: opened,
    type: `${type || "text/plain"}${report && `; ${report}`}`.slice(0, 100),
    signs,
    domain: machine ? domainOf(from?.address.toLowerCase() ?? "").slice(0, 253) : "",
  };
};
