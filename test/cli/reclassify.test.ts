import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { inspectMail, parserVersion } from "../../src/bounces/inspect-mail.ts";
import { triage } from "../../src/bounces/triage.ts";
import { countsLine, type Difference, differenceLines, reclassify } from "../../src/cli/reclassify.ts";
import { savePage } from "../../src/store/save-page.ts";
import { failedStatus, reportNotice } from "../bounces/notices.ts";
import { openNew } from "../store/engines.ts";
import { accountWithInboxes, envelope, page, wholeDatabase } from "../store/sample-mail.ts";

const bytes = reportNotice({ status: failedStatus() });
const now = inspectMail(bytes);
const [recipient] = now.recipients;

/** What an older parser made of the same notice. */
const then = {
  ...now,
  parserVersion: "0.0.1",
  recipients: recipient ? [{ ...recipient, reason: "filtered", category: "policy" as const }] : [],
};

const suspectHeaders = new Map([["from", ["Mail Delivery System <MAILER-DAEMON@mx.example>"]]]);
const judged = (headers: Map<string, string[]>) => triage({ ...envelope("x"), headers }, { ownAddresses: new Set(), sentById: () => null });

const save = async () => {
  const database = await openNew("sqlite");
  const [inbox] = await accountWithInboxes(database);
  if (!inbox) throw new Error("no inbox");
  const kept = (ref: string, report: typeof now) => ({
    envelope: envelope(ref),
    verdict: "notice" as const,
    facts: null,
    report,
    source: gzipSync(bytes),
  });
  await savePage(
    database,
    page(inbox, [
      kept("changed", then),
      { envelope: envelope("same-facts"), verdict: "other", facts: judged(new Map()).facts },
      { envelope: envelope("missed"), verdict: "other", facts: judged(suspectHeaders).facts },
      { envelope: envelope("old-facts"), verdict: "other", facts: { from: "machine" } },
    ]),
  );
  return { database, inbox };
};

describe("reclassify", () => {
  it("tells what this parser would say otherwise, of notices and of header facts, and writes nothing", async () => {
    const { database, inbox } = await save();
    const before = await wholeDatabase(database);
    const differences: Difference[] = [];
    const counts = await reclassify(database.read, inbox.accountId, (difference) => void differences.push(difference));
    expect(counts).toEqual({ notices: 1, withoutText: 0, noticesThatDiffer: 1, messages: 3, messagesThatDiffer: 1 });
    expect(differences.map(({ ref, changes }) => [ref, changes])).toEqual([
      [
        "changed",
        [
          { of: "jan@customer.example", field: "category", before: "policy", after: "unknown_user" },
          { of: "jan@customer.example", field: "reason", before: "filtered", after: "userunknown" },
        ],
      ],
      ["missed", [{ of: "", field: "verdict", before: "other", after: "suspect" }]],
    ]);
    expect(await wholeDatabase(database)).toEqual(before);
  });

  it("says it in lines, with both parsers", async () => {
    const { database, inbox } = await save();
    const lines: string[] = [];
    const counts = await reclassify(database.read, inbox.accountId, (difference) => void lines.push(...differenceLines(difference)));
    expect(lines[0]).toMatch(new RegExp(`^ntc_\\w+ in ${inbox.inboxId}, parser 0.0.1 → ${parserVersion}$`));
    expect(lines).toContain("  jan@customer.example: reason filtered → userunknown");
    expect(lines.slice(-2)).toEqual([`message missed in ${inbox.inboxId}`, "  verdict other → suspect"]);
    expect(countsLine(counts)).toContain("1 notices judged again (0 without text), 1 differ");
  });
});
