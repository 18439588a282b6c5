import { describe, expect, it } from "vitest";
import type { Envelope, FolderRole } from "../../src/bounces/envelope.ts";
import { parseHeaderFields } from "../../src/bounces/header-fields.ts";
import { type TriageContext, triage, triageFacts } from "../../src/bounces/triage.ts";
import { bytesOf } from "./notices.ts";

const context: TriageContext = {
  ownAddresses: new Set(["anna@sales.example"]),
  sentById: (id) => (id === "offer-1@sales.example" ? { recipients: ["jan@customer.example"] } : null),
};

const envelope = (head: string, role: FolderRole = "inbox", messageClass?: string): Envelope => ({
  ref: "1",
  folder: "INBOX",
  role,
  headers: parseHeaderFields(bytesOf(`${head}\n\n`)),
  receivedAt: null,
  size: null,
  threadId: null,
  hints: messageClass ? { messageClass } : {},
});

const judge = (head: string, role?: FolderRole, messageClass?: string) => triage(envelope(head, role, messageClass), context);

const person = "From: Jan <jan@customer.example>\nReturn-Path: <jan@customer.example>";

describe("triage", () => {
  it.each([
    ["report_type", `${person}\nContent-Type: multipart/report; report-type=delivery-status; boundary=x`],
    ["null_return_path", "From: x@customer.example\nReturn-Path: <>"],
    ["machine_return_path", "From: x@customer.example\nReturn-Path: <MAILER-DAEMON>"],
    ["machine_from", "From: Mail Delivery System <noreply@customer.example>"],
    ["machine_from", "From: MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@customer.example"],
    ["machine_from", "From: post_master@customer.example"],
    ["machine_from", "From: MAILER-DAEMON <>"],
    ["machine_from", "From: =?utf-8?q?Mail_Delivery_Subsystem?= <x@customer.example>"],
    ["failed_recipients", `${person}\nX-Failed-Recipients: jan@customer.example`],
    ["ndr_field", `${person}\nX-MS-Exchange-Message-Is-Ndr:`],
    ["null_mailfrom", `${person}\nAuthentication-Results: mx.sales.example; spf=none smtp.mailfrom=; dkim=none`],
    ["null_mailfrom", `${person}\nReceived-SPF: none (x) client-ip=192.0.2.1; envelope-from=<>; helo=x`],
    ["stranger_answers", "From: list@other.example\nIn-Reply-To: <offer-1@sales.example>"],
    ["notice_subject", `${person}\nSubject: Unzustellbar: Offer`],
    ["notice_subject", `${person}\nSubject: =?utf-8?q?Niedostarczona_wiadomo=C5=9B=C4=87?=`],
    ["rejected_receipt", `${person}\nSubject: Rejected: Offer\nContent-Type: multipart/report; report-type=disposition-notification`],
  ])("suspects a message by %s: %s", (step, head) => {
    const { verdict, because } = judge(head);
    expect(verdict).toBe("suspect");
    expect(because.map((evidence) => evidence.step)).toContain(step);
  });

  it("suspects what the mail server itself classes as a report", () => {
    expect(judge(person, "inbox", "REPORT.IPM.Note.NDR").verdict).toBe("suspect");
  });

  it.each([
    ["a letter", `${person}\nSubject: Lunch`],
    ["a forwarded notice", `${person}\nSubject: Fwd: Undelivered Mail Returned to Sender`],
    ["a read receipt", `${person}\nContent-Type: multipart/report; report-type=disposition-notification; boundary=x`],
    ["an abuse report", "From: fbl@isp.example\nReturn-Path: <>\nContent-Type: multipart/report; report-type=feedback-report; boundary=x"],
    ["a TLS report", "From: noreply@isp.example\nContent-Type: multipart/report; report-type=tlsrpt; boundary=x"],
    ["an automatic answer of a recipient", `${person}\nIn-Reply-To: <offer-1@sales.example>\nAuto-Submitted: auto-replied`],
    ["a list that passes a recipient's answer on", `${person}\nIn-Reply-To: <offer-1@sales.example>\nPrecedence: list`],
    ["our own answer to our own message", "From: anna@sales.example\nIn-Reply-To: <offer-1@sales.example>"],
  ])("leaves %s alone", (_, head) => {
    expect(judge(head).verdict).toBe("other");
  });

  it("calls an answer of a recipient a reply, by In-Reply-To or by References", () => {
    expect(judge(`${person}\nIn-Reply-To: <OFFER-1@sales.example>`).verdict).toBe("reply");
    expect(judge(`${person}\nReferences: <old@x> <offer-1@sales.example>`).verdict).toBe("reply");
  });

  it("calls what lies in the sent folder sent, unless a machine wrote it", () => {
    expect(judge("From: anna@sales.example", "sent").verdict).toBe("sent");
    expect(judge("From: anna@sales.example\nPrecedence: bulk", "sent").verdict).toBe("sent");
    expect(judge("From: anna@sales.example\nAuto-Submitted: auto-replied", "sent").verdict).toBe("other");
  });

  it("can be run again over its facts, which hold no subject and no address", () => {
    const { facts, ...judged } = judge(
      "From: Mail Delivery System <bounce@customer.example>\nSubject: Undeliverable: secret\nTo: anna@sales.example",
    );
    const kept = JSON.stringify(facts);
    expect(triageFacts(JSON.parse(kept))).toEqual(judged);
    expect(kept).not.toMatch(/secret|@/);
  });
});
