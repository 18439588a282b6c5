/** What a provider says about waiting: its Retry-After header, and the words of its error. */
export type WaitWords = { header: string | null; text: string };

const unitLength: readonly (readonly [RegExp, number])[] = [
  [/^m(?:s|illi)/, 1],
  [/^s/, 1000],
  [/^m/, 60_000],
  [/^h/, 3_600_000],
];

const until = (date: string, now: number): number | null => {
  const at = Date.parse(date);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
};

/**
 * How long we are asked to wait, in milliseconds; null when nothing is said. A header counts first, as seconds or as a date
 * (RFC 9110, 10.2.3). In words: "Retry after 2026-11-25T18:30:00.000Z" (Gmail), "34s" (RetryInfo), "try again in 15 minutes".
 */
export const waitAsked = ({ header, text }: WaitWords, now: number): number | null => {
  if (header !== null) {
    const value = header.trim();
    const asked = /^\d+$/.test(value) ? Number(value) * 1000 : until(value, now);
    if (asked !== null) return asked;
  }
  const date = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/.exec(text)?.[0];
  if (date !== undefined) return until(date, now);
  const found = /(\d+(?:\.\d+)?) ?(ms|milliseconds?|s|secs?|seconds?|min|minutes?|h|hours?)\b/i.exec(text);
  if (!found) return null;
  const unit = (found[2] ?? "").toLowerCase();
  return Math.ceil(Number(found[1]) * (unitLength.find(([start]) => start.test(unit))?.[1] ?? 1));
};
