import { execFile } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { SourceError } from "../../src/cli/read-sources.ts";
import { type ScanResult, scan } from "../../src/cli/scan.ts";
import { progressBar, scanPage } from "../../src/cli/scan-page.ts";
import { failedStatus, reportText } from "../bounces/notices.ts";

const folder = mkdtempSync(join(tmpdir(), "bounceline-scan-"));
afterAll(() => rmSync(folder, { recursive: true }));

const envelope = "From anna@sales.example Wed Nov 25 15:50:49 2026\n";
const letter = (id: string, to: string, subject: string): string =>
  `Message-ID: <${id}>\nDate: Wed, 25 Nov 2026 15:50:49 +0000\nFrom: anna@sales.example\nTo: ${to}\nSubject: ${subject}\n\nDear customer.\n`;

const write = (name: string, messages: string[]): string => {
  const path = join(folder, name);
  writeFileSync(path, messages.map((message) => `${envelope}${message}\n`).join(""));
  return path;
};

const delayed = failedStatus("Action: delayed\nStatus: 4.4.1\nDiagnostic-Code: smtp; 421 4.4.1 no answer");
const sent = () =>
  write("sent.mbox", [
    letter("offer-1@sales.example", "jan@customer.example, ewa@customer.example", "Offer"),
    letter("offer-2@sales.example", "ola@customer.example", "Another"),
  ]);
const received = (more: string[] = []) =>
  write("inbox.mbox", [
    reportText({ status: failedStatus() }),
    letter("reply@customer.example", "anna@sales.example", "Re: Offer"),
    ...more,
  ]);

/** Scans in a process of its own, whose memory is capped and measured (megabytes). */
const scanned = async (path: string): Promise<{ counts: ScanResult["counts"]; rss: number }> => {
  const program = `
    import { scan } from ${JSON.stringify(new URL("../../src/cli/scan.ts", import.meta.url).href)};
    const { counts } = await scan(${JSON.stringify(path)}, ${JSON.stringify(sent())});
    console.log(JSON.stringify({ counts, rss: process.resourceUsage().maxRSS / 1024 }));`;
  const args = ["--max-old-space-size=64", "--input-type=module-typescript", "-e", program];
  return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout);
};

describe("scan", () => {
  it("lists the sent messages that bounced, by recipient, and counts what it read", async () => {
    const { counts, messages, untied } = await scan(received(), sent());
    expect(messages).toEqual([
      {
        messageId: "<offer-1@sales.example>",
        subject: "Offer",
        sentAt: Date.parse("2026-11-25T15:50:49Z"),
        recipients: 2,
        bounced: [
          {
            address: "jan@customer.example",
            type: "hard",
            category: "unknown_user",
            reason: "userunknown",
            diagnostic: "550 5.1.1 User unknown",
            notice: join(folder, "inbox.mbox"),
          },
        ],
      },
    ]);
    expect(untied).toEqual([]);
    expect(counts).toEqual({ sent: 2, messages: 2, notices: 1, bounced: 1, hard: 1, soft: 0, pending: 0, untied: 0 });
  });

  it("lets a failure take the place of a delay, and never the other way round", async () => {
    const [failure, delay] = [reportText({ status: failedStatus() }), reportText({ status: delayed })];
    for (const order of [
      [failure, delay],
      [delay, failure],
    ]) {
      const { messages, counts } = await scan(write("both.mbox", order), sent());
      expect(messages[0]?.bounced.map(({ type }) => type)).toEqual(["hard"]);
      expect(counts).toMatchObject({ notices: 2, bounced: 1 });
    }
  });

  it("names the bounces that belong to no sent message, and why", async () => {
    const { untied, counts } = await scan(received(), write("other.mbox", [letter("x@sales.example", "jan@customer.example", "X")]));
    expect(untied).toEqual([
      {
        notice: join(folder, "inbox.mbox"),
        address: "jan@customer.example",
        reason: "userunknown",
        because: "No sent message of this account is known by <offer-1@sales.example>.",
      },
    ]);
    expect(counts.untied).toBe(1);
  });

  it("reads folders too, and one file for both", async () => {
    mkdirSync(join(folder, "maildir/cur"), { recursive: true });
    writeFileSync(join(folder, "maildir/cur/1"), reportText({ status: failedStatus() }));
    writeFileSync(join(folder, "maildir/cur/2"), letter("offer-1@sales.example", "jan@customer.example", "Offer"));
    expect((await scan(join(folder, "maildir"), join(folder, "maildir"))).counts).toMatchObject({ sent: 2, bounced: 1 });
  });

  it("says which path is not there", async () => {
    await expect(scan(join(folder, "absent"), sent())).rejects.toThrow(SourceError);
  });

  it("prints a page that ends in the counts", async () => {
    const lines = scanPage(await scan(received(), sent())).split("\n");
    expect(lines[0]).toBe('2026-11-25  "Offer"  <offer-1@sales.example>  1 of 2 recipients');
    expect(lines[1]).toBe("  HARD     jan@customer.example             unknown_user (userunknown)");
    expect(lines.at(-1)).toBe("2 sent, 2 messages read, 1 notices: 1 hard, 0 soft, 0 pending, 0 not tied");
  });

  it("draws its progress", () => {
    expect(progressBar(0.5, 12, 3)).toBe("[##########----------]  50 %  12 messages, 3 notices");
    expect(progressBar(1.2, 12, 3)).toContain("[####################] 100 %");
  });

  it("reads a mailbox of 200 MB in the memory a small one takes", async () => {
    const bulk = `${envelope}${letter("bulk@customer.example", "anna@sales.example", "Photos")}${"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=\n".repeat(55_000)}\n`;
    const notice = `${envelope}${reportText({ status: failedStatus() })}\n`;
    const make = (name: string, rounds: number): string => {
      const path = join(folder, name);
      const file = openSync(path, "w");
      for (let n = 0; n < rounds; n++) writeSync(file, `${notice}${bulk.repeat(4)}`);
      closeSync(file);
      return path;
    };
    const [few, many] = [await scanned(make("small.mbox", 1)), await scanned(make("large.mbox", 25))];
    expect(few.counts).toMatchObject({ messages: 5, notices: 1, bounced: 1 });
    expect(many.counts).toMatchObject({ messages: 125, notices: 25, bounced: 1 });
    expect(many.rss / few.rss).toBeLessThan(1.5);
  }, 60_000);
});
