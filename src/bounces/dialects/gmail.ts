/**
 * Gmail in text, before its notices carried a status part, and Google Groups to this day, in any language.
 *
 *   Delivery to the following recipient failed permanently:
 *
 *        jan@customer.example
 *
 *   Technical details of permanent failure:
 *   Google tried to deliver your message, but it was rejected by the server …
 *   The error that the other server returned was: 550 550 User unknown (state 14).
 *
 *   ----- Original message -----
 */
import { finding } from "../finding.ts";
import type { Notice } from "../notice.ts";
import { readBlocks } from "../read-blocks.ts";
import { readReply } from "../read-reply.ts";
import type { Dialect } from "./dialect.ts";

const fromGoogle = /mailer-daemon@(?:googlemail|google|gmail)\.com/i;

/** The details stand once, below all the addresses, and may break anywhere. */
const read = ({ prose }: Notice) => {
  const [, below = ""] = prose.split(/Technical details of (?:permanent|temporary) failure:/, 2);
  const details = below.split(/-{3,40} (?:Original message|Message header)/, 1)[0]?.trim();
  return readBlocks(prose).map((found) => (details ? finding(found.address, details) : found));
};

export const gmail: Dialect = {
  name: "gmail",
  opening:
    /Delivery to the following recipients? (?:failed|has been delayed)|Technical details of (?:permanent|temporary) failure|This is an automatically generated Delivery Status Notification/,
  also: {
    holds: ({ from, signs }) => fromGoogle.test(from) || signs.includes("failed_recipients"),
    because: "It comes from Google's mailer daemon, or lists the failed recipients in a field.",
  },
  delay: /has been delayed|THIS IS A WARNING MESSAGE ONLY|will retry/,
  read,
};

/**
 * The words stand in the group owner's language; the field and the sender are the signs. Other notices of Google's have both,
 * too, and quote a server's reply.
 */
export const googleGroups: Dialect = {
  name: "googlegroups",
  opening: /\S/,
  also: {
    holds: ({ from, signs, prose }) => fromGoogle.test(from) && signs.includes("failed_recipients") && readReply(prose).code === null,
    because: "It comes from Google's mailer daemon, lists the failed recipients in a field, and quotes no server.",
  },
  delay: /has been delayed|THIS IS A WARNING MESSAGE ONLY|will retry/,
  reason: { reason: "rejected", rule: "group-refusal" },
  read: () => [],
};
