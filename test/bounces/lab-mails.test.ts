import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cutNotice } from "../../src/bounces/cut-notice.ts";
import { inspectMail } from "../../src/bounces/inspect-mail.ts";
import { idKey } from "../../src/bounces/keys.ts";
import type { RecipientOutcome } from "../../src/bounces/report.ts";

type Wanted = { address: string; alt: string[]; status: string | string[] | null; category: string[] | null; type: string[] };
type Label = { file: string; is_bounce: boolean; has_dsn_part: boolean; original_message_id: string | null; recipients: Wanted[] };

const folder = join(import.meta.dirname, "../fixtures/lab-mails");
const labels = readFileSync(join(folder, "labels.jsonl"), "utf8")
  .split("\n")
  .filter(Boolean)
  .map((line) => JSON.parse(line) as Label);

const bytesOf = (label: Label): Uint8Array => readFileSync(join(folder, "mails", label.file));

const names = ({ address, originalAddress }: RecipientOutcome): string[] =>
  [address, originalAddress ?? ""].map((name) => name.toLowerCase());

const find = (wanted: Wanted, recipients: RecipientOutcome[]): RecipientOutcome | undefined =>
  recipients.find((one) => [wanted.address, ...wanted.alt].some((name) => names(one).includes(name.toLowerCase())));

describe("notices real servers wrote for our own messages", () => {
  for (const label of labels.filter(({ is_bounce }) => is_bounce))
    it(`${label.file} is a bounce, with its recipients, its original and its cause`, () => {
      const report = inspectMail(bytesOf(label));
      const failed = report.recipients.filter(({ action }) => action === "failed" || action === "delayed");
      expect(report.verdict).toBe("bounce");
      expect(failed).toHaveLength(label.recipients.length);
      expect(idKey(report.original.messageId)).toBe(idKey(label.original_message_id));
      for (const wanted of label.recipients) {
        const found = find(wanted, failed);
        expect(found, wanted.address).toBeDefined();
        expect(wanted.type).toContain(found?.type);
        if (wanted.category) expect(wanted.category).toContain(found?.category);
        if (wanted.status && label.has_dsn_part) expect([wanted.status].flat()).toContain(found?.status);
      }
    });

  for (const label of labels.filter(({ is_bounce }) => !is_bounce))
    it(`${label.file} is no bounce`, () => {
      expect(inspectMail(bytesOf(label)).verdict).toBe("not_bounce");
    });

  it("give the same report once their returned letters are cut, and hold no letter any more", () => {
    for (const label of labels.filter(({ is_bounce }) => is_bounce)) {
      const cut = cutNotice(bytesOf(label));
      expect(inspectMail(cut), label.file).toEqual(inspectMail(bytesOf(label)));
      expect(Buffer.from(cut).toString("latin1"), label.file).not.toMatch(/can we talk on Thursday/);
    }
  });
});
