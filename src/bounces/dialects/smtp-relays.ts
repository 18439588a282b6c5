/**
 * Small mail servers whose notices consist of one labelled line or a short transcript.
 *
 *   Error: Invalid user address                       (James, Verizon)
 *   550 - Requested action not taken: no such user here
 *     RCPT TO: jan@customer.example
 *
 *   Unknown user: jan@customer.example                (IMail)
 *
 *   undeliverable to jan@customer.example             (IMail)
 *
 *   Your mail sent on Wed, 25 Nov 2026 15:50:49 +0100
 *     Could not be delivered to: <jan@customer.example>
 */
import type { Finding } from "../finding.ts";
import type { Notice } from "../notice.ts";
import type { Dialect } from "./dialect.ts";
import { readAnyShape, readLabelled } from "./generic.ts";

const label =
  /^(?:[ \t]{0,40}(?:RCPT TO|Unknown user|User mailbox exceeds allowed size|undeliverable to|Could not be delivered to|SMTP<|Invalid final delivery userid|Failed Recipient|Delivery userid failed)[ \t]{0,9}:?)/im;

const read = (notice: Notice): Finding[] => {
  const lines = readLabelled(notice.prose);
  return lines.length > 0
    ? lines.map((found) => ({ ...found, diagnostic: notice.prose.replace(/\s+/g, " ").trim().slice(0, 1500) }))
    : readAnyShape(notice);
};

export const smtpRelays: Dialect = { name: "smtp-relay", opening: label, read };
