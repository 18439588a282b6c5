/**
 * What Microsoft's sign-in service answers, as a ConnectorError with a sentence a person can act on. Its codes: learn.microsoft.com,
 * "Microsoft Entra authentication and authorization error codes".
 */
import { ConnectorError, type SignInOutcome } from "../../../src/ports/connector.ts";
import type { LastAnswer } from "./network.ts";

const reconnect = "Microsoft no longer lets us in. Sign in again.";
const approve =
  "Your organisation must approve this app first. Ask an administrator of your Microsoft 365 to approve it, then sign in again.";

const auth = (text: string, outcome?: SignInOutcome): ConnectorError => new ConnectorError("auth", text, outcome ? { outcome } : {});

const busy = (): ConnectorError =>
  new ConnectorError("unavailable", "Microsoft's sign-in service does not answer at the moment; we try again.");

const appBroken = (): ConnectorError =>
  new ConnectorError(
    "rejected",
    "Microsoft refuses this server's own app: its secret or its registration is not valid (any more). Ask the operator to renew it.",
  );

/** AADSTS numbers with a meaning of their own; the others are judged by the error's name. */
const byNumber: { readonly [number: string]: () => ConnectorError } = {
  65001: () => auth(approve, "needs_admin"), // nobody consented
  90094: () => auth(approve, "needs_admin"), // an administrator must consent
  90095: () => auth(approve, "needs_admin"), // consent was asked of an administrator
  50105: () => auth("Your organisation has not assigned you to this app. Ask an administrator of your Microsoft 365.", "needs_admin"),
  65004: () => auth("You declined to let us read your mail. Sign in again and accept.", "denied"),
  53003: () => auth("A rule of your organisation (conditional access) keeps this server out. Ask an administrator of your Microsoft 365."),
  50173: () => auth(reconnect), // the grant was revoked
  700082: () => auth(reconnect), // not used for 90 days
  50076: () => auth("Microsoft asks for your second factor again. Sign in again."),
  50079: () => auth("Microsoft asks for your second factor again. Sign in again."),
  700016: appBroken, // no such app in the tenant
  7000215: appBroken, // wrong secret
  7000222: appBroken, // secret expired
  90033: busy,
};

const byName: { readonly [name: string]: () => ConnectorError } = {
  consent_required: () => auth(approve, "needs_admin"),
  access_denied: () => auth("You declined to let us read your mail. Sign in again and accept.", "denied"),
  invalid_grant: () => auth(reconnect),
  interaction_required: () => auth(reconnect),
  login_required: () => auth(reconnect),
  bad_token: () => auth(reconnect),
  no_tokens_found: () => auth(reconnect),
  refresh_token_expired: () => auth(reconnect),
  no_account_found: () => auth(reconnect),
  invalid_client: appBroken,
  unauthorized_client: appBroken,
  temporarily_unavailable: busy,
  server_error: busy,
};

const known = (table: { readonly [key: string]: () => ConnectorError }, key: string): ConnectorError | null =>
  Object.hasOwn(table, key) ? (table[key]?.() ?? null) : null;

/** The meaning of an OAuth error (RFC 6749, 4.1.2.1 and 5.2) and the AADSTS number in its description. Null where neither is known. */
export const meaningOf = (names: readonly string[], description: string): ConnectorError | null => {
  const numbers = [...description.matchAll(/AADSTS(\d{4,8})/g)].map(([, number]) => number ?? "");
  for (const number of numbers) {
    const meaning = known(byNumber, number);
    if (meaning) return meaning;
  }
  for (const name of names) {
    const meaning = known(byName, name);
    if (meaning) return meaning;
  }
  return null;
};

type MsalFailure = { errorCode?: unknown; subError?: unknown; errorMessage?: unknown };

/**
 * What a failure of msal-node means. The HTTP status decides first: a busy or failing service is never taken for a revoked grant. No
 * cause is kept: msal-node's messages may quote what was sent.
 */
export const signInError = (error: unknown, { status, retryAfterMs }: LastAnswer): ConnectorError => {
  if (error instanceof ConnectorError) return error;
  if (status === 429 || (status === 503 && retryAfterMs !== null)) {
    return new ConnectorError("rate_limited", "Microsoft's sign-in service asks us to wait.", { retryAfterMs });
  }
  if (status >= 500) return busy();
  const failure = (error ?? {}) as MsalFailure;
  const names = [failure.subError, failure.errorCode].filter((name) => typeof name === "string" && name !== "") as string[];
  const meaning = meaningOf(names, typeof failure.errorMessage === "string" ? failure.errorMessage : "");
  if (meaning) return meaning;
  if (status === 0 || status < 300) return busy();
  return new ConnectorError("unavailable", `Microsoft's sign-in service refused what it was asked (${names.join(", ") || status}).`);
};

/** The error a browser brought back from the sign-in page, as the reason a person is told. */
export const refusal = (error: string, description: string | null): ConnectorError =>
  meaningOf([error], description ?? "") ??
  new ConnectorError("rejected", `Microsoft refused the sign-in (${error.replace(/[^\w.-]/g, "").slice(0, 60)}). Try again.`);
