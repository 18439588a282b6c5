import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { simpleParser } from "mailparser";
import { describe, expect, it } from "vitest";
import { inspectMail } from "../../src/bounces/inspect-mail.ts";
import { readMail } from "../../src/bounces/read-mail.ts";
import { bytesOf, failedStatus, reportText, textNotice } from "./notices.ts";

const pieces = [
  "\n",
  "\r\n",
  "\r",
  "\0",
  "--=_b",
  "--",
  ": ",
  "<",
  ">",
  "@",
  "Content-Type: multipart/mixed; boundary==_b\n",
  "Final-Recipient: rfc822; ",
  "=?utf-8?q?",
  "=\n",
  "{",
  "\\x{110000}",
  "5.1.1",
  "550 ",
  "\u00ff",
  "__proto__: x\n",
  "a@b.example",
];

describe("hostile input", () => {
  it("never makes the parser throw or fail, and gives the same report twice", () => {
    const noise = fc
      .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: "binary", maxLength: 20 })), { maxLength: 60 })
      .map((all) => all.join(""));
    const text = reportText({ status: failedStatus() });
    fc.assert(
      fc.property(noise, fc.nat(text.length), fc.nat(200), (junk, at, cut) => {
        for (const input of [junk, `From: mailer-daemon@x\nReturn-Path: <>\n${junk}`, text.slice(0, at) + junk + text.slice(at + cut)]) {
          const report = inspectMail(bytesOf(input));
          expect(report.evidence[0]?.step).not.toBe("parser_fault");
          expect(inspectMail(bytesOf(input))).toEqual(report);
        }
      }),
      { numRuns: 300 },
    );
  });

  /** Each grows in one way a pattern could be slow at. Quadratic work would take minutes. */
  const growths: [string, (size: number) => string][] = [
    ["references", (size) => `References: ${"<a.b.c@d.example> ".repeat(size / 18)}\n\nx`],
    ["a subject of encoded words", (size) => `Subject: ${"=?utf-8?q?".repeat(size / 10)}\n\nx`],
    ["addresses", (size) => `To: ${"a@b.example, ".repeat(size / 13)}\n\n${"<a@b.example>:\n550 ".repeat(size / 19)}`],
    ["at signs", (size) => `X: y\n\n${"@".repeat(size)}`],
    ["one long word", (size) => `X: y\n\nuser ${"a".repeat(size)}`],
    ["spaces", (size) => `X: y\n\nFinal-Recipient: ${" ".repeat(size)}x`],
    ["open tags", (size) => `Content-Type: text/html\n\n${"<style ".repeat(size / 7)}`],
    ["header-like lines", (size) => `X: y\n\n${"a: b\n".repeat(size / 5)}`],
    ["quote marks", (size) => `X: y\n\n${"> ".repeat(size / 2)}\n${">> Received: x\n".repeat(size / 30)}`],
    ["blank lines", (size) => `X: y\n\n${"\n".repeat(size)}`],
    ["dashes", (size) => `Content-Type: multipart/mixed; boundary=-\n\n${"--".repeat(size / 2)}`],
    ["spaces in quoted-printable", (size) => `Content-Transfer-Encoding: quoted-printable\n\na${" ".repeat(size)}b`],
    ["blank lines in a Zoho notice", (size) => `X-ZohoMail: x\n\nERROR_CODE :550${"\n".repeat(size)}x`],
    [
      "blank lines in a Gmail notice",
      (size) => `X-Failed-Recipients: a@b.example\n\nTechnical details of permanent failure:x${"\n".repeat(size)}x`,
    ],
    ["headings and blank lines", (size) => `X: y\n\n<a@b.example>:\n${`${"-".repeat(9000)}\n`.repeat(25)}${"\n".repeat(size)}x`],
    ["recipients of a messaging server", (size) => `X: y\n\n${"Recipient address: a@b.example\nReason: x\n".repeat(size / 41)}`],
    ["words without a dot or an at sign", (size) => `X: y\n\n${`<a@b.example>: 550 ${"a-".repeat(600)}\n`.repeat(size / 1220)}`],
    ["words of reasons", (size) => `X: y\n\n<a@b.example>: 550 ${"mailbox user account ".repeat(size / 21)}`],
  ];

  it.each(growths)("takes linear time: %s", (_, grow) => {
    const started = performance.now();
    for (const head of ["Return-Path: <>\nFrom: mailer-daemon@x.example\n", "From: jan@customer.example\n"])
      inspectMail(bytesOf(head + grow(1_000_000)));
    expect(performance.now() - started).toBeLessThan(3000);
  });

  it("may be a header called __proto__", () => {
    const report = inspectMail(
      textNotice({ fields: "Return-Path: <>\n__proto__: polluted\n", body: "<jan@customer.example>:\n550 5.1.1 User unknown\n" }),
    );
    expect(report.verdict).toBe("bounce");
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe("an independent parser (mailparser) over the lab mails", () => {
  const folder = join(import.meta.dirname, "../fixtures/lab-mails/mails");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".eml"));

  it("finds the same header facts as ours", async () => {
    expect(files.length).toBeGreaterThan(100);
    for (const file of files) {
      const bytes = readFileSync(join(folder, file));
      const theirs = await simpleParser(bytes, { keepDeliveryStatus: true });
      const ours = readMail(bytes);
      if ("unreadable" in ours) throw new Error(file);
      const report = inspectMail(bytes);
      expect(report.notice.subject ?? undefined, file).toBe(theirs.subject);
      expect(report.notice.date, file).toBe(theirs.date?.getTime());
      expect(report.notice.messageId ?? undefined, file).toBe(theirs.messageId);
      expect([...ours.root.fields.keys()].sort(), file).toEqual([...theirs.headers.keys()].sort());
    }
  });
});
