/** What goes wrong with an IMAP server, as a ConnectorError with a sentence a person can act on. */
import { ConnectorError, type ConnectorErrorKind, type SignInOutcome } from "../../src/ports/connector.ts";
import { certificateProblem } from "../shared/certificate-problem.ts";
import type { WayIn } from "./way-in.ts";

/** The fields imapflow and Node put on an error. */
type Failure = Error & {
  code?: string;
  authenticationFailed?: boolean;
  mailboxMissing?: boolean;
  serverResponseCode?: string;
  responseStatus?: string;
  responseText?: string;
  response?: unknown;
  reason?: string;
  throttleReset?: number;
  /** What a server says of an access token it refuses (RFC 7628, 3.2.2; XOAUTH2 gives a number as the status). */
  oauthError?: { status?: unknown };
};

type Place = Pick<WayIn, "host" | "port" | "byToken">;
type Meaning = { kind: ConnectorErrorKind; text: string; outcome?: SignInOutcome };

/** The response code of RFC 5530 in a parsed response, such as LIMIT of `A1 NO [LIMIT] Too many commands`. */
const responseCode = (failure: Failure): string => {
  if (failure.serverResponseCode) return failure.serverResponseCode.toUpperCase();
  const { response } = failure;
  if (typeof response === "string") return /\[([A-Z-]+)/.exec(response)?.[1] ?? "";
  const attributes = (response as { attributes?: { section?: { value?: unknown }[] }[] } | undefined)?.attributes;
  const value = attributes?.[0]?.section?.[0]?.value;
  return typeof value === "string" ? value.toUpperCase() : "";
};

const noAnswer = ({ host, port }: Place): Meaning => ({
  kind: "unavailable",
  text: `${host} does not answer on port ${port}. Check host and port.`,
});
const floods = ({ host }: Place): Meaning => ({
  kind: "rejected",
  text: `${host} sent far more than it was asked for; the connection was cut.`,
});

const byCode: { readonly [code: string]: (place: Place) => Meaning } = {
  ECONNREFUSED: ({ host, port }) => ({ kind: "unavailable", text: `${host} accepts no connections on port ${port}. Check host and port.` }),
  CONNECT_TIMEOUT: noAnswer,
  ETIMEDOUT: noAnswer,
  EHOSTUNREACH: noAnswer,
  ENETUNREACH: noAnswer,
  GREETING_TIMEOUT: ({ host, port }) => ({
    kind: "unavailable",
    text: `${host} took the connection on port ${port} but never greeted. Check that the port speaks IMAP, and try the other kind of security.`,
  }),
  SPEAKS_POP3: ({ host, port }) => ({
    kind: "rejected",
    text: `${host} speaks POP3 on port ${port}, which shows neither sent mail nor folders. Enter its IMAP server, usually on port 993.`,
  }),
  ERR_SSL_WRONG_VERSION_NUMBER: ({ host, port }) => ({
    kind: "rejected",
    text: `${host} does not speak TLS from the first byte on port ${port}. Choose STARTTLS, or port 993.`,
  }),
  LiteralTooLarge: floods,
  LineTooLarge: floods,
  ResponseTooLarge: floods,
  TooManyTokens: floods,
  TooManyResponses: floods,
};

/** The server's own words, as a sentence behind ours. */
const answered = (words: string): string => (words === "" ? "" : ` It answered: "${words.trim()}".`);

/** RFC 5530 and what servers answer in practice. */
const serverSaid = (code: string, words: string, host: string): Meaning | null => {
  if (["LIMIT", "THROTTLED", "OVERQUOTA"].includes(code) || /too many|maximum number of|throttl|rate.?limit|bandwidth limit/i.test(words)) {
    return { kind: "rate_limited", text: `${host} asks us to slow down.${answered(words)}` };
  }
  if (["UNAVAILABLE", "INUSE", "SERVERBUG", "CONTACTADMIN"].includes(code)) {
    return { kind: "unavailable", text: `${host} cannot serve this mailbox at the moment.${answered(words)}` };
  }
  return null;
};

/** Exchange Online lets a person in first and only then finds out that there is no mailbox for them. */
const noMailbox = /not enabled for IMAP|IMAP (?:access )?is (?:disabled|not enabled)|authenticated but not connected/i;

const mailboxClosed = (words: string, host: string): Meaning => ({
  kind: "rejected",
  text: `${host} lets nobody into this mailbox by IMAP.${answered(words)} See whether IMAP is switched on for it, and whether the account is the right one.`,
});

/** `{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}` (XOAUTH2), `{"status":"invalid_token"}` (RFC 7628). */
const tokenRefused = (status: unknown, words: string, host: string): Meaning => {
  if (/^5\d\d$/.test(String(status)))
    return { kind: "unavailable", text: `${host} cannot look at the sign-in at the moment.${answered(words)}` };
  if (status === "insufficient_scope") {
    const text = `${host} knows the sign-in, but it does not let us read mail. Sign in again and allow it.`;
    return { kind: "auth", text, outcome: "missing_permission" };
  }
  return { kind: "auth", text: `${host} no longer takes the sign-in.${answered(words)} Sign in again to reconnect.` };
};

const signInRefused = (code: string, words: string, host: string): Meaning => {
  if (code === "PRIVACYREQUIRED")
    return { kind: "rejected", text: `${host} takes no password on this connection. Choose the other kind of security.` };
  if (code === "EXPIRED") return { kind: "auth", text: `The password has expired at ${host}. Set a new one there and enter it here.` };
  const hint = "Check user name and password; many providers ask for an app password in place of the usual one.";
  return { kind: "auth", text: `${host} refused user name or password.${answered(words)} ${hint}` };
};

const noWayToSignIn = ({ host, byToken }: Place): Meaning => ({
  kind: "rejected",
  text: byToken ? `${host} offers no sign-in by OAuth (XOAUTH2 or OAUTHBEARER).` : `${host} offers no way to sign in by password.`,
});

const unitLength: readonly (readonly [string, number])[] = [
  ["ms", 1],
  ["mil", 1],
  ["min", 60_000],
  ["s", 1000],
  ["h", 3_600_000],
];

/** "Suggested Backoff Time: 92415 milliseconds", "try again in 15 minutes": the time asked for, in milliseconds. */
const waitAsked = (words: string): number | null => {
  const found = /(\d+)\s*(ms|milliseconds?|s|sec|seconds?|min|minutes?|hours?)\b/i.exec(words);
  if (!found) return null;
  const unit = found[2]?.toLowerCase() ?? "";
  return Number(found[1]) * (unitLength.find(([start]) => unit.startsWith(start))?.[1] ?? 1);
};

const meaningOf = (failure: Failure, place: Place): Meaning | null => {
  const words = (failure.responseText ?? failure.reason ?? "").slice(0, 300);
  const code = responseCode(failure);
  if (failure.code === "ETHROTTLE") return { kind: "rate_limited", text: `${place.host} asks us to slow down.${answered(words)}` };
  const said = serverSaid(code, words, place.host);
  if (said) return said;
  if (noMailbox.test(words)) return mailboxClosed(words, place.host);
  if (failure.authenticationFailed) {
    return place.byToken ? tokenRefused(failure.oauthError?.status, words, place.host) : signInRefused(code, words, place.host);
  }
  if (/^Unsupported authentication mechanism/.test(failure.message)) return noWayToSignIn(place);
  const known = Object.hasOwn(byCode, failure.code ?? "") ? byCode[failure.code ?? ""] : undefined;
  if (known) return known(place);
  const certificate = certificateProblem(failure.code ?? "", place.host);
  if (certificate !== null) return { kind: "rejected", text: certificate };
  if (/STARTTLS/.test(failure.message)) {
    const text = `${place.host} offers no encryption (STARTTLS) on port ${place.port}, and a password is never sent in clear text. Try TLS on port 993.`;
    return { kind: "rejected", text };
  }
  return isDropped(failure) ? { kind: "unavailable", text: `${place.host} ended the connection.${answered(words)}` } : null;
};

const dropped = [
  "NoConnection",
  "EConnectionClosed",
  "StateLogout",
  "ClosedAfterConnectTLS",
  "ClosedAfterConnectText",
  "ECONNRESET",
  "EPIPE",
  "ETIMEOUT",
];

/** True when the connection broke, so that the same question on a new one may be answered. */
export const isDropped = (error: unknown): boolean => error instanceof Error && "code" in error && dropped.includes(String(error.code));

/** True when the server sent something larger than we let it. */
export const isTooLarge = (error: unknown): boolean =>
  error instanceof Error && "code" in error && /^(Literal|Response|Line)TooLarge$/.test(String(error.code));

/** True when the folder that was to be opened does not exist. */
export const isFolderMissing = (error: unknown): boolean =>
  error instanceof Error && (("mailboxMissing" in error && error.mailboxMissing === true) || responseCode(error) === "NONEXISTENT");

/** True when a server refused an access token in a way that another one may change. */
export const isTokenRefused = (error: unknown, place: Place): boolean =>
  error instanceof Error && (error as Failure).authenticationFailed === true && meaningOf(error, place)?.kind === "auth";

/**
 * The ConnectorError an error means. The original is not kept as its cause where the server refused a command: imapflow puts the
 * command on it. A NO or BAD we do not know is "unavailable": the next poll tries again. What is no failure of the server stays what it is.
 */
export const imapError = (error: unknown, place: Place): unknown => {
  if (error instanceof ConnectorError || !(error instanceof Error)) return error;
  const failure: Failure = error;
  const meaning = meaningOf(failure, place);
  const words = failure.responseText ?? failure.reason ?? "";
  const retryAfterMs = failure.throttleReset ?? (meaning?.kind === "rate_limited" ? waitAsked(words) : null);
  if (meaning) {
    const { kind, text, outcome } = meaning;
    return new ConnectorError(kind, text, { retryAfterMs, ...(outcome && { outcome }), ...(isTooLarge(failure) && { cause: failure }) });
  }
  if (failure.responseStatus)
    return new ConnectorError("unavailable", `${place.host} refused what it was asked for.${answered(words.slice(0, 300))}`);
  if (/^(E[A-Z]+|ERR_SSL_|ERR_TLS_|ParserError)/.test(failure.code ?? "")) {
    return new ConnectorError("unavailable", `The connection to ${place.host} failed (${failure.code}).`);
  }
  return error;
};
