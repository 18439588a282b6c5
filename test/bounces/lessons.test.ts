/** What went wrong in other products, each as an input of ours (lessons in bounces.md and the README). */
import { describe, expect, it } from "vitest";
import { inspectMail } from "../../src/bounces/inspect-mail.ts";
import { bytesOf, failedStatus, originalHead, reportNotice, reportText, textNotice } from "./notices.ts";

const human =
  "Return-Path: <kim@sales.example>\nFrom: Kim <kim@sales.example>\nTo: anna@sales.example\nSubject: Fwd: Undelivered Mail Returned to Sender\nMessage-ID: <fwd@sales.example>\n";

describe("who a report is about", () => {
  it("is told per recipient, by each one's own action", () => {
    const status = `Reporting-MTA: dns; mx.sales.example

Final-Recipient: rfc822; ana@customer.example
Action: failed
Status: 5.1.1

Final-Recipient: rfc822; ben@customer.example
Action: delayed
Status: 4.4.1

Final-Recipient: rfc822; cyd@customer.example
Action: delivered
Status: 2.0.0`;
    const report = inspectMail(reportNotice({ status }));
    expect(report.kind).toBe("mixed");
    expect(report.recipients.map(({ address, action, type }) => `${address} ${action} ${type}`)).toEqual([
      "ana@customer.example failed hard",
      "ben@customer.example delayed pending",
      "cyd@customer.example delivered none",
    ]);
  });

  it("is the refused Cc, not the To of the letter", () => {
    const original = originalHead.replace("Subject:", "Cc: closed@customer.example\nSubject:");
    const status = failedStatus().replace("jan@", "closed@");
    expect(inspectMail(reportNotice({ status, original })).recipients.map(({ address }) => address)).toEqual(["closed@customer.example"]);
  });

  it("stands in several status parts, where a writer makes one per recipient", () => {
    const status = `${failedStatus()}\n\n--=_b\nContent-Type: message/delivery-status\n\n${failedStatus().replace("jan@", "ewa@")}`;
    expect(inspectMail(reportNotice({ status })).recipients.map(({ address }) => address)).toEqual([
      "jan@customer.example",
      "ewa@customer.example",
    ]);
  });

  it("is counted once when two servers refused the same address", () => {
    const status = `${failedStatus()}\n\nFinal-Recipient: rfc822; JAN@customer.example\nAction: failed\nStatus: 5.1.1`;
    expect(inspectMail(reportNotice({ status })).recipients).toHaveLength(1);
  });

  it("names the member and the alias the user wrote to", () => {
    const status = failedStatus("Original-Recipient: rfc822; info@customer.example\nAction: failed\nStatus: 5.1.1");
    const [only] = inspectMail(reportNotice({ status })).recipients;
    expect([only?.address, only?.originalAddress]).toEqual(["jan@customer.example", "info@customer.example"]);
  });

  it("reads the alias from the prose where only that has it", () => {
    const prose =
      "<jan@customer.example> (expanded from <info@customer.example>): host mx.customer.example said:\n    550 5.1.1 User unknown";
    const [only] = inspectMail(reportNotice({ status: failedStatus("Action: failed\nStatus: 5.1.1"), prose })).recipients;
    expect([only?.originalAddress, only?.diagnostic]).toEqual(["info@customer.example", expect.stringContaining("550 5.1.1")]);
  });

  it("is never the mailbox's owner, also when a broken server names them", () => {
    const status = failedStatus().replace("jan@customer.example", "anna@sales.example");
    expect(inspectMail(reportNotice({ status })).recipients[0]?.address).toBe("jan@customer.example");
  });

  it("is nobody when a person is called System Administrator", () => {
    const body = "Dear all,\n\nmail could not be delivered last night.\n\nsupport@customer.example\nPhone 550 123\n";
    const bytes = textNotice({
      from: "System Administrator <it@customer.example>",
      fields: "Return-Path: <it@customer.example>\n",
      subject: "Mail server",
      body,
    });
    expect(inspectMail(bytes).verdict).toBe("not_bounce");
  });

  it("is not the letter's sender, whose address a refusal quotes at the start of a line", () => {
    const body = `The following addresses failed:\n\njan@customer.example\n  550 5.7.1 refused for sender\nanna.nowak@sales.example\n\n${originalHead.replace("anna@", "anna.nowak@")}`;
    expect(inspectMail(textNotice({ body })).recipients.map(({ address }) => address)).toEqual(["jan@customer.example"]);
  });

  it("is nobody when a postmaster writes as a person", () => {
    const body = "Hi Anna,\n\nwe saw failed deliveries to unknown users from you (550 5.1.1 jan@customer.example). Typo?\n\nJo\n";
    const bytes = textNotice({
      from: '"Postmaster" <postmaster@customer.example>',
      fields: "Return-Path: <postmaster@customer.example>\n",
      subject: "Delivery problems",
      body,
    });
    expect(inspectMail(bytes).verdict).toBe("not_bounce");
  });
});

