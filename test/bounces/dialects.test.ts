import { describe, expect, it } from "vitest";
import { inspectMail } from "../../src/bounces/inspect-mail.ts";
import { originalHead, textNotice } from "./notices.ts";

type Case = {
  format: string;
  kind?: string;
  from?: string;
  subject?: string;
  fields?: string;
  body: string;
  recipients: string[];
  reason?: string;
  original?: boolean;
};

/** A notice per writer, after the format its manual or its source shows. */
const cases: Case[] = [
  {
    format: "exim",
    fields: "X-Failed-Recipients: jan@customer.example,\n  ewa@customer.example\n",
    subject: "Mail delivery failed: returning message to sender",
    body: `This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  jan@customer.example
    host mx.customer.example [198.51.100.4]
    SMTP error from remote mail server after RCPT TO:<jan@customer.example>:
    550 5.1.1 User unknown
  ewa@customer.example
    (generated from sales@customer.example)
    mailbox is full: retry timeout exceeded

------ This is a copy of the message, including all the headers. ------

${originalHead}
`,
    recipients: ["jan@customer.example failed hard userunknown", "ewa@customer.example failed soft mailboxfull"],
  },
  {
    format: "exim",
    kind: "delay",
    subject: "Warning: message 1abc-0001 delayed 24 hours",
    body: `This message was created automatically by mail delivery software.
A message that you sent has not yet been delivered to one or more of its
recipients after more than 24 hours on the queue on mx.sales.example.

The address to which the message has not yet been delivered is:

  jan@customer.example
    Delay reason: Connection timed out

No action is required on your part. Delivery attempts will continue for
some time.
`,
    recipients: ["jan@customer.example delayed pending networkerror"],
    original: false,
  },
  {
    format: "qmail",
    subject: "failure notice",
    body: `Hi. This is the qmail-send program at mx.sales.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<jan@customer.example>:
198.51.100.4 does not like recipient.
Remote host said: 550 5.1.1 No such user
Giving up on 198.51.100.4.

<ewa@customer.example>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

${originalHead}
`,
    recipients: ["jan@customer.example failed hard userunknown", "ewa@customer.example failed hard userunknown"],
  },
  {
    format: "yahoo",
    from: "MAILER-DAEMON@webmail.example",
    subject: "Failure Notice",
    body: `Sorry, we were unable to deliver your message to the following address.

<jan@customer.example>:
Remote host said: 552 5.2.2 Mailbox full [RCPT_TO]

--- Below this line is a copy of the message.

${originalHead}
`,
    recipients: ["jan@customer.example failed hard mailboxfull"],
  },
  {
    format: "opensmtpd",
    subject: "Delivery status notification: error",
    body: `    Hi!

    This is the MAILER-DAEMON, please DO NOT REPLY to this e-mail.

    An error has occurred while attempting to deliver a message for
    the following list of recipients:

jan@customer.example: 550 5.1.1 User unknown

    Below is a copy of the original message:

${originalHead}
`,
    recipients: ["jan@customer.example failed hard userunknown"],
  },
  {
    format: "dma",
    fields: "X-Original-To: <jan@customer.example>\n",
    from: "MAILER-DAEMON <>",
    subject: "Mail delivery failed",
    body: `This is the DragonFly Mail Agent v0.13 at mx.sales.example.

There was an error delivering your mail to <jan@customer.example>.

mx.customer.example [198.51.100.4] did not like our RCPT TO:
550 5.1.1 <jan@customer.example>: User unknown

Message headers follow.

${originalHead}
`,
    recipients: ["jan@customer.example failed hard userunknown"],
  },
  {
    format: "sendmail",
    subject: "Returned mail: see transcript for details",
    body: `The original message was received at Wed, 25 Nov 2026 15:50:49 GMT

   ----- The following addresses had permanent fatal errors -----
<jan@customer.example>
    (reason: 550 5.1.1 <jan@customer.example>... User unknown)

   ----- Transcript of session follows -----
... while talking to mx.customer.example.:
>>> RCPT To:<jan@customer.example>
<<< 550 5.1.1 <jan@customer.example>... User unknown
550 5.1.1 <jan@customer.example>... User unknown

   ----- Unsent message follows -----
${originalHead}
`,
    recipients: ["jan@customer.example failed hard userunknown"],
  },
  {
    format: "sendmail",
    subject: "Returned mail: Host unknown",
    body: `   ----- Transcript of session follows -----
550 nowhere.example (smtp)... 550 Host unknown
554 <jan@nowhere.example>... 550 Host unknown (Authoritative answer from name server)
While talking to mx.customer.example:
>>> RCPT To:<ewa@customer.example>
<<< 550 Mailbox not found
550 <ewa@customer.example>... User unknown

   ----- Unsent message follows -----
${originalHead}
`,
    recipients: ["jan@nowhere.example failed hard hostunknown", "ewa@customer.example failed hard userunknown"],
  },
  {
    format: "gmail",
    from: "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
    fields: "X-Failed-Recipients: jan@customer.example\n",
    subject: "Delivery Status Notification (Failure)",
    body: `Delivery to the following recipient failed permanently:

     jan@customer.example

Technical details of permanent failure:
Google tried to deliver your message, but it was rejected by the server for the recipient domain.

The error that the other server returned was:
550 5.1.1 User unknown

----- Original message -----

${originalHead}
`,
    recipients: ["jan@customer.example failed hard userunknown"],
  },
  {
    format: "googlegroups",
    from: "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
    fields: "Return-Path: <>\nX-Failed-Recipients: team@groups.customer.example\nIn-Reply-To: <offer-1@sales.example>\n",
    subject: "Delivery Status Notification (Failure)",
    body: `Witaj, anna@sales.example!

Grupa, z którą próbujesz się skontaktować (team), może nie istnieć lub nie masz uprawnień do publikowania w niej.

----- Original message -----

${originalHead}
`,
    recipients: ["team@groups.customer.example failed hard rejected"],
  },
  {
    format: "exchange",
    from: "System Administrator <postmaster@customer.example>",
    subject: "Undeliverable: Offer",
    body: `Your message

  To:      anna@sales.example
  Subject: Offer
  Sent:    Wed, 25 Nov 2026 15:50:49 -0000

did not reach the following recipient(s):

jan@customer.example on Wed, 25 Nov 2026 16:50:49 -0000
    The recipient name is not recognized
    MSEXCH:IMS:CUSTOMER:MAIL 0 (000C05A6) Unknown Recipient
`,
    recipients: ["jan@customer.example failed hard userunknown"],
    original: false,
  },
  {
    format: "exchange",
    from: "postmaster@customer.example",
    subject: "Unzustellbar: Offer",
    body: `Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:

jan@customer.example<mailto:jan@customer.example>
Die eingegebene E-Mail-Adresse konnte nicht gefunden werden.

Diagnoseinformationen für Administratoren:

Generating server: DB9PR01MB1234.prod.customer.example

jan@customer.example
Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup'

Ursprüngliche Nachrichtenkopfzeilen:

${originalHead}
`,
    recipients: ["jan@customer.example failed hard userunknown"],
  },
  {
    format: "zoho",
    from: "mailer-daemon@mail.zoho.example",
    fields: "X-Mailer: Zoho Mail\n",
    body: `This message was created automatically by mail delivery software.
A message that you sent could not be delivered to one or more of its recipients. This is a permanent error.

jan@customer.example Invalid Address, ERROR_CODE :550, ERROR_CODE :5.1.1 User unknown


${originalHead}
`,
    recipients: ["jan@customer.example failed hard userunknown"],
  },
  {
    format: "courier",
    subject: "NOTICE: mail delivery status.",
    body: `This is a delivery status notification from mx.sales.example,
running the Courier mail server, version 1.0.6.

                           UNDELIVERABLE MAIL

Your message to the following recipients cannot be delivered:

<jan@customer.example>:
    mx.customer.example [198.51.100.4]:
>>> RCPT TO:<jan@customer.example>
<<< 550 User unknown

---------------------------------------------------------------------------
`,
    recipients: ["jan@customer.example failed hard userunknown"],
    original: false,
  },
  {
    format: "mimecast",
    from: "Postmaster <postmaster@customer.example>",
    fields: "X-MC-System: x\nX-Mimecast-Originator: <>\n",
    subject: "[Postmaster] Email Delivery Failure",
    body: `This is a delivery failure notification message indicating that
an email you addressed to email address :
-- jan@customer.example

could not be delivered. The problem appears to be :
-- Recipient email address is possibly incorrect

Additional information follows :
-- 5.4.1 Recipient address rejected: Access denied
`,
    recipients: ["jan@customer.example failed hard userunknown"],
    original: false,
  },
  {
    format: "messagingserver",
    from: "Internet Mail Delivery <postmaster@mac.example>",
    subject: "Delivery Notification: Delivery has failed",
    body: `This report relates to a message you sent with the following header fields:

  Message-id: <offer-1@sales.example>
  From: Anna Nowak <anna@sales.example>
  To: jan@customer.example
  Subject: Offer

Your message cannot be delivered to the following recipients:

  Recipient address: jan@customer.example
  Reason: Remote SMTP server has rejected address
  Diagnostic code: smtp;550 5.1.1 User unknown
  Remote system: dns;mx.customer.example
`,
    recipients: ["jan@customer.example failed hard userunknown"],
  },
  {
    format: "interscan",
    from: "InterScan Messaging Security Suite <postmaster@customer.example>",
    subject: "Mail could not be delivered",
    body: `Sent <<< RCPT TO:<jan@customer.example>
Received >>> 550 5.1.1 User unknown

Unable to deliver message to <jan@customer.example>.
`,
    recipients: ["jan@customer.example failed hard userunknown"],
    original: false,
  },
  {
    format: "smtp-relay",
    from: "Postmaster <postmaster@customer.example>",
    subject: "Undeliverable Mail",
    body: `Unknown user: jan@customer.example

Original message follows.

${originalHead}
`,
    recipients: ["jan@customer.example failed hard userunknown"],
  },
  {
    format: "x-failed-recipients",
    fields: "X-Failed-Recipients: jan@customer.example\n",
    body: `|------------------------- Failed addresses follow: ---------------------|
 <jan@customer.example> ... unknown host
|------------------------- Message text follows: ------------------------|
${originalHead}
`,
    recipients: ["jan@customer.example failed hard hostunknown"],
  },
  {
    format: "fml",
    from: "team-admin@lists.customer.example",
    fields: "Return-Path: <team-admin@lists.customer.example>\nX-MLServer: fml [fml 4.0.3 release]\n",
    subject: "You anna@sales.example are not member (team ML)",
    body: "You are not a member of this mailing list <team@lists.customer.example>.\n",
    recipients: ["team@lists.customer.example failed hard rejected"],
    original: false,
  },
  {
    format: "text",
    from: "mailer-daemon@hmail.example",
    subject: "Message undeliverable: Offer",
    body: `Your message was not delivered.

   Sent: Wed, 25 Nov 2026 15:50:49 +0000
   Subject: Offer

The following recipients are concerned:

jan@customer.example
   Error Type: SMTP
   Remote server replied: 550 5.1.1 No such user here
`,
    recipients: ["jan@customer.example failed hard userunknown"],
    original: false,
  },
  {
    format: "text",
    from: "MDaemon at mx.customer.example <MDaemon@mx.customer.example>",
    subject: "Permanent Delivery Failure",
    body: `The attached message had PERMANENT fatal delivery errors!

Failed address: jan@customer.example

--- Session Transcript ---
 Wed 2026-11-25 15:50:49: *  From: anna@sales.example
 Wed 2026-11-25 15:50:50: --> RCPT To:<jan@customer.example>
 Wed 2026-11-25 15:50:50: <-- 550 Unknown local user
--- End Transcript ---
`,
    recipients: ["jan@customer.example failed hard userunknown"],
    original: false,
  },
  {
    format: "text",
    from: "Barracuda Spam Firewall <noreply@firewall.customer.example>",
    subject: "**Message you sent blocked by our bulk email filter**",
    body: `Your message to: jan@customer.example
was blocked by our Spam Firewall. The email you sent with the following subject has NOT BEEN DELIVERED:

Subject: Offer
`,
    recipients: ["jan@customer.example failed hard blocked"],
    original: false,
  },
  {
    format: "text",
    from: "Postmaster@customer.example",
    subject: "DELIVERY FAILURE: User jan (jan@customer.example) not listed in Domino Directory",
    body: `Your message

  Subject: Offer

was not delivered to:

  jan@customer.example

because:

  User jan (jan@customer.example) not listed in Domino Directory
`,
    recipients: ["jan@customer.example failed hard userunknown"],
    original: false,
  },
  {
    format: "text",
    from: "MAILER-DAEMON@poczta.example",
    subject: "Niedostarczona wiadomość",
    body: `Nie można dostarczyć wiadomości do następujących odbiorców:

jan@customer.example
   550 5.1.1 nie ma takiego użytkownika
`,
    recipients: ["jan@customer.example failed hard userunknown"],
    original: false,
  },
  {
    format: "text",
    from: "MAILER-DAEMON@mx.customer.example",
    subject: "There was an error sending your mail",
    body: `We had trouble delivering your message. Full details follow:

1 error(s):

SMTP Server <mx.customer.example> rejected recipient <jan@customer.example>
  (Error following RCPT command). It responded as follows: [550 5.1.1 User unknown]

> ${originalHead.trimEnd().replaceAll("\n", "\n> ")}
`,
    recipients: ["jan@customer.example failed hard userunknown"],
  },
];

describe("notices in plain text", () => {
  for (const { format, kind, from, subject, fields, body, recipients, original } of cases)
    it(`${format}: ${subject ?? "Undelivered Mail Returned to Sender"} (${recipients.length})`, () => {
      const report = inspectMail(textNotice({ body, ...(from && { from }), ...(subject && { subject }), ...(fields && { fields }) }));
      expect(report.recipients.map(({ address, action, type, reason }) => `${address} ${action} ${type} ${reason}`)).toEqual(recipients);
      expect(report.kind).toBe(kind ?? "failure");
      expect(report.original.messageId).toBe(original === false ? null : "<offer-1@sales.example>");
      expect(report.format).toBe(format);
    });

  it("are no notices when a person writes the same words", () => {
    for (const { body } of cases) {
      const report = inspectMail(
        textNotice({
          from: "Jan <jan@customer.example>",
          subject: "Re: Offer",
          fields: "Return-Path: <jan@customer.example>\n",
          body: `Hi, I got this:\n\n${body}`,
        }),
      );
      expect(report.verdict, body.slice(0, 60)).toBe("not_bounce");
    }
  });
});
