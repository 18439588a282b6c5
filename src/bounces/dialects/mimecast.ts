/**
 * Mimecast. Its text notices carry neither original nor id; one notice per failed recipient.
 *
 *   This is a delivery failure notification message indicating that
 *   an email you addressed to email address :
 *   -- jan@customer.example
 *
 *   could not be delivered. The problem appears to be :
 *   -- Recipient email address is possibly incorrect
 *
 *   Additional information follows :
 *   -- 5.1.1 User unknown
 */
import { type Finding, finding } from "../finding.ts";
import type { Notice } from "../notice.ts";
import { cleanAddress } from "../read-addresses.ts";
import type { Dialect } from "./dialect.ts";

const read = ({ prose }: Notice): Finding[] => {
  const [address = "", ...said] = [...prose.matchAll(/^-- (.+)$/gm)].map(([, words = ""]) => words.trim());
  const clean = cleanAddress(address);
  return clean ? [finding(clean, said.reverse().join(" "))] : [];
};

export const mimecast: Dialect = {
  name: "mimecast",
  opening: /an email you addressed to email address ?:|Additional information follows ?:/,
  also: {
    holds: ({ signs, fields }) => fields.has("x-mc-system") || fields.has("x-mimecast-originator") || signs.includes("null_return_path"),
    because: "It has Mimecast's own fields or an empty return path.",
  },
  delay: /delayed|will (?:continue|be retried)/,
  read,
};
