/**
 * Microsoft Exchange and Microsoft 365 in text, all generations.
 *
 *   Delivery has failed to these recipients or groups:
 *
 *   jan@customer.example<mailto:jan@customer.example>
 *   The email address you entered couldn't be found.
 *
 *   Diagnostic information for administrators:
 *
 *   Generating server: DB9PR01MB1234.prod.customer.example
 *
 *   jan@customer.example
 *   Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found'
 *
 * and the Internet Mail Connector's:
 *
 *   Your message did not reach some or all of the intended recipients.
 *         Subject:  Offer
 *   The following recipient(s) could not be reached:
 *         jan@customer.example on 11/25/2026 3:50 PM
 *               The recipient name is not recognized
 */
import type { Dialect } from "./dialect.ts";
import { readAnyShape } from "./generic.ts";

export const exchange: Dialect = {
  name: "exchange",
  opening:
    /did not reach (?:some or all of the intended|the following) recipient|following recipient\(s\) (?:could not be reached|cannot be reached)|Delivery has failed to these recipients|Generating server: |Diagnostic information for administrators|Microsoft Exchange (?:Server )?(?:will not|has been)|MSEXCH:|Remote Server returned '/,
  delay: /Delivery (?:is|to these recipients is) delayed|has been delayed|will continue to try|hasn['’]t been delivered yet/,
  read: readAnyShape,
};
