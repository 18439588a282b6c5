import { z } from "zod";
import type { Api, ApiDeps } from "../deps.ts";

export const healthRoutes = (api: Api, deps: ApiDeps): void => {
  api.get(
    "/healthz",
    {
      schema: {
        operationId: "getHealth",
        summary: "The process lives.",
        tags: ["health"],
        security: [],
        response: { 200: z.object({ status: z.literal("ok") }) },
      },
    },
    () => ({ status: "ok" as const }),
  );

  const readiness = z.object({ ready: z.boolean(), checks: z.record(z.string(), z.string()) });
  api.get(
    "/readyz",
    {
      schema: {
        operationId: "getReadiness",
        summary: "The database answers and inboxes are being polled.",
        tags: ["health"],
        security: [],
        response: { 200: readiness, 503: readiness },
      },
    },
    async (_request, reply) => {
      const state = await deps.ready();
      return reply.code(state.ready ? 200 : 503).send(state);
    },
  );

  api.get(
    "/metrics",
    {
      schema: {
        operationId: "getMetrics",
        summary: "What Prometheus reads, in its text format. Needs an admin's key.",
        tags: ["health"],
        response: { 200: z.string() },
      },
      config: { needs: "admin" },
    },
    async (_request, reply) => {
      const { contentType, text } = await deps.metrics();
      return reply.type(contentType).send(text);
    },
  );
};
