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

  /** Each grows in one way a pattern could be slow at. */
  const growths: [string, (size: number) => string][] = [
    ["carriage returns", (size) => `X: y\n\n${"\r".repeat(size)}x`],
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
    [
      "groups of a status part",
      (size) => `Content-Type: message/delivery-status\n\n${"Final-Recipient: rfc822; a@b.example\nAction: failed\n\n".repeat(size / 53)}`,
    ],
    [
      "recipients without words of their own",
      (size) =>
        `Content-Type: multipart/report; boundary=b\n\n--b\n\n${"a@b.example\n".repeat(size / 24)}\n--b\nContent-Type: message/delivery-status\n\n${"Final-Recipient: rfc822; a@b.example\n\n".repeat(size / 76)}`,
    ],
    ["parts", (size) => `Content-Type: multipart/mixed; boundary=b\n\n${"--b\n\nx\n".repeat(Math.min(size / 8, 1900))}`],
    ["stretches of white space", (size) => `X: y\n\n<a@b.example>:\n${" \t".repeat(size / 2)}x`],
    ["brackets", (size) => `X: y\n\n${"(expanded from: <".repeat(size / 17)}`],
    ["a long quoted name", (size) => `To: "${'\\"'.repeat(size / 2)}\n\nx`],
    ["answers of InterScan", (size) => `X: y\n\n${"Sent <<< RCPT TO:<a@b.example>\n".repeat(size / 31)}`],
    [
      "lines of a transcript",
      (size) => `X: y\n\n----- Transcript of session follows -----\n${"<<< 550 a@b.example... x\n".repeat(size / 25)}`,
    ],
    ["labels", (size) => `X: y\n\n${"delivery to ".repeat(size / 12)}`],
  ];

  /** Milliseconds of CPU time, the least of several runs: what other processes add is left out. */
  const leastTime = (bytes: readonly Uint8Array[], runs: number): number =>
    Math.min(
      ...Array.from({ length: runs }, () => {
        const before = process.cpuUsage();
        for (const one of bytes) inspectMail(one);
        const { user, system } = process.cpuUsage(before);
        return (user + system) / 1000;
      }),
    );

  /** Below what is read of one part, so that no limit hides growth. */
  const size = 180_000;

  it.each(growths)("takes at most 2.3 times as long where it is twice as long: %s", (_, grow) => {
    const heads = ["Return-Path: <>\nFrom: mailer-daemon@x.example\n", "From: jan@customer.example\n"];
    const [once, twice] = [size, 2 * size].map((length) => heads.map((head) => bytesOf(head + grow(length))));
    if (!once || !twice) throw new Error("no inputs");
    leastTime(twice, 2);
    // A busy machine can spoil a measurement, never improve it.
    const ratios: number[] = [];
    do ratios.push(leastTime(twice, 5) / Math.max(leastTime(once, 5), 1));
    while (ratios.length < 6 && Math.min(...ratios) > 2.3);
    expect(Math.min(...ratios)).toBeLessThan(2.3);
  });

  it("may be a header called __proto__", () => {
    const report = inspectMail(
      textNotice({ fields: "Return-Path: <>\n__proto__: polluted\n", body: "<jan@customer.example>:\n550 5.1.1 User unknown\n" }),
    );
    expect(report.verdict).toBe("bounce");
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe("a message beyond a limit", () => {
  const group = (n: number): string => `Final-Recipient: rfc822; r${n}@customer.example\nAction: failed\nStatus: 5.1.1`;

  it("of recipients gives the first of them, and says so", () => {
    const status = `Reporting-MTA: dns; mx.example\n\n${Array.from({ length: 2500 }, (_, n) => group(n)).join("\n\n")}`;
    const report = inspectMail(bytesOf(reportText({ status })));
    expect(report.recipients).toHaveLength(2000);
    expect(report.evidence.find(({ step }) => step === "recipients")?.because).toBe("It names 2500 recipients; the first 2000 are read.");
  });

  it("of recipients in its text gives the first of them, too", () => {
    const body = Array.from({ length: 2500 }, (_, n) => `<r${n}@customer.example>:\n550 5.1.1 User unknown\n`).join("\n");
    expect(inspectMail(textNotice({ body })).recipients).toHaveLength(2000);
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
