import { z } from "zod";
import type { NoticeState } from "../../ports/database.ts";
import { confirmNotice, dismissNotice } from "../../store/decide-notice.ts";
import { getNotice, listNotices, type Notice } from "../../store/notices.ts";
import { accountOf } from "../account-of.ts";
import type { Api, ApiDeps } from "../deps.ts";
import { notFound } from "../problem.ts";
import { rfc3339, rfc3339OrNull } from "../rfc3339.ts";
import { listOf, notice, noticeState, page } from "../shapes.ts";

const tags = ["notices"];
const params = z.object({ id: z.string() });
const by = z.string().min(1).max(200).default("the CRM").describe("Who says so.");
const note = z.string().max(1000).default("");

export const noticeRoutes = (api: Api, deps: ApiDeps): void => {
  const shown = async (accountId: string, id: string): Promise<z.infer<typeof notice>> => {
    const found = await getNotice(deps.database.read, accountId, id);
    if (!found) throw notFound("notice");
    return present(found);
  };

  api.get(
    "/v1/notices",
    {
      config: { needs: "read" },
      schema: {
        tags,
        operationId: "listNotices",
        summary: "Notices, newest first; with state=unmatched those a person should look at.",
        querystring: z.object({ ...page, state: noticeState.optional(), inboxId: z.string().optional() }),
        response: { 200: listOf(notice) },
      },
    },
    async (request) => {
      const { state, ...rest } = request.query;
      const found = await listNotices(deps.database.read, accountOf(request), { ...rest, state: state && [state as NoticeState] });
      return { data: found.data.map(present), nextCursor: found.nextCursor };
    },
  );

  api.get(
    "/v1/notices/:id",
    {
      config: { needs: "read" },
      schema: { tags, operationId: "getNotice", summary: "One notice, without the letter it returns.", params, response: { 200: notice } },
    },
    async (request) => shown(accountOf(request), request.params.id),
  );

  api.post(
    "/v1/notices/:id/confirm",
    {
      config: { needs: "write" },
      schema: {
        tags,
        operationId: "confirmNotice",
        summary: "Say which message a notice is about: it is logged on the contact's timeline.",
        params,
        body: z.object({ sentMessageId: z.string(), by, note }),
        response: { 200: notice },
      },
    },
    async (request) => {
      const accountId = accountOf(request);
      const done = await deps.database.transaction((tx) => confirmNotice(tx, accountId, request.params.id, request.body, deps.now()));
      if (!done) throw notFound("notice or sent message");
      return shown(accountId, request.params.id);
    },
  );

  api.post(
    "/v1/notices/:id/dismiss",
    {
      config: { needs: "write" },
      schema: {
        tags,
        operationId: "dismissNotice",
        summary: "Say that a notice belongs to none of your messages: what it had logged is withdrawn.",
        params,
        body: z.object({ by, note }),
        response: { 200: notice },
      },
    },
    async (request) => {
      const accountId = accountOf(request);
      const done = await deps.database.transaction((tx) => dismissNotice(tx, accountId, request.params.id, request.body, deps.now()));
      if (!done) throw notFound("notice");
      return shown(accountId, request.params.id);
    },
  );
};

const present = (row: Notice): z.infer<typeof notice> => ({
  id: row.id,
  object: "notice",
  state: row.state,
  kind: row.kind,
  format: row.format,
  inboxId: row.inboxId,
  folder: row.folder,
  messageId: row.messageId,
  recipients: row.matches.map(({ address, because, suggestions, engagementId }) => ({
    address,
    because,
    engagementId,
    suggestions: suggestions.map(({ sentMessageId, rule }) => ({ sentMessageId, rule })),
  })),
  backfill: row.backfill,
  waitsUntil: rfc3339OrNull(row.waitsUntil),
  receivedAt: rfc3339(row.receivedAt),
  detectedAt: rfc3339(row.detectedAt),
  updatedAt: rfc3339(row.updatedAt),
});
