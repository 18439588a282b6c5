import { describe, expect, it } from "vitest";
import { inspectMail } from "../../src/bounces/inspect-mail.ts";
import { failedStatus, reportNotice, textNotice } from "./notices.ts";

const steps = (bytes: Uint8Array) => inspectMail(bytes).evidence.map(({ step, because }) => `${step}: ${because}`);

describe("the evidence of a report", () => {
  it("names the signs with their fields, the part, the recipient's group and the rule with the words it heard", () => {
    expect(steps(reportNotice({ status: failedStatus() }))).toEqual([
      'report_type: Its Content-Type announces a delivery report. Content-Type: multipart/report; report-type=delivery-status; boundary="=_b"',
      "null_return_path: Its return path is empty, as RFC 5321 asks of notices. Return-Path: <>",
      "machine_from: Its From names a mail system, not a person. From: MAILER-DAEMON@mx.sales.example (Mail Delivery System)",
      "status_part: It is a report with a delivery-status part (RFC 3464, 6533).",
      'recipient: jan@customer.example, named in group 1 of the delivery-status part: failed; reason userunknown by rule user-unknown, which heard "user unknown", so unknown_user; hard, because 5.1.1 is permanent.',
      "original: The original's Message-ID <offer-1@sales.example> stands in the part message/rfc822.",
    ]);
  });

  it("names the line a writer's own words stand in, and the line of the recipient", () => {
    const body = "Dear sender,\n\nHi. This is the qmail-send program at mx.sales.example.\n\n<jan@customer.example>:\n452 4.2.2 full\n";
    const [dialect, recipient] = steps(textNotice({ body })).slice(-2);
    expect(dialect).toBe('dialect: Its words are those of qmail notices: "This is the qmail" in line 3 of the text.');
    expect(recipient).toContain("jan@customer.example, named in line 5 of the text: failed");
    expect(recipient).toContain("soft, because 4.2.2 with these words is temporary");
  });

  it("says by which rule of codes, where no words decided", () => {
    const said = steps(reportNotice({ status: failedStatus("Action: failed\nStatus: 5.2.2") })).find((step) =>
      step.startsWith("recipient"),
    );
    expect(said).toContain("reason mailboxfull by rule quota-of-mailbox, so mailbox_full; hard, because 5.2.2 is permanent");
  });

  it("says what tells against a bounce", () => {
    expect(steps(textNotice({ from: "Jan <jan@customer.example>", fields: "", body: "Lunch?" }))).toEqual([
      "ordinary: It shows no sign of a notice.",
    ]);
  });

  it("explains fifty recipients and no more, but the report has them all", () => {
    const groups = Array.from({ length: 80 }, (_, n) => `Final-Recipient: rfc822; r${n}@customer.example\nAction: failed\nStatus: 5.1.1`);
    const report = inspectMail(reportNotice({ status: `Reporting-MTA: dns; mx.example\n\n${groups.join("\n\n")}` }));
    expect(report.recipients).toHaveLength(80);
    expect(report.evidence.filter(({ step }) => step === "recipient")).toHaveLength(50);
  });
});
