import { AsyncLocalStorage } from "node:async_hooks";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Database } from "../ports/database.ts";
import {
  claimIdempotencyKey,
  type KeptAnswer,
  type KeyedRequest,
  type KeyState,
  keepAnswer,
  markEffect,
  releaseIdempotencyKey,
} from "../store/idempotency-keys.ts";
import type { ApiDeps } from "./deps.ts";
import { Problem } from "./problem.ts";

/** The keyed request whose handler is running. */
const running = new AsyncLocalStorage<KeyedRequest>();

/**
 * The database for everything that works for the API. Each of its transactions also marks the keyed request it belongs to as one
 * that took effect, so that a crash before the answer is kept never lets the same request happen twice.
 */
export const markingEffects = (database: Database): Database => ({
  ...database,
  transaction: (fn) =>
    database.transaction(async (tx) => {
      const done = await fn(tx);
      const request = running.getStore();
      if (request) await markEffect(tx, request);
      return done;
    }),
});

/**
 * Idempotency-Key (draft-ietf-httpapi-idempotency-key-header) on every route that needs write or admin: the same request with the
 * same key is answered as it was the first time. Requests that are refused before their route begins (no valid key, not valid) are
 * not kept, nor are failures on our side.
 */
export const addIdempotency = (scope: FastifyInstance, { database, keys, now }: Pick<ApiDeps, "database" | "keys" | "now">): void => {
  scope.decorateRequest("keyed", null);

  const begin = async (request: FastifyRequest): Promise<KeptAnswer | null> => {
    const key = keyOf(request);
    if (key === null) return null;
    const asked = JSON.stringify([request.method, request.url, request.body ?? null]);
    const keyed = { accountId: request.caller?.accountId ?? "", key, requestId: request.id, asked };
    const state = await claimIdempotencyKey(database, keys, keyed, now());
    if (state.is === "answered") return state.answer;
    if (state.is !== "new") throw new Problem("idempotency-conflict", conflicts[state.is]);
    request.keyed = keyed;
    return null;
  };

  // With callbacks: what an async hook puts into the storage would be gone when it returns.
  scope.addHook("preHandler", (request, reply, done) => {
    begin(request).then((answer) => {
      if (answer) return sendAgain(reply, answer);
      return request.keyed ? running.run(request.keyed, done) : done();
    }, done);
  });

  scope.addHook("onSend", async (request, reply, payload) => {
    const { keyed } = request;
    if (!keyed) return;
    const answer = { status: reply.statusCode, type: String(reply.getHeader("content-type") ?? ""), body: String(payload ?? "") };
    const ours = answer.status >= 500 || answer.status === 429;
    await running
      .exit(() => database.transaction((tx) => (ours ? releaseIdempotencyKey(tx, keyed) : keepAnswer(tx, keys, keyed, answer))))
      // The effect is there; who asks again is told so.
      .catch((error: unknown) => request.log.error({ err: error }, "the answer to a keyed request was not kept"));
  });
};

const conflicts: Record<Exclude<KeyState["is"], "new" | "answered">, string> = {
  other_request: "This Idempotency-Key came with another request before. Make a new key for each request.",
  running: "The first request with this Idempotency-Key is still running. Try again in a few seconds.",
  lost: "The first request with this Idempotency-Key took effect, but the server stopped before its answer was kept. Look at what is there, and go on with a new key.",
};

const changing = new Set(["POST", "PATCH", "DELETE"]);

/** The key of a request that changes things, or null. The draft puts it in quotes; most clients do not. */
const keyOf = (request: FastifyRequest): string | null => {
  const { needs } = request.routeOptions.config;
  const given = request.headers["idempotency-key"];
  if (given === undefined || (needs !== "write" && needs !== "admin") || !changing.has(request.method)) return null;
  const key = /^("?)([\w.:~+/=-]{1,255})\1$/.exec(String(given))?.[2];
  if (key !== undefined) return key;
  const detail = "Idempotency-Key takes 1 to 255 letters, digits and - _ . : ~ + / =; a UUID is a good key.";
  throw new Problem("invalid-request", detail, [{ pointer: "/headers/idempotency-key", code: "invalid", detail }]);
};

const sendAgain = (reply: FastifyReply, { status, type, body }: KeptAnswer): FastifyReply =>
  reply
    .code(status)
    .header("idempotency-replayed", "true")
    .type(type)
    .serializer((text: string) => text)
    .send(body);
