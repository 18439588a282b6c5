import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { serializerCompiler, validatorCompiler } from "fastify-type-provider-zod";
import type { KeyedRequest } from "../store/idempotency-keys.ts";
import { auditRequests } from "./audit.ts";
import { authenticate, authorize, type Caller, type Needs } from "./authenticate.ts";
import type { Api, ApiDeps } from "./deps.ts";
import { addIdempotency } from "./idempotency.ts";
import { documentRoute, type OpenApi, transform, transformObject } from "./open-api.ts";
import { Problem, type ProblemType, sendProblem } from "./problem.ts";
import { createCounter, createSharedCounter, refuseTooMany, senderOf } from "./rate-limit.ts";
import { accountRoutes } from "./routes/accounts.ts";
import { addressRoutes } from "./routes/addresses.ts";
import { connectLinkRoutes } from "./routes/connect-links.ts";
import { contactRoutes } from "./routes/contacts.ts";
import { engagementRoutes } from "./routes/engagements.ts";
import { eventRoutes } from "./routes/events.ts";
import { explainRoutes } from "./routes/explain.ts";
import { healthRoutes } from "./routes/health.ts";
import { inboxRoutes } from "./routes/inboxes.ts";
import { noticeRoutes } from "./routes/notices.ts";
import { privacyRoutes } from "./routes/privacy.ts";
import { sentMessageRoutes } from "./routes/sent-messages.ts";
import { webhookRoutes } from "./routes/webhooks.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** What a route asks of the caller's key; a route without it is open to everybody. */
    needs?: Needs;
    /** Problems it can answer besides those every such route can. */
    problems?: readonly ProblemType[];
  }
  interface FastifyRequest {
    caller: Caller | null;
    /** What came with an Idempotency-Key, once its handler may begin. */
    keyed: KeyedRequest | null;
  }
}

/**
 * Asks for a key where a route needs one, and counts requests. A valid key is never held up by what others send from the same
 * address: behind a proxy that is everybody, and keys are too long to be guessed.
 */
const addAuthentication = (scope: FastifyInstance, { database, now, limits }: ApiDeps): void => {
  const { requestsPerMinute } = limits;
  const countKey =
    database.engine === "postgres" ? createSharedCounter(database, requestsPerMinute, now) : createCounter(requestsPerMinute, now);
  const countFailure = createCounter(limits.failuresPerMinute, now);
  scope.decorateRequest("caller", null);
  scope.addHook("onRequest", async (request, reply) => {
    const { needs } = request.routeOptions.config;
    if (needs === undefined) return;
    const caller = await authenticate(database.read, request, now()).catch((error: unknown) => {
      if (error instanceof Problem) refuseTooMany(reply, "address", countFailure(senderOf(request)));
      throw error;
    });
    refuseTooMany(reply, "key", await countKey(caller.keyId));
    authorize(caller, needs);
    request.caller = caller;
  });
};

/**
 * Adds the REST API to a server: routes under /v1, /healthz, /readyz, and /openapi.json made from the same schemas that check
 * each request and answer; or of it only `health`, which is what a process that is no API has. Returns what gives that document once
 * the server is ready.
 */
export const buildApi = async (
  server: FastifyInstance,
  deps: ApiDeps,
  part: "everything" | "health" = "everything",
): Promise<() => OpenApi> => {
  let document = (): OpenApi => {
    throw new Error("buildApi: the server is not ready");
  };
  await server.register(async (scope) => {
    scope.setValidatorCompiler(validatorCompiler);
    scope.setSerializerCompiler(serializerCompiler);
    scope.setErrorHandler(sendProblem);
    scope.setNotFoundHandler(() => {
      throw new Problem("not-found", "There is no such path. /docs and /openapi.json list them.");
    });
    scope.addHook("onRoute", documentRoute);
    addAuthentication(scope, deps);
    auditRequests(scope, deps);
    addIdempotency(scope, deps);
    await scope.register(swagger, {
      openapi: {
        openapi: "3.1.0",
        info: { title: "Bounceline", version: deps.version, description: "Bounces of one-to-one mail, on your contacts' timelines." },
        components: {
          securitySchemes: {
            key: {
              type: "http",
              scheme: "bearer",
              description: "An API key: of one account, with the scope read or write, or an admin's.",
            },
          },
        },
      },
      transform,
      transformObject,
    });
    const api = scope.withTypeProvider() as unknown as Api;
    const beyondHealth = [
      accountRoutes,
      inboxRoutes,
      connectLinkRoutes,
      contactRoutes,
      addressRoutes,
      engagementRoutes,
      sentMessageRoutes,
      noticeRoutes,
      explainRoutes,
      eventRoutes,
      webhookRoutes,
      privacyRoutes,
    ];
    for (const addRoutes of [healthRoutes, ...(part === "health" ? [] : beyondHealth)]) addRoutes(api, deps);
    document = () => scope.swagger() as unknown as OpenApi;
    scope.get("/openapi.json", { schema: { hide: true } }, document);
  });
  return document;
};
