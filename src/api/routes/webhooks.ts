import { z } from "zod";
import { RefusedUrl, resolveUrl } from "../../deliver/endpoint-url.ts";
import { isEventFilter, sampleData } from "../../deliver/event-types.ts";
import { sendTest } from "../../deliver/send-test.ts";
import { countPending } from "../../store/webhook-events.ts";
import { listDeadLetters, queueDeadLetters, queueLetter } from "../../store/webhook-letters.ts";
import {
  createWebhook,
  deleteWebhook,
  getWebhook,
  listWebhooks,
  rotateWebhookSecret,
  updateWebhook,
  type Webhook,
} from "../../store/webhooks.ts";
import { accountOf } from "../account-of.ts";
import type { Caller } from "../authenticate.ts";
import type { Api, ApiDeps } from "../deps.ts";
import { notFound, Problem } from "../problem.ts";
import { rfc3339, rfc3339OrNull } from "../rfc3339.ts";
import { deadLetter, listOf, page, webhook, webhookInput, webhookReplay, webhookTestResult, webhookWithSecret } from "../shapes.ts";

const tags = ["webhooks"];
const params = z.object({ id: z.string() });
const read = { needs: "read" as const };
const write = { needs: "write" as const };
const secretOnce = "The secret is in this answer and nowhere else.";
/** Each endpoint is read for at every look. */
const mostWebhooks = 50;

type OfWebhook = { caller: Caller | null; params: { id: string } };

export const webhookRoutes = (api: Api, deps: ApiDeps): void => {
  const present = async (row: Webhook): Promise<z.infer<typeof webhook>> =>
    presentWebhook(row, await countPending(deps.database.read, row));

  const found = async (request: OfWebhook): Promise<Webhook> => {
    const row = await getWebhook(deps.database.read, accountOf(request), request.params.id);
    if (!row) throw notFound("webhook");
    return row;
  };

  api.post(
    "/v1/webhooks",
    {
      config: { ...write, problems: ["conflict"] },
      schema: {
        tags,
        operationId: "createWebhook",
        summary: "Have events sent to an address of yours, in the Standard Webhooks form.",
        description: `${secretOnce} Verify each request with it (standardwebhooks.com), answer 2xx within 20 seconds, and drop what you have: an event can come twice, with the same webhook-id. Redirects are not followed; 410 ends the endpoint.`,
        body: webhookInput,
        response: { 201: webhookWithSecret },
      },
    },
    async (request, reply) => {
      const accountId = accountOf(request);
      await refuseStrange(deps, request.body);
      const made = await deps.database.transaction(async (tx) => {
        const { data } = await listWebhooks(tx, accountId, { limit: mostWebhooks });
        if (data.length >= mostWebhooks) throw new Problem("conflict", `An account has at most ${mostWebhooks} webhooks.`);
        return createWebhook(tx, deps.delivery.keys, accountId, request.body, deps.now());
      });
      return reply.code(201).send({ ...(await present(made.webhook)), secret: made.secret });
    },
  );

  api.get(
    "/v1/webhooks",
    {
      config: read,
      schema: {
        tags,
        operationId: "listWebhooks",
        summary: "Endpoints with how far each has come, oldest first.",
        querystring: z.object(page),
        response: { 200: listOf(webhook) },
      },
    },
    async (request) => {
      const { data, nextCursor } = await listWebhooks(deps.database.read, accountOf(request), request.query);
      return { data: await Promise.all(data.map(present)), nextCursor };
    },
  );

  api.get(
    "/v1/webhooks/:id",
    { config: read, schema: { tags, operationId: "getWebhook", summary: "One endpoint.", params, response: { 200: webhook } } },
    async (request) => present(await found(request)),
  );

  api.patch(
    "/v1/webhooks/:id",
    {
      config: write,
      schema: {
        tags,
        operationId: "updateWebhook",
        summary: "Change an endpoint, or switch it on or off. A wait after failures is over then.",
        description: "One that is switched on again goes on where it was.",
        params,
        body: webhookInput.omit({ after: true }).partial().extend({ enabled: z.boolean().optional() }),
        response: { 200: webhook },
      },
    },
    async (request) => {
      await found(request);
      await refuseStrange(deps, request.body);
      const changed = await deps.database.transaction((tx) =>
        updateWebhook(tx, accountOf(request), request.params.id, request.body, deps.now()),
      );
      if (!changed) throw notFound("webhook");
      return present(changed);
    },
  );

  api.delete(
    "/v1/webhooks/:id",
    {
      config: write,
      schema: {
        tags,
        operationId: "deleteWebhook",
        summary: "Forget an endpoint with its dead letters. Events stay in the log.",
        params,
        response: { 200: z.object({ id: z.string(), object: z.literal("webhook"), deleted: z.literal(true) }) },
      },
    },
    async (request) => {
      const { id } = request.params;
      if (!(await deps.database.transaction((tx) => deleteWebhook(tx, accountOf(request), id)))) throw notFound("webhook");
      return { id, object: "webhook" as const, deleted: true as const };
    },
  );

  api.post(
    "/v1/webhooks/:id/rotate-secret",
    {
      config: write,
      schema: {
        tags,
        operationId: "rotateWebhookSecret",
        summary: "Make a new secret; for a while each request bears the signatures of both.",
        description: secretOnce,
        params,
        body: z.object({ overlapHours: z.number().min(0).max(720).default(24).describe("How long the old secret goes on signing.") }),
        response: { 200: webhookWithSecret },
      },
    },
    async (request) => {
      const overlapMs = Math.round(request.body.overlapHours * 3_600_000);
      const made = await deps.database.transaction((tx) =>
        rotateWebhookSecret(tx, deps.delivery.keys, accountOf(request), request.params.id, { overlapMs }, deps.now()),
      );
      if (!made) throw notFound("webhook");
      return { ...(await present(made.webhook)), secret: made.secret };
    },
  );

  api.post(
    "/v1/webhooks/:id/test",
    {
      config: write,
      schema: {
        tags,
        operationId: "testWebhook",
        summary: "Send a made-up event of a type now, and tell what the receiver did.",
        description: "Its sequence is 0 and data.test is true; it stands in no log. If it is accepted, a wait after failures is over.",
        params,
        body: z.object({ type: z.string().default("webhook.test") }),
        response: { 200: webhookTestResult },
      },
    },
    async (request) => {
      const row = await found(request);
      const data = sampleData(request.body.type);
      if (!data) throw invalid("type", "There is no such type of event.");
      return { object: "webhook_test" as const, type: request.body.type, ...(await sendTest(deps.delivery, row, request.body.type, data)) };
    },
  );

  api.post(
    "/v1/webhooks/:id/replay",
    {
      config: write,
      schema: {
        tags,
        operationId: "replayWebhook",
        summary: "Send events again: all after a sequence, one, or the dead letters.",
        description:
          "With after, the endpoint goes back there and order goes on from it; with sequence or deadLetters they are sent beside the order. Each keeps its webhook-id.",
        params,
        body: webhookReplay,
        response: { 202: z.object({ queued: z.int().describe("Events to be sent; 1,000 stands for more.") }) },
      },
    },
    async (request, reply) => reply.code(202).send({ queued: await replay(deps, await found(request), request.body) }),
  );

  api.get(
    "/v1/webhooks/:id/dead-letters",
    {
      config: read,
      schema: {
        tags,
        operationId: "listDeadLetters",
        summary: "Events that were refused for three days, oldest first, while the log has them.",
        params,
        querystring: z.object(page),
        response: { 200: listOf(deadLetter) },
      },
    },
    async (request) => {
      const { id, accountId } = await found(request);
      const { data, nextCursor } = await listDeadLetters(deps.database.read, accountId, id, request.query);
      return { data: data.map((letter) => ({ object: "dead_letter" as const, ...letter, at: rfc3339(letter.at) })), nextCursor };
    },
  );
};

