import { firstValue, type HeaderFields } from "./envelope.ts";

/** Providers that sign every notice of theirs: one in their name that fails is not theirs. */
const signing = /(?:^|[@.])(?:google|googlemail|gmail|outlook|hotmail|live|microsoft|onmicrosoft|office365)\.com$/;

/**
 * Whether a notice comes from whom it says, by the topmost Authentication-Results (RFC 8601): that one is of the mailbox's own
 * provider, what stands below it anybody can have written. Null where it says nothing, or the sender is none that signs all its
 * notices: many honest servers sign none. `from` is the From value, with or without a display name.
 */
export const readAuthenticated = (fields: HeaderFields, from: string): boolean | null => {
  const results = (firstValue(fields, "authentication-results") ?? "").slice(0, 4000).toLowerCase();
  if (results === "" || !signing.test(from.toLowerCase().replace(/>\s*$/, ""))) return null;
  const verdictOf = (method: string): string | undefined => new RegExp(`(?:^|[;\\s])${method}\\s?=\\s?([a-z]+)`).exec(results)?.[1];
  const [dmarc, dkim, spf] = [verdictOf("dmarc"), verdictOf("dkim"), verdictOf("spf")];
  if (dmarc === "pass" || dkim === "pass") return true;
  if (dmarc === "fail" || dkim === "fail" || spf === "fail" || spf === "softfail") return false;
  return null;
};
