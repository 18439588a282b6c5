import type { IncomingHttpHeaders } from "node:http";

/** What a receiver did with an event. */
export type Answer =
  | { kind: "accepted"; status: number }
  /** `because` is our words, `excerpt` the receiver's, for people only. `gone`: it wants no events any more. */
  | { kind: "refused"; gone: boolean; status: number | null; because: string; excerpt: string; retryAfterMs: number | null }
  /** We stopped before it could answer. */
  | { kind: "stopped" };

type Refused = Extract<Answer, { kind: "refused" }>;

/** Reads an answer: 2xx alone is success (Standard Webhooks, "Success"); 410 ends the endpoint. */
export const answerFrom = (response: { status: number; headers: IncomingHttpHeaders; excerpt: string; url: URL }): Answer => {
  const { status } = response;
  if (status >= 200 && status < 300) return { kind: "accepted", status };
  return {
    kind: "refused",
    gone: status === 410,
    status,
    because: status >= 300 && status < 400 ? `answered ${status}; redirects are not followed` : `answered ${status}`,
    excerpt: cleanExcerpt(response.excerpt, response.url),
    retryAfterMs: status === 429 || status === 503 ? retryAfter(response.headers) : null,
  };
};

const longestExcerpt = 300;

/** One line for people: why it failed, and the beginning of what the receiver said. */
export const errorOf = (answer: Refused): string => (answer.excerpt === "" ? answer.because : `${answer.because}: ${answer.excerpt}`);

/** A receiver may repeat the address it was called at, with the token in its query; and may send anything at all. */
const cleanExcerpt = (text: string, url: URL): string => {
  const withoutQuery = url.search.length > 1 ? text.replaceAll(url.search.slice(1), "…") : text;
  return withoutQuery
    .replace(/v1,[\w+/=]{20,}/g, "…")
    .replace(/[\p{C}\s]+/gu, " ")
    .trim()
    .slice(0, longestExcerpt)
    .toWellFormed();
};

/** RFC 9110, 10.2.3: seconds. A date is rare here and needs their clock; the own schedule serves for it. */
const retryAfter = (headers: IncomingHttpHeaders): number | null => {
  const value = headers["retry-after"] ?? "";
  return /^\d{1,6}$/.test(value) ? Number(value) * 1000 : null;
};
