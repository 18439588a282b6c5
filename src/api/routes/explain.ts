import { z } from "zod";
import { inspectMail } from "../../bounces/inspect-mail.ts";
import { getInbox } from "../../store/inboxes.ts";
import { explainMessageId, explainRef } from "../../sync/explain.ts";
import { accountOf } from "../account-of.ts";
import type { Api, ApiDeps } from "../deps.ts";
import { languageOf } from "../present-engagement.ts";
import { notFound } from "../problem.ts";
import { explanation, inspection, language } from "../shapes.ts";

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
          z.object({ messageId: z.string().min(1).max(1000).describe("Of a notice, of other received mail, or of a sent message.") }),
          z.object({ inboxId: z.string(), ref: z.string().min(1).max(4000).describe("The provider's id of a message.") }),
        ]),
        response: { 200: z.object({ data: z.array(explanation) }) },
      },
    },
    async (request) => {
      const { body } = request;
      const { read } = deps.database;
      const accountId = accountOf(request);
      if ("messageId" in body) return { data: await explainMessageId(read, accountId, body.messageId, languageOf(request)) };
      if (!(await getInbox(read, accountId, body.inboxId))) throw notFound("inbox");
      const found = await explainRef(read, accountId, body.inboxId, body.ref, languageOf(request));
      if (!found) throw notFound("record of this message");
      return { data: [found] };
    },
  );

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
  });
};
