import { expect, test } from "vitest";
import { canFailAlike } from "../../src/timeline/fail-alike.ts";

test.each([
  ["customer.example", "unknown_user", true],
  ["customer.example", "other", true],
  ["customer.example", null, true],
  // It names the filter already.
  ["customer.example", "spam", false],
  // Anybody has a mailbox there.
  ["gmail.com", "unknown_user", false],
  ["", "unknown_user", false],
] as const)("company at %s tells something of %s: %s", (domain, category, expected) =>
  expect(canFailAlike(domain, category)).toBe(expected),
);
