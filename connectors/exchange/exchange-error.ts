/** What goes wrong with an Exchange server, as a ConnectorError with a sentence a person can act on (MS-OXWSCDATA, ResponseCodeType). */
import { ConnectorError, type ConnectorErrorKind } from "../../src/ports/connector.ts";

/** What a server answered in place of what was asked. `code`: Exchange's own word, "" where it gave none; `status`: 0 where nothing came. */
export type Problem = { host: string; status: number; code: string; words: string; retryAfterMs: number | null };

/** A ConnectorError that still knows what Exchange said, for the few places that have a better answer than failing. */
type ExchangeFailure = ConnectorError & { exchange?: Problem };

const said = ({ words, code, status }: Problem): string =>
  words === "" ? ` (${code || (status === 0 ? "no reason given" : `HTTP ${status}`)})` : `: "${words.slice(0, 200)}"`;

const busy = /^(ErrorServerBusy|ErrorExceededConnectionCount|ErrorExceededFindCountLimit|ErrorTooManyObjectsOpened)$/;
const passing =
  /^(ErrorMailboxStoreUnavailable|ErrorInternalServerTransientError|ErrorInternalServerError|ErrorTimeoutExpired|ErrorADUnavailable|ErrorADOperation|ErrorConnectionFailed|ErrorMailboxMoveInProgress|ErrorMailboxFailover|ErrorBatchProcessingStopped|ErrorInsufficientResources|ErrorNotEnoughMemory|ErrorDataSourceOperation)$/;
const positionLost = /^(ErrorInvalidSyncStateData|ErrorSyncStateCorrupted)$/;
const missing =
  /^(ErrorItemNotFound|ErrorFolderNotFound|ErrorSyncFolderNotFound|ErrorParentFolderNotFound|ErrorInvalidIdMalformed|ErrorInvalidIdEmpty|ErrorInvalidIdNotAnItemAttachmentId|ErrorInvalidId|ErrorManagedFolderNotFound)$/;

const byCode: readonly (readonly [RegExp, ConnectorErrorKind, (problem: Problem) => string])[] = [
  [busy, "rate_limited", ({ host }) => `${host} asks us to wait.`],
  [
    /^(ErrorAccessDenied|ErrorImpersonationDenied|ErrorImpersonateUserDenied)$/,
    "auth",
    () =>
      "This account may not open the mailbox. Ask its owner or the Exchange administrator for the right to read it (Full Access), or sign in as its owner.",
  ],
  [
    /^(ErrorNonExistentMailbox|ErrorMissingEmailAddress|ErrorInvalidSmtpAddress|ErrorMissingInformationEmailAddress|ErrorMailboxConfiguration)$/,
    "rejected",
    ({ host }) => `${host} has no such mailbox. Check the address, and whether the mailbox was moved to Microsoft 365.`,
  ],
  [
    /^(ErrorAccountDisabled|ErrorLogonAsNetworkServiceFailed)$/,
    "auth",
    () => "The Windows account is disabled. Ask the Exchange administrator to enable it, or sign in with another one.",
  ],
  [
    /^(ErrorPasswordExpired|ErrorPasswordChangeRequired)$/,
    "auth",
    ({ host }) => `The password has expired at ${host}. Set a new one there and enter it here.`,
  ],
  [
    /^(ErrorInvalidServerVersion|ErrorIncorrectSchemaVersion)$/,
    "rejected",
    ({ host }) => `${host} is older than Exchange 2010 SP2, which is the oldest that is read this way. Connect the mailbox by IMAP.`,
  ],
  [
    /^(ErrorMessageSizeExceeded|ErrorAttachmentSizeLimitExceeded|ErrorDataSizeLimitExceeded)$/,
    "rejected",
    ({ host }) => `The message is larger than ${host} gives out. An administrator can raise the limit of Exchange Web Services there.`,
  ],
  [positionLost, "cursor_expired", ({ host }) => `${host} no longer knows what we had read; the folder is listed again.`],
  [passing, "unavailable", (problem) => `${problem.host} cannot serve this mailbox at the moment${said(problem)}.`],
];

const byStatus = (problem: Problem): [ConnectorErrorKind, string] => {
  const { host, status, retryAfterMs } = problem;
  if (status === 429 || (status === 503 && retryAfterMs !== null)) return ["rate_limited", `${host} asks us to wait.`];
  if (status === 0) return ["unavailable", `${host} ended the connection or does not answer; we try again.`];
  if (status === 401) {
    return [
      "auth",
      `${host} refused user name or password. Check both; the user name often begins with the Windows domain and a backslash.`,
    ];
  }
  if (status === 456) {
    return [
      "auth",
      `${host} has locked this account. Sign in to Outlook on the web once and do what it asks for, then enter the password again.`,
    ];
  }
  if (status === 403) {
    return ["auth", `${host} does not let this account use Exchange Web Services. Ask the Exchange administrator to allow it.`];
  }
  if (status === 404 || status === 405) {
    return ["rejected", `At this address ${host} offers no Exchange Web Services. It usually ends in /EWS/Exchange.asmx.`];
  }
  if (status >= 300 && status < 400) {
    return [
      "rejected",
      `${host} sends us to another address, and a password is not taken there. Enter the address of the Exchange server itself.`,
    ];
  }
  if (status >= 500) return ["unavailable", `${host} cannot serve this mailbox at the moment${said(problem)}.`];
  return ["unavailable", `${host} refused what it was asked${said(problem)}.`];
};

/** The ConnectorError a problem means. */
export const exchangeError = (problem: Problem): ConnectorError => {
  const known = byCode.find(([codes]) => codes.test(problem.code));
  const [kind, text] = known ? [known[1], known[2](problem)] : byStatus(problem);
  const error = new ConnectorError(kind, text, { retryAfterMs: kind === "rate_limited" ? problem.retryAfterMs : null });
  return Object.defineProperty(error, "exchange", { value: problem, enumerable: false });
};

const problemOf = (error: unknown): Problem | null =>
  error instanceof ConnectorError ? ((error as ExchangeFailure).exchange ?? null) : null;

/** True where the same question may be answered a moment later. */
export const isPassing = ({ status, code }: Problem): boolean => (code === "" ? status === 0 || status >= 500 : passing.test(code));

/** True for a code that speaks of the whole mailbox or server, and not of the one folder or message asked for. */
export const isOfMailbox = (code: string): boolean =>
  code !== "NoError" &&
  !missing.test(code) &&
  byCode.some(([codes, kind]) => kind !== "cursor_expired" && codes.test(code)) &&
  !damaged.test(code);

/** Of one message alone, although it may sound otherwise: the server fails over what stands in it. */
const damaged = /^(ErrorInternalServerError|ErrorMessageSizeExceeded|ErrorAttachmentSizeLimitExceeded|ErrorDataSizeLimitExceeded)$/;

/** True where Exchange answered, whatever it said. */
export const isAnswer = (error: unknown): boolean => (problemOf(error)?.code ?? "") !== "";

/** True where Exchange answered that it cannot, as it may for one folder alone. */
export const isFailing = (error: unknown): boolean => error instanceof ConnectorError && error.kind === "unavailable" && isAnswer(error);

/** True where a message or folder is not there (any more), or the id never was one. */
export const isMissing = (error: unknown): boolean => missing.test(problemOf(error)?.code ?? "");

/** True for the code of a message or folder that is not there. */
export const isMissingCode = (code: string): boolean => missing.test(code);

/** True where a folder's position is no longer known. */
export const isPositionLost = (error: unknown): boolean => positionLost.test(problemOf(error)?.code ?? "");
