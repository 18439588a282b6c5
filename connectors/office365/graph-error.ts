/** What Microsoft Graph answers, as a ConnectorError (learn.microsoft.com, "Microsoft Graph error responses and resource types"). */
import { ConnectorError, type ConnectorErrorKind, type SignInOutcome } from "../../src/ports/connector.ts";

/** An answer that is no success. `code` is Graph's own word, such as ErrorItemNotFound. */
export type Problem = { status: number; code: string; words: string; retryAfterMs: number | null };

/** A ConnectorError that still knows what Graph said, for the few places that have a better answer than failing. */
type GraphFailure = ConnectorError & { graph?: Problem };

const kept = (error: ConnectorError, problem: Problem): ConnectorError =>
  Object.defineProperty(error, "graph", { value: problem, enumerable: false });

const said = ({ words, code }: Problem): string => (words === "" ? ` (${code || "no reason given"})` : `: "${words.slice(0, 200)}"`);

const meaning = (problem: Problem): [ConnectorErrorKind, string, SignInOutcome?] => {
  const { status, code } = problem;
  if (status === 429 || (status === 503 && problem.retryAfterMs !== null)) return ["rate_limited", "Microsoft asks us to wait."];
  if (status >= 500) return ["unavailable", `Microsoft 365 cannot serve this mailbox at the moment${said(problem)}.`];
  if (isExpired(problem)) return ["cursor_expired", "Microsoft has forgotten what we had read; the folder is listed again."];
  if (/^(MailboxNotEnabledForRESTAPI|MailboxNotSupportedForRESTAPI|ErrorNonExistentMailbox|Request_ResourceNotFound)$/.test(code)) {
    return [
      "rejected",
      "This account has no mailbox in Microsoft 365 (it may be on-premises, or without a licence). Choose another account.",
    ];
  }
  if (status === 401) return ["auth", "Microsoft no longer lets us in. Sign in again."];
  if (status === 403) {
    return [
      "auth",
      `We are not allowed to read this mailbox${said(problem)}. Allow reading mail when you sign in again, or ask an administrator to let this app read it.`,
      "missing_permission",
    ];
  }
  return ["unavailable", `Microsoft Graph refused what it was asked${said(problem)}.`];
};

/** The position in a folder's changes is no longer known, whatever status that comes with. */
const isExpired = ({ status, code }: Problem): boolean =>
  status === 410 || /^(syncStateNotFound|syncStateInvalid|resyncRequired)$/i.test(code);

export const graphError = (problem: Problem): ConnectorError => {
  const [kind, text, outcome] = meaning(problem);
  return kept(new ConnectorError(kind, text, { retryAfterMs: problem.retryAfterMs, ...(outcome ? { outcome } : {}) }), problem);
};

/** Graph forgets a position it has just given: no reason to list everything again, which it would forget as well. */
export const keepsForgetting = (): ConnectorError =>
  graphError({ status: 500, code: "", words: "it keeps forgetting what was read", retryAfterMs: null });

export const noAnswer = (): ConnectorError =>
  new ConnectorError("unavailable", "Microsoft 365 ended the connection or does not answer; we try again.");

const problemOf = (error: unknown): Problem | null => (error instanceof ConnectorError ? ((error as GraphFailure).graph ?? null) : null);

/** True where Graph answered that it cannot, as it may for one folder or one page alone. */
export const isFailing = (error: unknown): boolean => error instanceof ConnectorError && error.kind === "unavailable" && isAnswer(error);

/** True where Graph answered, whatever it said. */
export const isAnswer = (error: unknown): boolean => problemOf(error) !== null;

/** True where a message or folder is not there (any more), or the id never was one. */
export const isMissing = (error: unknown): boolean => {
  const problem = problemOf(error);
  if (!problem || isExpired(problem)) return false;
  return /^(ErrorItemNotFound|ErrorFolderNotFound|ErrorInvalidIdMalformed|ErrorParentFolderNotFound|itemNotFound)$/.test(problem.code);
};

/** True where a folder's position is no longer known. */
export const isPositionLost = (error: unknown): boolean => {
  const problem = problemOf(error);
  return problem !== null && isExpired(problem);
};

/** True where Graph does not take the question as it was asked. */
export const isRefusedQuery = (error: unknown): boolean => problemOf(error)?.status === 400;

/** True where a permission is missing for just this question. */
export const isForbidden = (error: unknown): boolean => problemOf(error)?.status === 403;

/** True where Graph knows no such subscription (any more). */
export const isUnknown = (error: unknown): boolean => problemOf(error)?.status === 404;
