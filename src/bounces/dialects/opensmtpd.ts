/**
 * OpenSMTPD in text (before 6.7; later ones add a status part without Diagnostic-Code).
 *
 *       Hi!
 *
 *       This is the MAILER-DAEMON, please DO NOT REPLY to this e-mail.
 *
 *       An error has occurred while attempting to deliver a message for
 *       the following list of recipients:
 *
 *   jan@customer.example: 550 5.1.1 User unknown
 *
 *       Below is a copy of the original message:
 */
import type { Dialect } from "./dialect.ts";

export const opensmtpd: Dialect = {
  name: "opensmtpd",
  opening: /This is the MAILER-DAEMON, please DO NOT REPLY to this e-?mail/,
  delay: /A message is delayed for more than|this is only a temporary failure report/,
};
