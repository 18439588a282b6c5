/**
 * Exim.
 *
 *   This message was created automatically by mail delivery software.
 *
 *   A message that you sent could not be delivered to one or more of its
 *   recipients. This is a permanent error. The following address(es) failed:
 *
 *     jan@customer.example
 *       (generated from sales@customer.example)
 *       SMTP error from remote mail server after RCPT TO:<jan@customer.example>:
 *       host mx.customer.example [198.51.100.4]: 550 5.1.1 User unknown
 *
 *   ------ This is a copy of the message, including all the headers. ------
 */
import type { Dialect } from "./dialect.ts";

export const exim: Dialect = {
  name: "exim",
  opening:
    /This message was created automatically by (?:the )?(?:mail|system)[\s\S]{0,80}(?:software|Exim|system)|A message that you sent (?:could not|has not yet|contained no|was rejected)|(?:The following address(?:es|\(es\))? failed:|following text was generated during the delivery attempt)/,
  delay:
    /has not (?:yet )?been delivered to (?:one or more|all) of its recipients|Delivery attempts will continue|has been delayed|No action is required on your part/,
};