describe("what a report says", () => {
  const reasonOf = (reply: string, status = "5.0.0"): string => {
    const [only] = inspectMail(
      reportNotice({ status: failedStatus(`Action: failed\nStatus: ${status}\nDiagnostic-Code: smtp; ${reply}`) }),
    ).recipients;
    return `${only?.type} ${only?.category} ${only?.reason}`;
  };

  it.each([
    ["550 5.0.0 Requested action aborted: mailbox over quota", "5.0.0", "hard mailbox_full mailboxfull"],
    ["452 4.2.2 Mailbox full", "4.2.2", "soft mailbox_full mailboxfull"],
    ["550 mailspamprotection.example said: no such user here", "5.0.0", "hard unknown_user userunknown"],
    ["554 5.7.1 Message rejected as spam (user unknown)", "5.7.1", "hard spam spamdetected"],
    ["550 4.4.7 QUEUE.Expired; message expired", "4.4.7", "soft temporary_technical expired"],
    ["550 5.4.300 Message expired -> 421 4.4.1 connection timed out", "5.4.300", "soft temporary_technical expired"],
    ["550 5.7.509 Access denied, sending domain does not pass DMARC verification", "5.7.509", "soft dmarc_unauthorized authfailure"],
    ["550-5.7.26 Unauthenticated email is not accepted due to domain's DMARC policy", "5.7.26", "soft dmarc_unauthorized authfailure"],
    ["550 5.7.23 SPF validation failed", "5.7.23", "hard policy authfailure"],
    ["550 5.7.25 The IP address has no PTR record", "5.7.25", "hard policy requireptr"],
    ["451 4.7.1 Greylisting in action, please come back later", "4.7.1", "soft security_filter greylisting"],
    ["554 5.7.1 Client host [198.51.100.7] blocked using zen.spamhaus.org", "5.7.1", "hard policy blocked"],
    ["550 5.7.1 Relaying denied", "5.7.1", "hard policy norelaying"],
    ["552 5.3.4 Message size exceeds fixed limit", "5.3.4", "hard content mesgtoobig"],
    ["550 5.1.2 Bad destination system address", "5.1.2", "hard unknown_user hostunknown"],
    ["550 5.2.1 The account you tried to reach is disabled", "5.2.1", "hard unknown_user suspend"],
    ["450 4.1.1 User unknown, try again", "4.1.1", "soft unknown_user userunknown"],
    ["550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", "5.1.10", "hard unknown_user userunknown"],
    ["550 5.4.1 Recipient address rejected: Access denied", "5.4.1", "hard unknown_user userunknown"],
    ["550 5.4.5 Daily user sending quota exceeded", "5.4.5", "soft security_filter speeding"],
    [
      "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints",
      "4.7.0",
      "soft security_filter badreputation",
    ],
    ["550 5.7.606 Access denied, banned sending IP [192.0.2.1]", "5.7.606", "hard policy blocked"],
    ["550-5.7.1 Our system has detected that this message is likely unsolicited mail", "5.7.1", "hard spam spamdetected"],
    ["556 5.1.10 Domain does not accept mail (nullMX)", "5.1.10", "hard other notaccept"],
    ["550 5.1.8 Sender address rejected: Domain not found", "5.1.8", "hard policy rejected"],
    ["530 5.7.0 Must issue a STARTTLS command first", "5.7.0", "hard policy failedstarttls"],
    ["550 5.7.1 qwertz", "5.7.1", "hard policy securityerror"],
    ["550 qwertz", "5.0.0", "hard other onhold"],
  ])("%s (%s): %s", (reply, status, expected) => {
    expect(reasonOf(reply, status)).toBe(expected);
  });

  it("is pending while the server keeps trying, soft once its retry time is used up", () => {
    const delayed = "Action: delayed\nStatus: 4.4.7\nDiagnostic-Code: smtp; 421 busy";
    const warning = inspectMail(reportNotice({ status: failedStatus(`${delayed}\nWill-Retry-Until: Sat, 28 Nov 2026 15:50:49 +0000`) }));
    expect([warning.kind, warning.recipients[0]?.type, warning.recipients[0]?.willRetryUntil]).toEqual([
      "delay",
      "pending",
      Date.UTC(2026, 10, 28, 15, 50, 49),
    ]);
    const over = inspectMail(reportNotice({ status: failedStatus("Action: expired\nStatus: 4.4.7") }));
    expect([over.kind, over.recipients[0]?.type]).toEqual(["failure", "soft"]);
    const usedUp = inspectMail(
      reportNotice({ status: failedStatus("Action: delayed\nStatus: 4.4.7\nDiagnostic-Code: smtp; message expired, giving up") }),
    );
    expect([usedUp.kind, usedUp.recipients[0]?.type]).toEqual(["failure", "soft"]);
  });

  it("is read from UTF-8 reports (RFC 6533), and whatever the case of its fields", () => {
    const report = inspectMail(
      reportNotice({
        type: "Multipart/Report; Report-Type=DELIVERY-STATUS",
        statusType: "message/global-delivery-status",
        status: "REPORTING-MTA:dns;x\n\nFINAL-RECIPIENT:utf-8;j\\x{F8}rgen@customer.example\nACTION:FAILED\nSTATUS:5.1.1",
      }),
    );
    expect(report.recipients.map(({ address, action }) => `${address} ${action}`)).toEqual(["jørgen@customer.example failed"]);
  });
});

