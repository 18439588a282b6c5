import { z } from "zod";
import { addressKey } from "../../bounces/keys.ts";
import type { Category } from "../../bounces/report.ts";
import { getEngagement, listEngagements } from "../../store/engagements.ts";
import { accountOf } from "../account-of.ts";
import type { Api, ApiDeps } from "../deps.ts";
import { engagementQuery, languageOf, presentEngagements } from "../present-engagement.ts";
import { notFound } from "../problem.ts";
import { engagement, listOf, state } from "../shapes.ts";

const tags = ["engagements"];
const config = { needs: "read" as const };
const time = z.iso.datetime().transform((text) => Date.parse(text));

const filters = {
  state: state.optional(),
  category: z.string().optional(),
  contactId: z.string().optional(),
  contactExternalId: z.string().optional(),
  inboxId: z.string().optional(),
  sentMessageId: z.string().optional(),
  address: z.string().optional().describe("The recipient's address, in any spelling."),
  "updatedAt[gte]": time.optional(),
  "occurredAt[gte]": time.optional(),
  sort: z.enum(["occurredAt", "-occurredAt", "updatedAt", "-updatedAt"]).default("-occurredAt"),
};

export const engagementRoutes = (api: Api, deps: ApiDeps): void => {
  api.get(
    "/v1/engagements",
    {
      config,
      schema: {
        tags,
        operationId: "listEngagements",
        summary: "Bounces of the account, newest first.",
        querystring: z.object({ ...engagementQuery, ...filters }),
        response: { 200: listOf(engagement) },
      },
    },
    async (request) => {
      const {
        state: only,
        category,
        address,
        expand,
        "updatedAt[gte]": updatedSince,
        "occurredAt[gte]": occurredSince,
        ...rest
      } = request.query;
      const found = await listEngagements(deps.database.read, accountOf(request), {
        ...rest,
        updatedSince,
        occurredSince,
        state: only && [only],
        category: category === undefined ? undefined : [category as Category],
        recipientKey: address === undefined ? undefined : addressKey(address),
      });
      const data = await presentEngagements(deps, accountOf(request), found.data, languageOf(request), expand);
      return { data, nextCursor: found.nextCursor };
    },
  );

  const { limit: _limit, cursor: _cursor, ...one } = engagementQuery;
  api.get(
    "/v1/engagements/:id",
    {
      config,
      schema: {
        tags,
        operationId: "getEngagement",
        summary: "One bounce.",
        params: z.object({ id: z.string() }),
        querystring: z.object(one),
        response: { 200: engagement },
      },
    },
    async (request) => {
      const found = await getEngagement(deps.database.read, accountOf(request), request.params.id);
      if (!found) throw notFound("engagement");
      const [shown] = await presentEngagements(deps, accountOf(request), [found], languageOf(request), request.query.expand);
      if (!shown) throw notFound("engagement");
      return shown;
    },
  );
};