const invalid = (field: string, detail: string): Problem =>
  new Problem("invalid-request", detail, [{ pointer: `/body/${field}`, code: "invalid", detail }]);

/** What a schema cannot tell: an address that nothing may be sent to, a filter that nothing passes. */
const refuseStrange = async (deps: ApiDeps, wish: { url?: string | undefined; types?: string[] | undefined }): Promise<void> => {
  const strange = wish.types?.find((filter) => !isEventFilter(filter));
  if (strange !== undefined) throw invalid("types", `No event has the type ${strange}. Give types, groups such as engagement.*, or *.`);
  if (wish.url === undefined) return;
  await resolveUrl(wish.url, deps.delivery).catch((error) => {
    throw error instanceof RefusedUrl ? invalid("url", error.message) : error;
  });
};

const replay = (deps: ApiDeps, { accountId, id, position }: Webhook, wish: z.infer<typeof webhookReplay>): Promise<number> =>
  deps.database.transaction(async (tx) => {
    if ("deadLetters" in wish) return queueDeadLetters(tx, accountId, id, deps.now());
    if ("sequence" in wish) {
      if (!(await queueLetter(tx, accountId, id, wish.sequence, deps.now()))) throw notFound("event");
      return 1;
    }
    if (wish.after > position) throw invalid("after", `This endpoint is at ${position}; going ahead would leave events out.`);
    const changed = await updateWebhook(tx, accountId, id, { replayAfter: wish.after }, deps.now());
    if (!changed) throw notFound("webhook");
    return countPending(tx, changed);
  });

const presentWebhook = (row: Webhook, pending: number): z.infer<typeof webhook> => ({
  id: row.id,
  object: "webhook",
  url: row.url,
  description: row.description,
  types: row.types,
  includeBackfill: row.includeBackfill,
  enabled: row.enabled,
  disabledBecause: row.disabledBecause,
  state: row.enabled ? (row.attempts > 0 ? "failing" : "delivering") : "disabled",
  position: row.position,
  lastDeliveredSequence: row.lastDeliveredSequence,
  lastDeliveredAt: rfc3339OrNull(row.lastDeliveredAt),
  pending,
  attempts: row.attempts,
  failingSince: rfc3339OrNull(row.failingSince),
  lastError: row.lastError,
  lastErrorAt: rfc3339OrNull(row.lastErrorAt),
  nextAttemptAt: row.enabled && row.attempts > 0 ? rfc3339(row.dueAt) : null,
  previousSecretUntil: rfc3339OrNull(row.previousSecretUntil),
  createdAt: rfc3339(row.createdAt),
  updatedAt: rfc3339(row.updatedAt),
});
