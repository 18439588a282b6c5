/** Hand-written notices for the tests: what varies is an argument, the rest is ordinary. */

/** Bytes of a text, with the line ends a test asks for. */
export const bytesOf = (text: string, lineEnd = "\r\n"): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll("\n", lineEnd), "utf8"));

/** The header of the letter that bounced. */
export const originalHead = `Received: from client.sales.example by mx.sales.example; Wed, 25 Nov 2026 15:50:49 +0000
Date: Wed, 25 Nov 2026 15:50:49 +0000
From: Anna Nowak <anna@sales.example>
To: Jan <jan@customer.example>
Subject: Offer
Message-ID: <offer-1@sales.example>
`;

type Text = { from?: string; to?: string; subject?: string; fields?: string; body: string };

/** A notice in plain text, with an empty return path unless `fields` says otherwise. */
export const textNotice = ({ from, to, subject, fields, body }: Text): Uint8Array =>
  bytesOf(`${fields ?? "Return-Path: <>\n"}From: ${from ?? "Mail Delivery System <MAILER-DAEMON@mx.sales.example>"}
To: ${to ?? "anna@sales.example"}
Subject: ${subject ?? "Undelivered Mail Returned to Sender"}
Date: Wed, 25 Nov 2026 16:00:00 +0000
Message-ID: <notice-1@mx.sales.example>

${body}`);

type ReportText = {
  head?: string;
  type?: string;
  prose?: string;
  status: string;
  statusType?: string;
  returnedType?: string;
  original?: string;
};

const header = `Return-Path: <>
From: MAILER-DAEMON@mx.sales.example (Mail Delivery System)
To: anna@sales.example
Subject: Undelivered Mail Returned to Sender
Date: Wed, 25 Nov 2026 16:00:00 +0000
Message-ID: <notice-1@mx.sales.example>
`;

/** The text of an RFC 3464 report with LF line ends; `status` is the body of its status part. */
export const reportText = ({ head, type, prose, status, statusType, returnedType, original }: ReportText): string =>
  `${head ?? header}MIME-Version: 1.0
Content-Type: ${type ?? "multipart/report; report-type=delivery-status"}; boundary="=_b"

--=_b
Content-Type: text/plain; charset=us-ascii

${prose ?? "Your message could not be delivered."}

--=_b
Content-Type: ${statusType ?? "message/delivery-status"}

${status}

--=_b
Content-Type: ${returnedType ?? "message/rfc822"}

${original ?? `${originalHead}\nDear Jan, here is our secret offer.\n`}
--=_b--
`;

/** The same as bytes with CRLF line ends. */
export const reportNotice = (report: ReportText): Uint8Array => bytesOf(reportText(report));

/** The status part of one failed recipient; `fields` are put below. */
export const failedStatus = (fields = "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown"): string =>
  `Reporting-MTA: dns; mx.sales.example

Final-Recipient: rfc822; jan@customer.example
${fields}`;