describe("the original", () => {
  it.each([
    ["the returned letter", { returnedType: "message/rfc822" }, "message/rfc822"],
    ["the returned header", { returnedType: "text/rfc822-headers", original: originalHead }, "text/rfc822-headers"],
    [
      "the status part",
      { original: "Subject: no id\n", status: failedStatus().replace("\n\n", "\nX-Original-Message-ID: <offer-1@sales.example>\n\n") },
      "message/delivery-status",
    ],
    ["the text", { original: "Subject: no id\n", prose: "Message-ID:\n  <offer-1@sales.example>\nfailed" }, "text"],
  ])("is known by an id in %s", (_, more, foundIn) => {
    const { original } = inspectMail(reportNotice({ status: failedStatus(), ...more }));
    expect([original.messageId, original.foundIn]).toEqual(["<offer-1@sales.example>", foundIn]);
  });

  it("is never the notice itself", () => {
    const report = inspectMail(
      reportNotice({ status: failedStatus(), original: originalHead.replace("offer-1@sales.example", "notice-1@mx.sales.example") }),
    );
    expect(report.original.messageId).toBeNull();
  });

  it("is told with subject, sender, recipients and date", () => {
    const { original } = inspectMail(
      reportNotice({ status: failedStatus(), original: originalHead.replace("Offer", "=?utf-8?q?Za=C5=BC=C3=B3=C5=82=C4=87?=") }),
    );
    expect(original).toMatchObject({
      subject: "Zażółć",
      from: "anna@sales.example",
      to: ["jan@customer.example"],
      date: Date.UTC(2026, 10, 25, 15, 50, 49),
    });
  });

  it("may be named by the notice's In-Reply-To and References, nearest first", () => {
    const head = `${human.replace("Return-Path: <kim@sales.example>", "Return-Path: <>")}In-Reply-To: <c@x>\nReferences: <a@x> <b@x> <c@x>\n`;
    expect(inspectMail(reportNotice({ head, status: failedStatus() })).inReplyTo).toEqual(["<c@x>", "<b@x>", "<a@x>"]);
  });
});

