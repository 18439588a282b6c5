import { z } from "zod";
import { eventBody } from "../../deliver/event-body.ts";
import { readEvents } from "../../store/events.ts";
import { accountOf } from "../account-of.ts";
import type { Api, ApiDeps } from "../deps.ts";
import { event } from "../shapes.ts";

export const eventRoutes = (api: Api, deps: ApiDeps): void => {
  api.get(
    "/v1/events",
    {
      config: { needs: "read" },
      schema: {
        tags: ["events"],
        operationId: "listEvents",
        summary: "What happened, in order and without gaps, after a sequence you have read.",
        querystring: z.object({
          after: z.coerce.number().int().min(0).default(0).describe("The sequence of the last event you have; 0 for all."),
          limit: z.coerce.number().int().min(1).max(200).default(50),
        }),
        response: { 200: z.object({ data: z.array(event), nextAfter: z.int().describe("Ask for what comes after this one next time.") }) },
      },
    },
    async (request) => {
      const { after, limit } = request.query;
      const events = await readEvents(deps.database.read, accountOf(request), after, limit);
      return { data: events.map(eventBody), nextAfter: events.at(-1)?.sequence ?? after };
    },
  );
};
