import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { inspectMail } from "../../bounces/inspect-mail.ts";
import { getInbox } from "../../store/inboxes.ts";
import { type Asker, explainMessageId, explainRef } from "../../sync/explain.ts";
import { explainHour } from "../../sync/explain-hour.ts";
import { explainMail } from "../../sync/explain-mail.ts";
import { accountOf } from "../account-of.ts";
import type { Api, ApiDeps } from "../deps.ts";
import { languageOf } from "../present-engagement.ts";
import { notFound } from "../problem.ts";
import { explanation, inspection, language, time } from "../shapes.ts";

const tags = ["support"];

export const explainRoutes = (api: Api, deps: ApiDeps): void => {
  api.post(
    "/v1/explain",
    {
      config: { needs: "read", problems: ["not-found"] },
      schema: {
        tags,
        operationId: "explainMessage",
        summary: "Why a message was, or was not, logged as a bounce: the steps, and the sentence they end in.",
        querystring: z.object({ language }),
        body: z.union([
          z.object({
            messageId: z.string().min(1).max(1000).describe("Of a notice, of other received mail, or of a sent message."),
            inboxId: z.string().optional().describe("Where it should lie, if you know."),
          }),
          z.object({ inboxId: z.string(), ref: z.string().min(1).max(4000).describe("The provider's id of a message.") }),
          z.object({ inboxId: z.string(), hour: time.describe("The hour from this time on, in which a notice should have come.") }),
        ]),
        response: { 200: z.object({ data: z.array(explanation) }) },
      },
    },
    async (request) => {
      const { body } = request;
      const asker = askerOf(request);
      if ("messageId" in body) return { data: await explainMessageId(asker, body.messageId, body.inboxId ?? null) };
      const inbox = await getInbox(deps.database.read, asker.accountId, body.inboxId);
      if (!inbox) throw notFound("inbox");
      if ("hour" in body) return { data: [(await explainHour(asker, inbox, Date.parse(body.hour))).explanation] };
      const found = await explainRef(asker, body.inboxId, body.ref);
      if (!found) throw notFound("record of this message");
      return { data: [found] };
    },
  );

  const askerOf = (request: FastifyRequest): Asker => ({
    read: deps.database.read,
    accountId: accountOf(request),
    language: languageOf(request as Parameters<typeof languageOf>[0]),
    now: deps.now(),
    labelOf: async (provider) => (await deps.describe(provider))?.label ?? provider,
  });

  api.register(async (upload) => {
    upload.addContentTypeParser(["message/rfc822", "application/octet-stream"], { parseAs: "buffer" }, (_request, body, done) =>
      done(null, body),
    );
    upload.post(
      "/v1/inspect",
      {
        config: { needs: "read" },
        bodyLimit: 30_000_000,
        schema: {
          tags,
          operationId: "inspectMessage",
          summary: "What a message is and why, as message/rfc822 in the body. Nothing is stored.",
          consumes: ["message/rfc822"],
          response: { 200: inspection },
        },
      },
      async (request) => inspectMail(request.body as Buffer),
    );
    upload.post(
      "/v1/explain/message",
      {
        config: { needs: "read" },
        bodyLimit: 30_000_000,
        schema: {
          tags,
          operationId: "explainMessageFile",
          summary:
            "Why a message was, or was not, logged, as message/rfc822 in the body: what is stored of it, or a dry run. Nothing is stored.",
          consumes: ["message/rfc822"],
          querystring: z.object({ language }),
          response: { 200: z.object({ data: z.array(explanation) }) },
        },
      },
      async (request) => ({ data: (await explainMail(askerOf(request), request.body as Buffer)).explanations }),
    );
  });
};