describe("what is no bounce", () => {
  it.each([
    ["delivered", "2.0.0"],
    ["relayed", "2.0.0"],
    ["expanded", "2.0.0"],
  ])("a receipt that says %s", (action, status) => {
    const report = inspectMail(reportNotice({ status: failedStatus(`Action: ${action}\nStatus: ${status}`) }));
    expect([report.verdict, report.kind]).toEqual(["not_bounce", "delivery_receipt"]);
  });

  it("a read receipt; but a refusal in its shape is a failure (RFC 5429)", () => {
    const receipt = {
      type: "multipart/report; report-type=disposition-notification",
      statusType: "message/disposition-notification",
      status: "Final-Recipient: rfc822; jan@customer.example\nDisposition: automatic-action/MDN-sent-automatically; deleted",
    };
    expect(inspectMail(reportNotice({ ...receipt, prose: "Your message was deleted unread." })).kind).toBe("read_receipt");
    const rejected = inspectMail(reportNotice({ ...receipt, prose: "Your message was automatically rejected: not wanted here." }));
    expect([rejected.kind, rejected.recipients[0]?.address, rejected.recipients[0]?.reason]).toEqual([
      "failure",
      "jan@customer.example",
      "rejected",
    ]);
  });

  it.each([
    ["abuse_report", "multipart/report; report-type=feedback-report", "message/feedback-report"],
    ["tls_report", "multipart/report; report-type=tlsrpt", "application/tlsrpt+gzip"],
  ])("a report of another kind: %s", (kind, type, statusType) => {
    expect(inspectMail(reportNotice({ type, statusType, status: "Feedback-Type: abuse" })).kind).toBe(kind);
  });

  it.each([
    [
      "out of office with the word undeliverable",
      "Automatic reply: undeliverable until Monday",
      "I am away; mail to jan@customer.example is undeliverable.",
    ],
    [
      "left the company, and says whom to write to",
      "Re: Offer",
      "Your message could not be delivered to Jan, who left us. Please write to:\n\newa@customer.example\n",
    ],
    ["left the company", "Re: Offer", "Jan is no longer with the company. Please write to ewa@customer.example."],
  ])("an automatic answer: %s", (_, subject, body) => {
    const bytes = textNotice({
      from: "Jan <jan@customer.example>",
      subject,
      fields: "Return-Path: <>\nAuto-Submitted: auto-replied\n",
      body,
    });
    expect(inspectMail(bytes).kind).toBe("auto_reply");
  });

  it("a colleague who forwards a notice, as parts or as an attached message", () => {
    const asParts = reportNotice({ head: human, type: "multipart/mixed", status: failedStatus() });
    expect([inspectMail(asParts).verdict, inspectMail(asParts).kind]).toEqual(["not_bounce", "forwarded_notice"]);
    const notice = reportText({ status: failedStatus() });
    const attached = `${human}MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=f\n\n--f\nContent-Type: text/plain\n\nSee the undelivered mail.\n--f\nContent-Type: message/rfc822\n\n${notice}\n--f--\n`;
    expect(inspectMail(bytesOf(attached)).kind).toBe("forwarded_notice");
  });

  it("a colleague whose mail program puts the whole report inside a mixed letter", () => {
    const inner = reportText({ head: "", status: failedStatus() });
    const report = inspectMail(
      bytesOf(`${human}Content-Type: multipart/mixed; boundary=w\n\n--w\nContent-Type: text/plain\n\nLook.\n--w\n${inner}\n--w--\n`),
    );
    expect([report.verdict, report.kind]).toEqual(["not_bounce", "forwarded_notice"]);
  });

  it("a person who quotes a notice with all its fields", () => {
    const body = `I got this, did it reach you?\n\n> Final-Recipient: rfc822; jan@customer.example\n> Action: failed\n> Status: 5.1.1\n> Diagnostic-Code: smtp; 550 5.1.1 User unknown, undeliverable\n`;
    const report = inspectMail(
      textNotice({ from: "Jan <jan@customer.example>", subject: "Re: Offer", fields: "Return-Path: <jan@customer.example>\n", body }),
    );
    expect([report.verdict, report.kind]).toEqual(["not_bounce", "forwarded_notice"]);
  });

  it("a message held for review", () => {
    const body = "A message you sent was held for review and has not been delivered yet.\n\nRecipient: jan@customer.example\n";
    expect(
      inspectMail(
        textNotice({
          from: "Mail Security <no-reply@gateway.example>",
          fields: "Return-Path: <no-reply@gateway.example>\nAuto-Submitted: auto-generated\n",
          subject: "Outbound message quarantined",
          body,
        }),
      ).kind,
    ).toBe("held");
  });

  it("a message that a list holds until its moderator looks at it", () => {
    const body =
      "Your mail to 'list' with the subject Offer is being held until the list moderator can review it for approval.\n\n<jan@customer.example>\n";
    expect(
      inspectMail(
        textNotice({
          from: "list-bounces@lists.customer.example",
          fields: "Return-Path: <>\nPrecedence: bulk\n",
          subject: "Your message awaits moderator approval",
          body,
        }),
      ).kind,
    ).toBe("held");
  });

  it("a letter", () => {
    expect(
      inspectMail(
        textNotice({
          from: "Jan <jan@customer.example>",
          fields: "Return-Path: <jan@customer.example>\n",
          subject: "Lunch",
          body: "At one?",
        }),
      ).kind,
    ).toBe("ordinary");
  });
});

