import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { classify } from "../../src/bounces/classify.ts";
import { cutNotice } from "../../src/bounces/cut-notice.ts";
import { fingerprint } from "../../src/bounces/fingerprint.ts";
import { inspectMail } from "../../src/bounces/inspect-mail.ts";
import { defaultMapping } from "../../src/bounces/mapping.ts";
import { bytesOf, failedStatus, originalHead, reportNotice, reportText, textNotice } from "./notices.ts";

describe("a mapping", () => {
  const full = {
    action: "failed",
    status: "5.2.2",
    smtpCode: 552,
    reason: "mailboxfull",
    rule: "mailbox-full",
    diagnostic: "552 5.2.2 full",
  } as const;

  it("can be an account's own", () => {
    expect(classify(full)).toEqual({ type: "hard", category: "mailbox_full" });
    const mapping = { ...defaultMapping, mailboxfull: { permanent: "mailbox_full", temporary: "mailbox_full", type: "soft" } } as const;
    expect(classify(full, mapping)).toEqual({ type: "soft", category: "mailbox_full" });
  });

  it("says nothing of deliveries, and nothing but pending of delays", () => {
    expect(classify({ ...full, action: "delivered" })).toEqual({ type: "none", category: null });
    expect(classify({ ...full, action: "delayed" })).toEqual({ type: "pending", category: "mailbox_full" });
  });

  it("leaves a temporary refusal soft, and one whose retry time is used up", () => {
    expect(classify({ ...full, status: "4.2.2", smtpCode: 452 }).type).toBe("soft");
    expect(classify({ ...full, diagnostic: "mailbox is full: retry timeout exceeded" }).type).toBe("soft");
  });
});

describe("a fingerprint", () => {
  const text = reportText({ status: failedStatus() });
  const of = (changed: string): string => fingerprint(inspectMail(bytesOf(changed)));

  it("is the same for a copy with another id, other trace fields and other line ends", () => {
    const copy = text
      .replace("<notice-1@mx.sales.example>", "<copy@mx.sales.example>")
      .replace("Return-Path: <>", "Return-Path: <>\nReceived: again\nX-Folder: Junk");
    expect(of(copy)).toBe(of(text));
    expect(fingerprint(inspectMail(bytesOf(text, "\n")))).toBe(of(text));
    expect(of(text)).toMatch(/^[0-9a-f]{64}$/);
  });

  it("differs by hour, recipient, action and original", () => {
    const others = [
      text.replace("16:00:00", "20:00:00"),
      text.replace("rfc822; jan@", "rfc822; ewa@"),
      text.replace("Action: failed", "Action: delayed"),
      text.replaceAll("offer-1@", "offer-2@"),
    ];
    expect(new Set([text, ...others].map(of)).size).toBe(5);
  });
});

describe("a cut notice", () => {
  const secret = /secret/;
  const letter = `${originalHead}\nDear Jan, our secret.\n\nMore secret.\n`;

  const notices: [string, Uint8Array][] = [
    ["a returned letter", reportNotice({ status: failedStatus() })],
    ["a header part with a letter in it", reportNotice({ status: failedStatus(), returnedType: "text/rfc822-headers", original: letter })],
    [
      "a returned letter in base64",
      reportNotice({
        status: failedStatus(),
        returnedType: "message/rfc822\nContent-Transfer-Encoding: base64",
        original: Buffer.from(letter).toString("base64"),
      }),
    ],
    [
      "a copy in the text",
      textNotice({ body: `<jan@customer.example>:\n550 5.1.1 User unknown\n\n--- Below this line is a copy of the message.\n\n${letter}` }),
    ],
    [
      "a quoted copy in the text",
      textNotice({ body: `<jan@customer.example>:\n550 5.1.1 User unknown\n\n${letter.replace(/^/gm, "> ")}` }),
    ],
    [
      "a copy in quoted-printable",
      textNotice({
        fields: "Return-Path: <>\nContent-Transfer-Encoding: quoted-printable\n",
        body: `<jan@customer.example>:\n550 5.1.1 User unk=\nnown\n\n${letter.replace("our secret", "our=20sec=\nret secret")}`,
      }),
    ],
    [
      "a copy in base64",
      textNotice({
        fields: "Return-Path: <>\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n",
        body: Buffer.from(`<jan@customer.example>:\n550 5.1.1 User unknown\n\n${letter}`).toString("base64"),
      }),
    ],
  ];

  it.each(notices)("holds no letter and gives the same report: %s", (_, bytes) => {
    const cut = cutNotice(bytes);
    const report = inspectMail(bytes);
    expect(report.verdict).toBe("bounce");
    expect(report.original.messageId).toBe("<offer-1@sales.example>");
    expect(inspectMail(cut)).toEqual(report);
    const raw = Buffer.from(cut).toString("latin1");
    const decoded = raw.replace(/[A-Za-z0-9+/=\r\n]{60,}/g, (block) => Buffer.from(block, "base64").toString("latin1"));
    expect(raw).not.toMatch(secret);
    expect(decoded).not.toMatch(secret);
  });

  it("keeps the other bytes as they were", () => {
    const bytes = reportNotice({ status: failedStatus() });
    const cut = Buffer.from(cutNotice(bytes)).toString("latin1");
    const text = Buffer.from(bytes).toString("latin1");
    const kept = text.indexOf("\r\n\r\nDear Jan");
    expect(cut.slice(0, kept)).toBe(text.slice(0, kept));
    expect(cut.endsWith("--=_b--\r\n")).toBe(true);
  });

  it("is empty for what cannot be read, and never an error", () => {
    expect(cutNotice(new Uint8Array())).toHaveLength(0);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => cutNotice(bytes).byteLength <= bytes.byteLength + 300));
  });
});
