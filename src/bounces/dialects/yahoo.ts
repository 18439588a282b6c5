/**
 * Yahoo.
 *
 *   Sorry, we were unable to deliver your message to the following address.
 *
 *   <jan@customer.example>:
 *   Remote host said: 550 5.1.1 No such user [RCPT_TO]
 *
 *   --- Below this line is a copy of the message.
 */
import type { Dialect } from "./dialect.ts";

export const yahoo: Dialect = {
  name: "yahoo",
  opening:
    /^Sorry, we were unable to deliver your message to the following address|^Message from \S+\.\s+Unable to deliver message to the following address/m,
  delay: /will (?:keep|continue) trying/,
};
