import { expect, test } from "vitest";
import { waitAsked } from "../../../connectors/shared/wait-asked.ts";

const now = Date.parse("2026-11-25T18:30:00Z");

test("a header counts first, as seconds or as a date", () => {
  expect(waitAsked({ header: "120", text: "in 5 minutes" }, now)).toBe(120_000);
  expect(waitAsked({ header: " 0 ", text: "" }, now)).toBe(0);
  expect(waitAsked({ header: "Wed, 25 Nov 2026 18:31:00 GMT", text: "" }, now)).toBe(60_000);
  expect(waitAsked({ header: "Wed, 25 Nov 2026 18:29:00 GMT", text: "" }, now)).toBe(0);
});

test("then the words of the error", () => {
  const words: [string, number | null][] = [
    ["User-rate limit exceeded.  Retry after 2026-11-25T18:45:00.000Z", 900_000],
    ["Retry after 2026-11-25T19:30:00+01:00", 0],
    ["34.5s", 34_500],
    ["try again in 15 minutes", 900_000],
    ["wait 1 hour", 3_600_000],
    ["Suggested Backoff Time: 92415 milliseconds", 92_415],
    ["Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user' of service", null],
    ["", null],
  ];
  for (const [text, wait] of words) expect(waitAsked({ header: null, text }, now), text).toBe(wait);
  expect(waitAsked({ header: "soon", text: "in 2 min" }, now)).toBe(120_000);
});
