/**
 * qmail-send and what descends from it (QSBMF).
 *
 *   Hi. This is the qmail-send program at mx.sales.example.
 *   I'm afraid I wasn't able to deliver your message to the following addresses.
 *   This is a permanent error; I've given up. Sorry it didn't work out.
 *
 *   <jan@customer.example>:
 *   198.51.100.4 does not like recipient.
 *   Remote host said: 550 5.1.1 No such user
 *   Giving up on 198.51.100.4.
 *
 *   --- Below this line is a copy of the message.
 */
import type { Dialect } from "./dialect.ts";

export const qmail: Dialect = {
  name: "qmail",
  opening:
    /This is the (?:qmail|[\w.-]+ (?:mail )?(?:program|deliver program|Mailer))|I'm afraid I wasn't able to deliver|This is a permanent error; I've given up|I tried to deliver a bounce message to this address/,
  delay: /I will (?:continue|keep) trying|has not been delivered yet/,
};