describe("a report in an odd place", () => {
  it("is read within signed and mixed wrappers, and without a report-type", () => {
    const inner = reportText({ head: "", type: "multipart/report", status: failedStatus() });
    for (const wrapper of ["multipart/mixed", "multipart/signed"]) {
      const text = `Return-Path: <>\nFrom: MAILER-DAEMON@mx.sales.example\nTo: anna@sales.example\nContent-Type: ${wrapper}; boundary=w\n\n--w\n${inner}\n--w\nContent-Type: text/plain\n\nfooter\n--w--\n`;
      expect(inspectMail(bytesOf(text)).recipients.map(({ address }) => address)).toEqual(["jan@customer.example"]);
    }
  });

  it("is read from the text where the parts were lost", () => {
    const body = `The following addresses failed:\n<jan@customer.example>\n\n${failedStatus()}\n\n${originalHead}`;
    const report = inspectMail(textNotice({ body }));
    expect([report.format, report.recipients[0]?.address, report.original.messageId]).toEqual([
      "rfc3464-text",
      "jan@customer.example",
      "<offer-1@sales.example>",
    ]);
  });

  it("that no rule can read, from a machine about a message we may know, is kept for a person", () => {
    const report = inspectMail(
      textNotice({
        from: "MAILER-DAEMON@mx.customer.example",
        fields: "In-Reply-To: <offer-1@sales.example>\n",
        subject: "Hm",
        body: "Xyzzy.",
      }),
    );
    expect([report.verdict, report.kind]).toEqual(["not_bounce", "unread_notice"]);
  });
});

describe("a report inside a machine's notice", () => {
  const inner = reportText({ status: failedStatus() });

  it("is read where it is pasted as text", () => {
    const report = inspectMail(
      textNotice({ fields: "Return-Path: <>\nContent-Type: text/plain\n", body: `Please contact <help@relay.example>.\n\n${inner}` }),
    );
    expect(report.recipients.map(({ address }) => address)).toEqual(["jan@customer.example"]);
    expect(report.original.messageId).toBe("<offer-1@sales.example>");
    expect(report.evidence.map(({ step }) => step)).toContain("wrapped_report");
  });

  it("is not read in a person's letter", () => {
    const letter = textNotice({
      from: "Jan <jan@customer.example>",
      fields: "Return-Path: <jan@customer.example>\n",
      body: `Look:\n\n${inner}`,
    });
    expect(inspectMail(letter).verdict).toBe("not_bounce");
  });
});

describe("what the prose adds to a report", () => {
  const report = (prose: string, fields: string) => inspectMail(reportNotice({ prose, status: failedStatus(fields) })).recipients[0];

  it("is the refused command", () => {
    const denied = "Action: failed\nStatus: 5.7.1\nDiagnostic-Code: smtp; 550 5.7.1 Access denied";
    const said = "<jan@customer.example>: host mx.example[192.0.2.1] said: 550\n    5.7.1 Access denied (in reply to MAIL FROM command)";
    expect(report(said, denied)?.reason).toBe("rejected");
    expect(report("", denied)?.reason).toBe("securityerror");
  });

  it("is the cause that stands above the list", () => {
    const fields = "Action: failed\nStatus: 5.0.0";
    const said = "The user(s) account is disabled.\n\n<jan@customer.example>: 550 user unknown (in reply to RCPT TO command)";
    expect(report(said, fields)?.reason).toBe("suspend");
  });

  it("is nothing where a local program's exit code is all there is", () => {
    expect(report("", "Action: failed\nStatus: 5.0.0\nDiagnostic-Code: x-unix; 75")?.reason).toBe("mailererror");
  });
});
