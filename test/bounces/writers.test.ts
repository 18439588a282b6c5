import { describe, expect, it } from "vitest";
import { inspectMail } from "../../src/bounces/inspect-mail.ts";
import { bytesOf, originalHead } from "./notices.ts";

/** Header, body, recipient and reason; the texts are ours, in the shape each writer's notices are known to have. */
const writers: [string, string, string, string, string][] = [
  [
    "Biglobe",
    `From: postmaster@provider.example\nTo: anna@sales.example\nSubject: Returned mail: User unknown\nContent-Type: multipart/mixed; boundary="--_B"\n`,
    `This is a MIME-encapsulated message.

----_B
Content-Type: text/plain; charset="iso-2022-jp"

   ----- The following addresses had delivery problems -----
jan@customer.example

   ----- Non-delivered information -----
The number of messages in recipient's mailbox exceeded the local limit.

----_B
Content-Type: message/rfc822

${originalHead}
----_B--
`,
    "jan@customer.example",
    "mailboxfull",
  ],
  [
    "MailFoundry",
    `From: Mail Delivery <postmaster@mx.sales.example>\nTo: anna@sales.example\nSubject: Message delivery has failed\nReceived: from x by y (MAILFOUNDRY) id 1\nContent-Type: text/plain\n`,
    `This is a MIME encapsulated message.

Unable to deliver message to: <jan@customer.example>
Delivery failed for the following reason:
Server mx22.customer.example[192.0.2.222] failed with: 550 <jan@customer.example> No such user here

This has been a permanent failure.  No further delivery attempts will be made.
`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    'an unknown server: "had delivery errors", [reason]',
    `From: "Mail Deliver System" <postmaster@sales.example>\nTo: anna@sales.example\nSubject: Returned Mail: User unknown\n`,
    `The original message was received at Thu, 29 Apr 2010 23:34:45 +0900 (JST)
from anna@sales.example

---The following addresses had delivery errors---

jan@customer.example [User unknown]

${originalHead}`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    'an unknown server: "Message from …"',
    `From: MAILER-DAEMON@sales.example\nTo: anna@sales.example\nSubject: failed delivery\n`,
    `Message from sales.example.
Unable to deliver message to the following address(es).

<jan@customer.example>:
This user doesn't have a customer.example account (jan@customer.example) [0]

--- Original message follows.

${originalHead}`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "a clone of qmail",
    `From: MAILER-DAEMON@sales.example\nTo: anna@sales.example\nSubject: Permanent Delivery Failure\nReceived: (qmail 2222 invoked for bounce); 29 Apr 2017 23:34:45 +0900\n`,
    `We're sorry. There's a problem with the e-mail address(es) you're trying to send to.
Please verify the address(es) and try again.

Below is the technical reason.

<jan@customer.example>:
192.0.2.153 does not like recipient.
Remote host said: 550 5.1.1 <jan@customer.example>... User Unknown
Giving up on 192.0.2.153.

--- Below this line is a copy of the message.

${originalHead}`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "a gateway that attaches the report",
    `From: "=?iso-2022-jp?B?TWFpbCBEZWxpdmVyeSBTdWJzeXN0ZW0=?=" <x5@sales.example>\nTo: NotificationRecipients\nSubject: =?iso-2022-jp?B?UmV0dXJuZWQgbWFpbDogVXNlciB1bmtub3du?=\nContent-Type: multipart/mixed; boundary="b1"\n`,
    `--b1
Content-Type: text/plain

see attached

--b1
Content-Type: message/rfc822

From: Mail Delivery Subsystem <MAILER-DAEMON@x.example>
Subject: Returned mail: User unknown
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b2"

--b2
Content-Type: text/plain

   ----- The following addresses had permanent fatal errors -----
<jan@customer.example>

--b2
Content-Type: message/delivery-status

Reporting-MTA: dns; x.example

Final-Recipient: RFC822; jan@customer.example
Action: failed
Status: 5.1.1
Diagnostic-Code: SMTP; 550 5.1.1 <jan@customer.example>... User Unknown

--b2
Content-Type: message/rfc822

${originalHead}

--b2--

--b1--
`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    'an unknown server: "We had trouble delivering"',
    `From: postmaster@sales.example\nTo: anna@sales.example\nSubject: There was an error sending your mail\n`,
    `We had trouble delivering your message. Full details follow:

Subject: 'Offer'
Date: 'Thu, 29 Apr 2026 23:34:45 +0000'

1 error(s):

SMTP Server <mta2.customer.example> rejected recipient <jan@customer.example> (Error following RCPT command). It responded as follows: [550 5.1.1 User unknown]

The attachment contains the original mail headers.
`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "the same, without an answer",
    `From: postmaster@sales.example\nTo: anna@sales.example\nSubject: There was an error sending your mail\n`,
    `We had trouble delivering your message. Full details follow:

Subject: 'Offer'
Date: 'Thu, 29 Apr 2026 23:34:45 +0000'

1 error(s):

The following recipients returned permanent errors: jan@customer.example.

The attachment contains the original mail headers.
`,
    "jan@customer.example",
    "onhold",
  ],
  [
    "Lotus Notes",
    `From: Postmaster@notes.sales.example\nTo: anna@sales.example\nSubject: Undeliverable message\n`,
    `------- Failure Reasons  --------

User not listed in public Name & Address Book
jan@customer.example

------- Returned Message --------
Received: from x by y
${originalHead}`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "Domino in text",
    `From: MAILER-DAEMON@notes.sales.example\nTo: anna@sales.example\nSubject: DELIVERY FAILURE: User jan (jan@customer.example) not listed in Domino Directory\n`,
    `Your message

  Subject: Offer

was not delivered to:

  jan@customer.example

because:

  User jan (jan@customer.example) not listed in Domino Directory

`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "smail as Deutsche Telekom runs it",
    `From: Mail Delivery System <Mailer-Daemon@provider.example>\nTo: anna@sales.example\nSubject: mail failed, returning to sender\n`,
    `|------------------------- Message log follows: -------------------------|
 no valid recipients were found for this message
|------------------------- Failed addresses follow: ---------------------|
 <jan@customer.example>
   552 5.2.2 <jan@customer.example> Quota exceeded (mailbox for user is full)

|------------------------- Message header follows: ----------------------|
${originalHead}`,
    "jan@customer.example",
    "mailboxfull",
  ],
  [
    "smail 3",
    `From: <Mailer-Daemon@sales.example>\nTo: anna@sales.example\nSubject: mail failed, returning to sender\n`,
    `|------------------------- Message log follows: -------------------------|
 no valid recipients were found for this message
|------------------------- Failed addresses follow: ---------------------|
 jan@customer.example ... unknown host
|------------------------- Message text follows: ------------------------|
${originalHead}`,
    "jan@customer.example",
    "hostunknown",
  ],
  [
    "Verizon, text messages",
    `From: post_master@phones.example\nTo: anna@sales.example\nSubject: Undeliverable\n`,
    `Error: Invalid user address

Error message below:
550 - Requested action not taken: no such user here

Message details:
  Subject: Offer
  Sent date: Wed Jun 12 02:21:53 GMT 2013
  MAIL FROM: anna@sales.example
  RCPT TO: 5551234567@phones.example
`,
    "5551234567@phones.example",
    "userunknown",
  ],
  [
    "Verizon, pictures",
    `Return-Path: <>\nFrom: sysadmin@phones.example\nTo: anna@sales.example\nSubject: Undeliverable Message\n`,
    `Message could not be delivered to mobile.
Error: No valid recipients for this MM

Original Message:
From: Anna <anna@sales.example>
To: 5551234567@phones.example
Subject: Offer
Date:  Wed, 20 Jun 2013 10:29:52 +0000
`,
    "5551234567@phones.example",
    "userunknown",
  ],
  [
    "IMail",
    `From: Postmaster <postmaster@sales.example>\nTo: anna@sales.example\nX-Mailer: <SMTP32 v8.22>\nSubject: Undeliverable Mail\n`,
    `Unknown user: jan@customer.example

Original message follows.

${originalHead}`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "IMail after many tries",
    `From: Postmaster <postmaster@sales.example>\nTo: anna@sales.example\nX-Mailer: <SMTP32 v8.22>\nSubject: Undeliverable Mail\n`,
    `Delivery failed 20 attempts: jan@customer.example

Original message follows.

${originalHead}`,
    "jan@customer.example",
    "expired",
  ],
  [
    "InterScan",
    `From: "InterScan MSS" <postmaster@sales.example>\nTo: anna@sales.example\nSubject: Mail could not be delivered\n`,
    `****** Message from InterScan Messaging Security Suite ******

Sent <<< RCPT TO:<jan@customer.example>
Received >>> 550 5.1.1 <jan@customer.example>... user unknown

Unable to deliver message to <jan@customer.example>.
************************     End of message     **********************
`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "InterScan in Japanese",
    `From: "InterScan MSS" <postmaster@sales.example>\nTo: anna@sales.example\nSubject: =?utf-8?B?44Oh44OD44K744O844K444KS6YWN5L+h44Gn44GN44G+44Gb44KT44CC?=\nContent-Type: text/plain; charset=utf-8\n`,
    `InterScan Messaging Security Suite からのメッセージ

送信 >>> RCPT TO:<jan@customer.example>
受信 <<< 550 5.1.1 unknown user <jan@customer.example>

<jan@customer.example> にメッセージを送信できません。
`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "McAfee",
    `From: Postmaster@mx.sales.example\nTo: anna@sales.example\nSubject: Delivery Status\nX-NAI-Header: Modified by McAfee Email Gateway (4500)\n`,
    `--- The following addresses had delivery problems ---

<jan@customer.example>   (User not exist)

`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "Facebook",
    `From: Facebook <mailer-daemon@mx.customer.example>\nTo: anna@sales.example\nSubject: Sorry, your message could not be delivered\n`,
    `This message was created automatically by Facebook.

Sorry, your message could not be delivered. We apologize for any inconvenience.

jan@customer.example: 550 5.1.1 RCP-P1 http://postmaster.customer.example/response_codes?ip=192.0.2.1#rcp
`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "1&1",
    `From: "Mail Delivery System" <mailer-daemon@provider.example>\nTo: anna@sales.example\nSubject: Mail delivery failed: returning message to sender\n`,
    `This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of
its recipients. The following addresses failed:

<jan@customer.example>

For the following reason:

Mail size limit exceeded.

--- The header of the original message is following. ---

${originalHead}`,
    "jan@customer.example",
    "mesgtoobig",
  ],
  [
    "1&1 with an answer",
    `From: "Mail Delivery System" <mailer-daemon@provider.example>\nTo: anna@sales.example\nSubject: Mail delivery failed: returning message to sender\n`,
    `This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of
its recipients. The following addresses failed:

jan@customer.example:
SMTP error from remote server for RCPT TO command, host: mx.customer.example (192.0.2.1) reason: 550 5.1.1 no such user

--- The header of the original message is following. ---

${originalHead}`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "KDDI",
    `From: no-reply@provider.example\nReply-To: no-reply@provider.example\nReturn-Path: <>\nTo: anna@sales.example\nSubject: Mail\n`,
    `Your mail sent on: Thu, 29 Apr 2010 11:04:47 +0900
     Could not be delivered to: <jan@customer.example>
     As their mailbox is full.
`,
    "jan@customer.example",
    "mailboxfull",
  ],
  [
    "au EZweb",
    `From: <Postmaster@provider.example>\nTo: anna@sales.example\nSubject: Mail System Error - Returned Mail\n`,
    `Each of the following recipients was rejected by a remote
mail server.

   Recipient: <jan@customer.example>
   >>> RCPT TO:<jan@customer.example>
   <<< 550 <jan@customer.example>: User unknown
`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "MailMarshal",
    `From: postmaster@mx.sales.example\nTo: anna@sales.example\nSubject: Undeliverable Mail: "Offer"\nContent-Type: text/plain\n`,
    `Your message:
   From:    anna@sales.example
   Subject: Offer

Could not be delivered because of

550 5.1.1 User unknown

The following recipients were affected:
   jan@customer.example

   Additional Information
   ======================
   Original Sender:    <anna@sales.example>
   Sender-MTA:         <10.11.12.13>
   Remote-MTA:         <10.0.0.1>
   Reporting-MTA:      <relay.customer.example>
   MessageName:        <B549996730000.000000000001.0003.mml>
   Last-Attempt-Date:  <16:21:07 seg, 22 Dezembro 2014>
`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "MX Logic",
    `From: Mail Delivery System <postmaster@provider.example>\nTo: anna@sales.example\nX-MX-Bounce: mta/src/queue/bounce\nSubject: Mail delivery failed: returning message to sender\n`,
    `This message was created automatically by mail delivery software.

A message that you have sent could not be delivered to one or more
recipients.  This is a permanent error.  The following address failed:

 <jan@customer.example>: 550 5.1.1 <jan@customer.example>... User Unknown


Included is a copy of the message header:
-----------------------------------------
${originalHead}`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "SurfControl",
    `From: "System Administrator" <postmaster@sales.example>\nTo: anna@sales.example\nX-Mailer: SurfControl E-mail Filter\nX-SEF-Processed: 6_1_0\nSubject: Mail delivery failed\n`,
    `Your message could not be sent.
A transcript of the attempts to send the message follows.
The number of attempts made: 1
Addressed To: jan@customer.example

Thu 29 Apr 2010 23:34:45 +0900
Failed to send to identified host,
jan@customer.example: [192.0.2.5], 550 jan@customer.example... No such user

--- Message non-deliverable.
`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "m-FILTER",
    `From: <postmaster@sales.example>\nTo: anna@sales.example\nX-Mailer: m-FILTER\nSubject: failure notice\nContent-Type: text/plain; charset=utf-8\n`,
    `このメールは「m-FILTER」が自動的に生成して送信しています。
メールサーバーとの通信中、下記の理由により
このメールは送信できませんでした。

以下のメールアドレスへの送信に失敗しました。
jan@customer.example


-------server message
550 5.1.1 unknown user <jan@customer.example>

-------SMTP command
DATA

-------original message
${originalHead}`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "ActiveHunter",
    `From: MAILER-DAEMON@mx.sales.example\nTo: anna@sales.example\nX-AHMAILID: 1\nSubject: FAILURE NOTICE :\n`,
    `  ----- The following addresses had permanent fatal errors -----

>>> jan@customer.example <jan@customer.example>

  ----- Transcript of session follows -----
550 sorry, no mailbox here by that name (#5.1.1 - chkusr)

`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "Google Workspace in text",
    `From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nTo: anna@sales.example\nX-Failed-Recipients: jan@customer.example\nSubject: Delivery Status Notification (Failure)\n`,
    `** Address not found **

Your message wasn't delivered to jan@customer.example because the address couldn't be found. Check for typos or unnecessary spaces and try again.

The response was:
550 5.1.1 The email account that you tried to reach does not exist.
`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "Apache James",
    `From: postmaster@sales.example\nTo: anna@sales.example\nSubject: [BOUNCE] Offer\nX-Mailer: JAMES\nContent-Type: multipart/mixed; boundary="J"\n`,
    `--J
Content-Type: text/plain

Hi. This is the James mail server at mx.sales.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.  Below
I include the list of recipients and the reason why I was unable to deliver
your message.

Failed recipient(s):
jan@customer.example

Error message:
550 5.1.1 User unknown

--J
Content-Type: message/rfc822

${originalHead}

--J--
`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "Bigfoot",
    `From: Mail Delivery Subsystem <MAILER-DAEMON@provider.example>\nTo: anna@sales.example\nSubject: Returned mail: see transcript\n`,
    `The original message was received at Thu, 29 Apr 2026 23:34:45 +0000
from [192.0.2.1]

   ----- The following addresses had permanent fatal errors -----
<jan@customer.example>

   ----- Transcript of session follows -----
>>> RCPT TO:<jan@customer.example>
<<< 553 Invalid recipient jan@customer.example (Mode: normal)
`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "MessageLabs",
    `From: MAILER-DAEMON@provider.example\nTo: anna@sales.example\nX-Msg-Ref: server-1\nSubject: Mail Delivery Failure\n`,
    `This is an automatically generated Delivery Status Notification.

Delivery to the following recipients failed.

     jan@customer.example

Reason: 550 User unknown
`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "Barracuda",
    `From: MAILER-DAEMON@barracuda.sales.example\nTo: anna@sales.example\nSubject: **Message you sent blocked by our bulk email filter**\n`,
    `Your message to: jan@customer.example
was blocked by our Spam Firewall. The email you sent with the following subject has NOT BEEN DELIVERED:

Subject: Offer
`,
    "jan@customer.example",
    "blocked",
  ],
  [
    "Courier in text",
    `From: "MAILER-DAEMON" <@mx.sales.example>\nTo: anna@sales.example\nSubject: NOTICE: mail delivery status.\n`,
    `This is a delivery status notification from mx.sales.example,
running the Courier mail server, version 0.65.2.

The original message was received on Sat, 11 Dec 2010 12:19:57 +0900
from [127.0.0.1] (c10920.example.com [192.0.2.20])

---------------------------------------------------------------------------

                           UNDELIVERABLE MAIL

Your message to the following recipients cannot be delivered:

<jan@customer.example>:
    mx.customer.example [198.51.100.4]:
>>> RCPT TO:<jan@customer.example>
<<< 550 5.1.1 <jan@customer.example>... User Unknown

---------------------------------------------------------------------------
`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "MDaemon",
    `From: "MDaemon at sales.example" <MDaemon@sales.example>\nTo: anna@sales.example\nSubject: Permanent Delivery Failure\n`,
    `The following data may contain information about the failure to deliver mail.

jan@customer.example - no such user here.

Session Transcript:
 Wed 2026-11-25 15:50:49: <-- 220 mx.customer.example ESMTP
 Wed 2026-11-25 15:50:49: --> RCPT To:<jan@customer.example>
 Wed 2026-11-25 15:50:49: <-- 550 5.1.1 <jan@customer.example>, Recipient unknown
`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "MailEnable",
    `From: Postmaster <POSTMASTER@sales.example>\nTo: anna@sales.example\nSubject: Message Delivery Failure\n`,
    `MailEnable: Message could not be delivered to some recipients.
The following recipient(s) could not be reached:

	Recipient: [SMTP:jan@customer.example]
	Reason: Remote SMTP Server Returned: 550 No such recipient

Message headers follow:
${originalHead}`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "hMailServer",
    `From: MAILER-DAEMON@sales.example\nTo: anna@sales.example\nSubject: Message undeliverable: Offer\n`,
    `Your message did not reach some or all of the intended recipients.

   Sent: Wed, 25 Nov 2026 15:50:49 +0000
   Subject: Offer

The following recipient(s) could not be reached:

jan@customer.example
   Error Type: SMTP
   Remote server (192.0.2.1) issued an error.
   hMailServer sent: RCPT TO:<jan@customer.example>
   Remote server replied: 550 Unknown user

hMailServer
`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "GroupWise",
    `From: Mail Delivery Subsystem <MAILER-DAEMON@sales.example>\nTo: anna@sales.example\nSubject: Message status - undeliverable\nContent-Type: multipart/mixed; boundary=G\n`,
    `--G
Content-Type: text/plain

The message that you sent was undeliverable to the following:
	jan@customer.example (user not found)

Possibly truncated original message follows:

--G
Content-Type: message/rfc822

${originalHead}
--G--
`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "Momentum",
    `From: MAILER-DAEMON@sales.example\nTo: anna@sales.example\nSubject: Undelivered Mail Returned to Sender\n`,
    `This message was created automatically by the mail system (ecelerity).

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

>>> jan@customer.example (after RCPT TO): 550 5.1.1 user unknown

------ This is a copy of the headers of the original message. ------

${originalHead}`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "Kerio",
    `From: postmaster@sales.example\nTo: anna@sales.example\nReturn-Path: <>\nSubject: Undeliverable: Offer\n`,
    `Your message has not been delivered to the following recipients:

jan@customer.example

    Error: 550 5.1.1 User unknown
`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "CommuniGate",
    `From: <MAILER-DAEMON@sales.example>\nTo: anna@sales.example\nSubject: Undeliverable mail: Offer\n`,
    `Failed to deliver to '<jan@customer.example>'
SMTP module(domain customer.example) reports:
 host mx.customer.example says:
 550 5.1.1 User unknown
`,
    "jan@customer.example",
    "userunknown",
  ],
  [
    "Yandex in text",
    `From: MAILER-DAEMON@provider.example\nTo: anna@sales.example\nSubject: =?utf-8?B?0J3QtdC00L7RgdGC0LDQstC70LXQvdC90L7QtSDRgdC+0L7QsdGJ0LXQvdC40LU=?=\nContent-Type: text/plain; charset=utf-8\n`,
    `This is the mail system at host provider.example.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

<jan@customer.example>: host mx.customer.example[192.0.2.1] said: 550 5.1.1 User unknown (in reply to RCPT TO command)
`,
    "jan@customer.example",
    "userunknown",
  ],
];

describe("a notice without a status part", () => {
  it.each(writers)("by %s names its recipient and the reason", (_, head, body, recipient, reason) => {
    const report = inspectMail(bytesOf(`${head}Date: Wed, 25 Nov 2026 16:00:00 +0000\nMessage-ID: <notice-1@mx.sales.example>\n\n${body}`));
    expect(report.kind).toBe("failure");
    expect(report.recipients.map((one) => [one.address, one.reason])).toEqual([[recipient, reason]]);
    expect(report.original.messageId).toBe(body.includes("<offer-1@sales.example>") ? "<offer-1@sales.example>" : null);
  });
});
