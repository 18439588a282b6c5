/** What goes wrong with Google, as a ConnectorError with a sentence a person can act on. */
import { gaxios } from "google-auth-library";
import { ConnectorError, type ConnectorErrorKind, type SignInOutcome } from "../../../src/ports/connector.ts";
import { waitAsked } from "../wait-asked.ts";

type Meaning = { kind: ConnectorErrorKind; text: string; outcome?: SignInOutcome };

/** An error of the API (AIP-193): `{"error": {"code": 403, "message": "…", "errors": [{"reason": "rateLimitExceeded"}], "details": […]}}`. */
type ApiError = { message?: string; status?: string; errors?: { reason?: string }[]; details?: { reason?: string; retryDelay?: string }[] };

/** An error of the token endpoint (RFC 6749, 5.2): `{"error": "invalid_grant", "error_description": "…"}`. */
type Answer = { error?: string | ApiError; error_description?: string };

/** The HTTP status Google answered with, or null if it did not answer. */
export const statusOf = (error: unknown): number | null => (error instanceof gaxios.GaxiosError ? (error.response?.status ?? null) : null);

const answerOf = (error: gaxios.GaxiosError): Answer => {
  const data: unknown = error.response?.data;
  return typeof data === "object" && data !== null ? data : {};
};

/** The code the token endpoint refused with (RFC 6749, 5.2), or null. */
export const grantOf = (error: unknown): string | null => {
  const code = error instanceof gaxios.GaxiosError ? answerOf(error).error : null;
  return typeof code === "string" ? code : null;
};

/** Every word Google has for the reason of a refusal, old style and new. */
const reasonsOf = ({ errors, details, status }: ApiError): string[] =>
  [...(errors ?? []).map(({ reason }) => reason), ...(details ?? []).map(({ reason }) => reason), status].filter(
    (reason) => reason !== undefined,
  );

/** True when Google itself says 404: a proxy's 404 would make a deleted message of one that is there. */
export const isNotFound = (error: unknown): boolean =>
  error instanceof gaxios.GaxiosError && statusOf(error) === 404 && typeof answerOf(error).error === "object";

/** True when Google did not answer at all, or said that it is its own failure: a second try may go better. */
export const isPassing = (error: unknown): boolean => {
  if (!(error instanceof gaxios.GaxiosError) || error.code === "TimeoutError") return false;
  const status = statusOf(error);
  return status === null || status >= 500;
};

/** True when an answer was cut off because it was larger than we let it. */
export const isTooLarge = (error: unknown): boolean => error instanceof gaxios.GaxiosError && /over (?:the )?limit/.test(error.message);

const reconnect: Meaning = { kind: "auth", text: "Google no longer lets us in. Sign in at Google again to reconnect." };
const slowDown: Meaning = { kind: "rate_limited", text: "Google asks us to slow down." };
const switchedOff: Meaning = { kind: "rejected", text: "The Gmail API is not switched on for the operator's Google project." };
const missingPermission: Meaning = {
  kind: "auth",
  text: "Google lets us in, but not read mail. Sign in again and tick the box that lets Bounceline read your mail.",
  outcome: "missing_permission",
};

/** Reasons of the API ("Resolve errors", Gmail API), old style and new; the first that is known counts. */
const byReason: { readonly [reason: string]: Meaning } = {
  rateLimitExceeded: slowDown,
  userRateLimitExceeded: slowDown,
  RESOURCE_EXHAUSTED: slowDown,
  quotaExceeded: { kind: "rate_limited", text: "Google's quota for this app is used up." },
  dailyLimitExceeded: { kind: "rate_limited", text: "Google's quota of the day for this app is used up." },
  accessNotConfigured: switchedOff,
  SERVICE_DISABLED: switchedOff,
  domainPolicy: {
    kind: "auth",
    text: "Your organisation's administrator does not let apps read Gmail. Ask them to allow this one.",
    outcome: "needs_admin",
  },
  insufficientPermissions: missingPermission,
  ACCESS_TOKEN_SCOPE_INSUFFICIENT: missingPermission,
};

