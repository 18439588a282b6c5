import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cutNotice } from "../../src/bounces/cut-notice.ts";
import { inspectMail } from "../../src/bounces/inspect-mail.ts";
import { partText } from "../../src/bounces/part-text.ts";
import { readMail, walkParts } from "../../src/bounces/read-mail.ts";
import { redactNotice } from "../../src/bounces/redact-notice.ts";
import type { Report } from "../../src/bounces/report.ts";
import { failedStatus, originalHead, reportNotice, textNotice } from "./notices.ts";

const folder = join(import.meta.dirname, "../fixtures/lab-mails/mails");
const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".eml"));

/** What a report says, without whom it names: equal names are equal numbers. */
const said = (report: Report) => {
  const numbers = new Map<string, number>();
  const nth = (name: string | null): number | null => {
    if (name === null) return null;
    const key = name.toLowerCase();
    if (!numbers.has(key)) numbers.set(key, numbers.size);
    return numbers.get(key) ?? null;
  };
  return {
    kind: report.kind,
    verdict: report.verdict,
    format: report.format,
    language: report.language,
    recipients: report.recipients.map(({ address, originalAddress, diagnostic, remoteMta, ...facts }) => ({
      ...facts,
      who: [nth(address), nth(originalAddress), nth(remoteMta)],
      words: (diagnostic ?? "").length > 0,
    })),
    original: [nth(report.original.messageId), report.original.subject === null, report.original.date, report.original.foundIn],
    people: [nth(report.original.from), ...report.original.to.map(nth)],
    answers: [...report.original.references, ...report.inReplyTo].map(nth),
    date: report.notice.date,
    authenticated: report.notice.authenticated,
    evidence: report.evidence.map(({ step }) => step),
  };
};

/** Everything a reader of the copy could see, in whatever encoding it was. */
const allText = (bytes: Uint8Array): string => {
  const mail = readMail(bytes);
  if ("unreadable" in mail) return "";
  return [Buffer.from(bytes).toString("utf8"), ...[...walkParts(mail.root)].map((part) => partText(mail, part))].join("\n");
};

describe("a redacted copy of a lab mail", () => {
  it.each(files)("%s says the same and names nobody", (file) => {
    const cut = cutNotice(readFileSync(join(folder, file)));
    const redacted = redactNotice(cut);
    expect(said(inspectMail(redacted))).toEqual(said(inspectMail(cut)));
    const text = allText(redacted);
    const addresses = text.match(/[^\s<>()[\]\\,;:"'=@]+@[\p{L}\p{N}._-]+/gu) ?? [];
    expect(addresses.filter((address) => !/^(?:(?:u|имя|ü)\d+|mailer-daemon|postmaster)@host\d+\.example\.?$/i.test(address))).toEqual([]);
    expect(text).not.toMatch(
      /sales\.example|customer\.example|relay\.test|client\.|127\.0\.|Becker|Lindqvist|Novak|Angebot|Müller|M=C3|Sales GmbH/i,
    );
  });
});

describe("a redacted copy", () => {
  const text = (bytes: Uint8Array): string => Buffer.from(redactNotice(bytes)).toString("utf8");

  it("keeps the server's words and the tree, and gives one stand-in to one thing", () => {
    const copy = text(
      reportNotice({
        prose:
          "Hello Anna,\n\nyour message “Offer” to Jan (jan@customer.example) was refused by mx7.customer.example [198.51.100.7].\nSee https://www.customer.example/help?user=jan",
        status: failedStatus(
          "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 <jan@customer.example>: User unknown in table\nX-Secret: Jan Kowalski",
        ),
        original: `${originalHead.replace("Offer", "Offer for the harbour")}X-Deal: The harbour\n\n`,
      }),
    );
    expect(copy).not.toMatch(/\banna\b|\bjan\b|customer|198\.51|harbour|Kowalski/i);
    const [, user] = /Final-Recipient: rfc822; (u\d+@host\d+\.example)/.exec(copy) ?? [];
    expect(copy).toContain(`550 5.1.1 <${user}>: User unknown in table`);
    expect(copy).toContain(`(${user}) was refused by host`);
    expect(copy).toMatch(/Content-Type: multipart\/report.*report-type="delivery-status"/);
    expect(copy.match(/^Content-Type: (?:text\/plain|message\/delivery-status|message\/rfc822)/gm)).toHaveLength(3);
    expect(copy).toMatch(/^X-Deal: redacted\r$/m);
  });

  it("looks into encodings: nothing hides in base64, quoted-printable, or an encoded word", () => {
    const hidden = Buffer.from("Dear Anna, jan.nowak@customer.example (mailbox jan.nowak) is unknown.\n").toString("base64");
    const copy = text(
      textNotice({
        from: "=?UTF-8?B?Sm9obiBTbWl0aA==?= <john.smith@customer.example>",
        to: "Anna Nowak <anna@sales.example>",
        fields: 'Return-Path: <>\nMIME-Version: 1.0\nContent-Type: text/plain; name="Anna.txt"\nContent-Transfer-Encoding: base64\n',
        subject: "Undeliverable: =?UTF-8?B?T2ZlcnRhIGRsYSBKYW5h?=",
        body: hidden,
      }),
    );
    expect(copy).not.toMatch(/anna|nowak|smith|john|T2Zlc|oferta|Jana|customer|sales/i);
    expect(copy).toMatch(/Subject: Undeliverable: subject \d/);
    expect(copy).toMatch(/u\d+@host\d+\.example \(mailbox u\d+\) is unknown\./);
  });

  it("of a letter copied into the text keeps the header alone, also where the notice lost its Content-Type", () => {
    const letter = `${originalHead.replace("Message-ID", 'Content-Type: multipart/mixed; boundary="_b1"\nMessage-ID')}
--_b1
Content-Type: text/plain
Content-Transfer-Encoding: base64

${Buffer.from("our secret harbour plan for Jan, who lives nearby").toString("base64")}
--_b1--
`;
    const bytes = textNotice({
      body: `<jan@customer.example>: 550 5.1.1 User unknown\n\n------ This is a copy of the message ------\n\n${letter}`,
    });
    const copy = text(bytes);
    expect(copy).toContain("550 5.1.1 User unknown");
    expect(copy).toMatch(/^From: Person \d <u\d@host\d\.example>\r$/m);
    expect(copy).not.toMatch(/b3VyIHNlY3Jl|harbour|Anna|jan@/);
    expect(said(inspectMail(redactNotice(bytes)))).toEqual(said(inspectMail(bytes)));
  });

  it("of what cannot be read is empty, and of any bytes comes in time", () => {
    expect(redactNotice(new Uint8Array())).toEqual(new Uint8Array());
    for (const nasty of [
      "@".repeat(20_000),
      "a.".repeat(50_000),
      "1.".repeat(50_000),
      "a=".repeat(50_000),
      "from ".repeat(20_000),
      "a:".repeat(50_000),
      `Subject: ${"[".repeat(50_000)}`,
    ])
      expect(redactNotice(Buffer.from(`From: mailer-daemon@x.example\r\nTo: ${nasty}\r\n\r\n${nasty}`)).length).toBeGreaterThan(0);
  });
});
