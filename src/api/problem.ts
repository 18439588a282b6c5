import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";
import type { Read } from "../ports/database.ts";
import { findErasure } from "../store/erasures.ts";
import { StoreError } from "../store/errors.ts";
import { rfc3339 } from "./rfc3339.ts";

/** The status each type of problem is answered with. */
export const statusOf = {
  unauthenticated: 401,
  "scope-missing": 403,
  "not-found": 404,
  "inbox-not-usable": 409,
  conflict: 409,
  erased: 410,
  "idempotency-conflict": 409,
  "too-large": 413,
  "invalid-request": 422,
  "rate-limited": 429,
  "provider-unavailable": 503,
} as const;

export type ProblemType = keyof typeof statusOf;

export type FieldError = { pointer: string; code: string; detail: string };

/** An answer that is no success, as problem details (RFC 9457). */
export class Problem extends Error {
  override name = "Problem";
  readonly type: ProblemType;
  readonly errors: readonly FieldError[] | undefined;
  readonly retryAfterSeconds: number | undefined;
  constructor(type: ProblemType, detail: string, errors?: readonly FieldError[], retryAfterSeconds?: number) {
    super(detail);
    this.type = type;
    this.errors = errors;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** What each type of problem is called. */
export const titles: Record<ProblemType, string> = {
  unauthenticated: "No valid API key",
  "scope-missing": "The API key may not do this",
  "not-found": "Not found",
  "inbox-not-usable": "The inbox cannot be used this way",
  conflict: "It is there already",
  erased: "It was erased",
  "idempotency-conflict": "The Idempotency-Key is in use",
  "too-large": "The request is too large",
  "invalid-request": "The request is not valid",
  "rate-limited": "Too many requests",
  "provider-unavailable": "The mail provider does not answer",
};

/** One object of another account is as unknown as one that never was: both answer this. */
export const notFound = (what: string): Problem => new Problem("not-found", `There is no such ${what} in this account.`);

/** What was erased is told apart from what never was, to whom it belonged. */
export const notFoundOrErased = async (read: Read, accountId: string, what: string, id: string): Promise<Problem> => {
  const erasure = await findErasure(read, accountId, id);
  return erasure ? new Problem("erased", `This ${what} was erased on ${rfc3339(erasure.at)}.`) : notFound(what);
};

const asProblem = (error: FastifyError | Problem): Problem | null => {
  if (error instanceof Problem) return error;
  if (hasZodFastifySchemaValidationErrors(error)) {
    const fields = error.validation.map((issue) => ({
      pointer: `/${error.validationContext ?? "body"}${issue.instancePath}`,
      code: issue.keyword,
      detail: issue.message ?? "not valid",
    }));
    return new Problem("invalid-request", fields.map((f) => `${f.pointer}: ${f.detail}`).join("; "), fields);
  }
  if ((error as Error) instanceof StoreError && error.code === "bad_cursor") {
    return new Problem("invalid-request", error.message, [{ pointer: "/querystring/cursor", code: "invalid", detail: error.message }]);
  }
  if (error.statusCode === 413) return new Problem("too-large", "The body exceeds the limit.");
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500)
    return new Problem("invalid-request", error.message);
  return null;
};

/** Fastify's error handler: every error leaves as problem details, and nothing of our inside leaves with it. */
export const sendProblem = (error: FastifyError | Problem, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
  const known = asProblem(error);
  if (!known) request.log.error({ err: error }, "request failed");
  const status = known ? statusOf[known.type] : 500;
  if (known?.retryAfterSeconds !== undefined) reply.header("retry-after", known.retryAfterSeconds);
  return reply
    .code(status)
    .type("application/problem+json")
    .serializer(JSON.stringify)
    .send({
      type: known?.type ?? "internal",
      title: known ? titles[known.type] : "Something went wrong on our side",
      status,
      detail: known?.message ?? "The error is in the log under this request id.",
      requestId: request.id,
      ...(known?.errors ? { errors: known.errors } : {}),
      ...(known?.retryAfterSeconds !== undefined && { retryAfterSeconds: known.retryAfterSeconds }),
    });
};
