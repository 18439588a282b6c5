import { z } from "zod";
import type { Json } from "../../ports/connector.ts";
import type { EngagementState } from "../../ports/database.ts";
import { registerSentMessages } from "../../store/register-sent-messages.ts";
import { listSendRecipients, type SendRecipient } from "../../store/send-recipients.ts";
import { getSentMessage, listSentMessages, type SentMessage } from "../../store/sent-messages.ts";
import { accountOf } from "../account-of.ts";
import type { Api, ApiDeps } from "../deps.ts";
import { notFound } from "../problem.ts";
import { rfc3339 } from "../rfc3339.ts";
import { listOf, page, sendRecipient, sentMessageFull, sentMessageInput, state } from "../shapes.ts";

const tags = ["sent-messages"];

export const sentMessageRoutes = (api: Api, deps: ApiDeps): void => {
  api.post(
    "/v1/sent-messages",
    {
      config: { needs: "write" },
      schema: {
        tags,
        operationId: "registerSentMessages",
        summary: "Register up to 500 messages that left through another system, so that their bounces can be tied.",
        description: "The same Message-ID again adds what was missing. Notices that waited for one of them are logged now.",
        body: z.object({ messages: z.array(sentMessageInput).min(1).max(500) }),
        response: {
          200: z.object({
            data: z.array(
              z.object({ id: z.string().nullable().describe("Null: it was erased, and does not come back."), messageId: z.string() }),
            ),
          }),
        },
      },
    },
    async (request) => {
      const messages = request.body.messages.map(({ sentAt, ids = [], metadata, ...rest }) => ({
        ...rest,
        ids,
        threadId: null,
        subject: rest.subject ?? null,
        from: rest.from ?? null,
        sentAt: Date.parse(sentAt),
        metadata: (metadata ?? {}) as Json,
      }));
      const made = await deps.database.transaction((tx) => registerSentMessages(tx, accountOf(request), messages, deps.now()));
      return { data: messages.map(({ messageId }, i) => ({ id: made[i] || null, messageId })) };
    },
  );

  api.get(
    "/v1/sent-messages",
    {
      config: { needs: "read" },
      schema: {
        tags,
        operationId: "listSentMessages",
        summary: "Sent messages, newest first.",
        querystring: z.object({ ...page, externalId: z.string().optional(), sendId: z.string().optional() }),
        response: { 200: listOf(sentMessageFull) },
      },
    },
    async (request) => {
      const found = await listSentMessages(deps.database.read, accountOf(request), request.query);
      return { data: found.data.map(present), nextCursor: found.nextCursor };
    },
  );

  api.get(
    "/v1/sent-messages/:id",
    {
      config: { needs: "read" },
      schema: {
        tags,
        operationId: "getSentMessage",
        summary: "One sent message.",
        params: z.object({ id: z.string() }),
        response: { 200: sentMessageFull },
      },
    },
    async (request) => {
      const found = await getSentMessage(deps.database.read, accountOf(request), request.params.id);
      if (!found) throw notFound("sent message");
      return present(found);
    },
  );

  api.get(
    "/v1/sends/:id/recipients",
    {
      config: { needs: "read" },
      schema: {
        tags,
        operationId: "listSendRecipients",
        summary: "The recipients of a send, by address; with state= only those that bounced so.",
        params: z.object({ id: z.string() }),
        querystring: z.object({ ...page, state: state.optional() }),
        response: { 200: listOf(sendRecipient) },
      },
    },
    async (request) => {
      const { state: only, ...rest } = request.query;
      const filter = { ...rest, state: only && [only as EngagementState] };
      const found = await listSendRecipients(deps.database.read, accountOf(request), { sendId: request.params.id }, filter);
      return { data: found.data.map(presentRecipient), nextCursor: found.nextCursor };
    },
  );
};

const presentRecipient = ({ language: _language, ...rest }: SendRecipient): z.infer<typeof sendRecipient> => rest;

const present = (row: SentMessage): z.infer<typeof sentMessageFull> => ({
  id: row.id,
  object: "sent_message",
  kind: row.kind,
  sendId: row.sendId,
  externalId: row.externalId,
  inboxId: row.inboxId,
  messageId: row.messageId,
  subject: row.subject,
  from: row.from,
  recipients: row.recipients.map(({ address, name, role }) => ({ address, name, role })),
  sentAt: rfc3339(row.sentAt),
  metadata: row.metadata as Record<string, unknown>,
});