/** Reasons of the token endpoint. */
const byGrant: { readonly [code: string]: Meaning } = {
  invalid_grant: reconnect,
  invalid_client: { kind: "rejected", text: "Google does not know the operator's app. Its client id or secret has to be corrected." },
  deleted_client: { kind: "rejected", text: "The operator's Google app was deleted. A new one has to be set up." },
  unauthorized_client: {
    kind: "auth",
    text: "Google does not let the service account act for this mailbox. A super administrator has to allow its client id with the scope https://www.googleapis.com/auth/gmail.readonly (Admin console, Security, API controls, Domain-wide delegation).",
    outcome: "needs_admin",
  },
  access_denied: { kind: "auth", text: "Google was told not to let Bounceline in. Start again if that was a mistake.", outcome: "denied" },
  admin_policy_enforced: {
    kind: "auth",
    text: "Your organisation's administrator has to approve this app first.",
    outcome: "needs_admin",
  },
  org_internal: {
    kind: "auth",
    text: "This Google app is for the members of one organisation only. Its administrator has to open it, or you sign in with another account.",
    outcome: "needs_admin",
  },
};

const known = (table: { readonly [name: string]: Meaning }, names: readonly string[]): Meaning | undefined =>
  names.map((name) => (Object.hasOwn(table, name) ? table[name] : undefined)).find((meaning) => meaning !== undefined);

const refused = (status: number, error: ApiError): Meaning => {
  const found = known(byReason, reasonsOf(error));
  if (found) return found;
  // A token that may read header fields alone is refused in words only: "Metadata scope does not support 'q' parameter".
  if (status === 403 && /metadata scope/i.test(error.message ?? "")) return missingPermission;
  if (status === 401) return reconnect;
  if (status === 429) return slowDown;
  if (/mail service not enabled/i.test(error.message ?? "")) return { kind: "rejected", text: "This Google account has no Gmail mailbox." };
  return { kind: "unavailable", text: `Google refused what it was asked for (${status}).` };
};

const meaningOf = (error: gaxios.GaxiosError): Meaning => {
  const status = statusOf(error);
  if (status === null) {
    const text =
      error.code === "TimeoutError" ? "Google does not answer." : `The connection to Google failed (${error.code ?? "no reason given"}).`;
    return { kind: "unavailable", text };
  }
  // Before what it says: a busy token endpoint is no reason to ask anybody to sign in again.
  if (status >= 500) return { kind: "unavailable", text: `Google cannot serve this mailbox at the moment (${status}).` };
  const answer = answerOf(error).error;
  if (typeof answer === "string" && status !== 429) return grantRefused(answer) ?? refused(status, {});
  return refused(status, typeof answer === "object" ? answer : {});
};

const grantRefused = (code: string): Meaning | undefined => known(byGrant, [code]);

/** True when Google is asked too much too fast: it says so for this minute, unlike a quota of the day that is used up. */
export const isBusy = (error: unknown): error is gaxios.GaxiosError => error instanceof gaxios.GaxiosError && meaningOf(error) === slowDown;

/** How long Google asks us to wait, in milliseconds; null where it does not say. */
export const waitOf = (error: gaxios.GaxiosError, now: number): number | null => {
  const answer = answerOf(error).error;
  const details = typeof answer === "object" ? answer : {};
  const delay = details.details?.map(({ retryDelay }) => retryDelay).find((each) => each !== undefined);
  return waitAsked({ header: error.response?.headers.get("retry-after") ?? null, text: `${delay ?? ""} ${details.message ?? ""}` }, now);
};

/** A ConnectorError for a code a redirect or the token endpoint gave (RFC 6749, 4.1.2.1 and 5.2). */
export const refusalError = (code: string): ConnectorError => {
  const { kind, text, outcome } = grantRefused(code) ?? { kind: "auth", text: "Google did not let us in. Start again." };
  return new ConnectorError(kind, text, outcome ? { outcome } : {});
};

/**
 * The ConnectorError an error means; what is no failure of Google's stays what it is. The original is never kept as its cause:
 * it holds the request, and with it tokens.
 */
export const googleError = (error: unknown, now: number): unknown => {
  if (!(error instanceof gaxios.GaxiosError)) return error;
  if (error.cause instanceof ConnectorError) return error.cause;
  const { kind, text, outcome } = meaningOf(error);
  const retryAfterMs = kind === "rate_limited" || kind === "unavailable" ? waitOf(error, now) : null;
  return new ConnectorError(kind, text, { retryAfterMs, ...(outcome ? { outcome } : {}) });
};
