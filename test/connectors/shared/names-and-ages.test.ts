import { describe, expect, test } from "vitest";
import { readEnvelope } from "../../../connectors/shared/read-envelope.ts";
import { roleOfName } from "../../../connectors/shared/role-of-name.ts";
import { splitByAge } from "../../../connectors/shared/split-by-age.ts";
import type { Envelope } from "../../../src/bounces/envelope.ts";

test.each([
  ["Sent Items", "sent"],
  ["archive/2026/Wysłane", "sent"],
  [".Sent", "sent"],
  ["INBOX", "inbox"],
  ["Niechciane", "junk"],
  ["Entwürfe", "drafts"],
  ["Sent to clients", null],
  ["constructor", null],
])("the folder %s is %s", (path, role) => {
  expect(roleOfName(path)).toBe(role);
  expect(roleOfName(path.normalize("NFD").toUpperCase())).toBe(role);
});

describe("what was there before the inbox was connected", () => {
  const at = (receivedAt: number | null): Envelope =>
    readEnvelope({ ref: String(receivedAt), folder: "INBOX", role: "inbox", fields: new Map(), receivedAt, size: null });
  const began = 10 * 86_400_000;
  const flags = (times: (number | null)[], live: boolean): [boolean, number][] =>
    splitByAge(times.map(at), began, live).map(({ backfill, messages }) => [backfill, messages.length]);

  test("is told by its date, in runs that keep the order", () => {
    expect(flags([1, 2, began, began + 1, 3], false)).toEqual([
      [true, 2],
      [false, 2],
      [true, 1],
    ]);
    expect(flags([], false)).toEqual([]);
  });

  test("is news within a day of the clock when it is found by the listing of new mail", () => {
    expect(flags([began - 3_600_000, 1], true)).toEqual([
      [false, 1],
      [true, 1],
    ]);
  });

  test("without a date is what the listing says", () => {
    expect(flags([null], true)).toEqual([[false, 1]]);
    expect(flags([null], false)).toEqual([[true, 1]]);
  });
});
