import { expect, test } from "vitest";
import { type Failure, failsAlike } from "../../src/timeline/fail-alike.ts";

const day = 86_400_000;
const now = Date.UTC(2026, 10, 25, 17);
const failure = (name: string, more: Partial<Failure> = {}): Failure => ({
  recipientKey: `${name}@customer.example`,
  domain: "customer.example",
  category: "unknown_user",
  reason: "userunknown",
  occurredAt: now,
  ...more,
});
const jan = failure("jan");

test.each<[string, Failure, Failure[], boolean]>([
  ["two others who failed like it", jan, [jan, failure("eva"), failure("ola", { occurredAt: now - 6 * day })], true],
  ["two of whom one is itself, again", jan, [jan, failure("jan", { occurredAt: now - day }), failure("eva")], false],
  [
    "others who failed with other words",
    jan,
    [jan, failure("eva", { reason: "hostunknown" }), failure("ola", { category: "spam" })],
    false,
  ],
  ["others who failed long before", jan, [jan, failure("eva", { occurredAt: now - 8 * day }), failure("ola")], false],
  ["a category that names the filter already", failure("jan", { category: "spam" }), [failure("eva"), failure("ola")], false],
  [
    "a domain where anybody has a mailbox",
    failure("jan", { domain: "gmail.com" }),
    ["eva", "ola", "ida"].map((name) => failure(name, { domain: "gmail.com" })),
    false,
  ],
])("%s", (_, one, others, expected) => expect(failsAlike(one, others)).toBe(expected));
