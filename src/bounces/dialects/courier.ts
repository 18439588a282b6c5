/**
 * Courier, where the status part was lost.
 *
 *   This is a delivery status notification from mx.sales.example,
 *   running the Courier mail server, version 1.0.6.
 *
 *                              UNDELIVERABLE MAIL
 *
 *   Your message to the following recipients cannot be delivered:
 *
 *   <jan@customer.example>:
 *       mx.customer.example [198.51.100.4]:
 *   >>> RCPT TO:<jan@customer.example>
 *   <<< 550 User unknown
 */
import type { Dialect } from "./dialect.ts";

export const courier: Dialect = {
  name: "courier",
  opening: /running the Courier mail server|^ *UNDELIVERABLE MAIL$|^ *DELAYED MAIL$/m,
  delay: /^ *DELAYED MAIL$|will continue to (?:be )?(?:try|attempt)/m,
};
