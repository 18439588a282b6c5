import { z } from "zod";
import { inboxText } from "../../messages/inbox-text.ts";
import { type Language, pickLanguage } from "../../messages/text.ts";
import { ConnectorError, type Json } from "../../ports/connector.ts";
import { type Coverage, readCoverage } from "../../store/coverage.ts";
import { changeState, getInbox, type Inbox, listInboxes } from "../../store/inboxes.ts";
import { pollNow } from "../../store/turns.ts";
import { ConnectedAlready, InvalidSettings } from "../../sync/connect-inbox.ts";
import { accountOf, callerName } from "../account-of.ts";
import type { Caller } from "../authenticate.ts";
import type { Api, ApiDeps } from "../deps.ts";
import { notFound, notFoundOrErased, Problem } from "../problem.ts";
import { rfc3339, rfc3339OrNull } from "../rfc3339.ts";
import { erasure, inbox, inboxInput, language, listOf, page } from "../shapes.ts";
import { presentErasure } from "./privacy.ts";

const tags = ["inboxes"];
const params = z.object({ id: z.string() });
const read = { needs: "read" as const };
const write = { needs: "write" as const };
const ofUsable = { ...write, problems: ["inbox-not-usable" as const] };

export const inboxRoutes = (api: Api, deps: ApiDeps): void => {
  const present = async (row: Inbox, wish: Language): Promise<z.infer<typeof inbox>> => {
    const description = await deps.describe(row.provider);
    const coverage = (await readCoverage(deps.database.read, row.accountId, [row.id])).get(row.id) ?? null;
    return presentInbox(row, description?.label ?? row.provider, description?.limits ?? [], coverage, wish, deps.now());
  };

  api.post(
    "/v1/inboxes",
    {
      config: { ...write, problems: ["conflict", "provider-unavailable"] },
      schema: {
        tags,
        operationId: "connectInbox",
        summary: "Connect a mailbox: the settings are tried against the server before anything is stored.",
        body: inboxInput,
        querystring: z.object({ language }),
        response: { 201: inbox },
      },
    },
    async (request, reply) => {
      const { sinceDays, metadata, ...wish } = request.body;
      const since = deps.now() - sinceDays * 86_400_000;
      const made = await deps.connectInbox(accountOf(request), { ...wish, metadata: metadata as Json, since }).catch(rethrowAsProblem);
      deps.nudge();
      return reply.code(201).send(await present(made, wishOf(request)));
    },
  );

  api.get(
    "/v1/inboxes",
    {
      config: read,
      schema: {
        tags,
        operationId: "listInboxes",
        summary: "Inboxes, oldest first.",
        querystring: z.object({ ...page, language, externalId: z.string().optional() }),
        response: { 200: listOf(inbox) },
      },
    },
    async (request) => {
      const found = await listInboxes(deps.database.read, accountOf(request), request.query);
      return { data: await Promise.all(found.data.map((row) => present(row, wishOf(request)))), nextCursor: found.nextCursor };
    },
  );

  api.get(
    "/v1/inboxes/:id",
    {
      config: read,
      schema: {
        tags,
        operationId: "getInbox",
        summary: "One inbox.",
        params,
        querystring: z.object({ language }),
        response: { 200: inbox },
      },
    },
    async (request) => {
      const found = await getInbox(deps.database.read, accountOf(request), request.params.id);
      if (!found) throw notFound("inbox");
      return present(found, wishOf(request));
    },
  );

  const erasedProblem = (found: Inbox) => notFoundOrErased(deps.database.read, found.accountId, "inbox", found.id);

  /** The inbox a request names, if it can still be used. */
  const usable = async (request: { caller: Caller | null; params: { id: string } }): Promise<Inbox> => {
    const found = await getInbox(deps.database.read, accountOf(request), request.params.id);
    if (!found) throw notFound("inbox");
    if (found.state === "erased") throw await erasedProblem(found);
    if (found.state === "disconnected") throw new Problem("inbox-not-usable", "This inbox is disconnected; connect it again.");
    return found;
  };

  const changes = {
    pause: { summary: "Stop polling until it is resumed.", state: "paused", polled: false },
    resume: { summary: "Poll again.", state: "watching", polled: true },
  } as const;
  for (const [name, { summary, state, polled }] of Object.entries(changes)) {
    api.post(
      `/v1/inboxes/:id/${name}`,
      {
        config: ofUsable,
        schema: { tags, operationId: `${name}Inbox`, summary, params, querystring: z.object({ language }), response: { 200: inbox } },
      },
      async (request) => {
        const { id, accountId } = await usable(request);
        const now = deps.now();
        const change = { state, detail: { by: "the CRM" }, nextPollAt: polled ? now : null };
        const changed = await deps.database.transaction((tx) => changeState(tx, accountId, id, change, now));
        if (!changed) throw notFound("inbox");
        deps.nudge();
        return present(changed, wishOf(request));
      },
    );
  }

  api.post(
    "/v1/inboxes/:id/disconnect",
    {
      config: ofUsable,
      schema: {
        tags,
        operationId: "disconnectInbox",
        summary: "Stop polling, end the provider's consent where it can be ended, and forget the credentials.",
        description: "Bounces found earlier stay on the timelines.",
        params,
        querystring: z.object({ language }),
        response: { 200: inbox },
      },
    },
    async (request) => present(await deps.disconnectInbox(await usable(request)), wishOf(request)),
  );

  api.delete(
    "/v1/inboxes/:id",
    {
      config: write,
      schema: {
        operationId: "eraseInbox",
        tags,
        summary: "Disconnect an inbox and erase all that came from it: letters, notices, bounces, and contacts only they had made.",
        params,
        response: { 200: erasure },
      },
    },
    async (request) => {
      const found = await getInbox(deps.database.read, accountOf(request), request.params.id);
      if (!found) throw notFound("inbox");
      if (found.state === "erased") throw await erasedProblem(found);
      const done = await deps.eraseInbox(found, callerName(request));
      if (!done) throw notFound("inbox");
      return presentErasure(done);
    },
  );

  api.post(
    "/v1/inboxes/:id/sync",
    {
      config: ofUsable,
      schema: { tags, operationId: "syncInbox", summary: "Poll now.", params, response: { 202: z.object({ queued: z.literal(true) }) } },
    },
    async (request, reply) => {
      const due = await deps.database.transaction((tx) => pollNow(tx, accountOf(request), request.params.id, deps.now()));
      if (!due) {
        if (!(await getInbox(deps.database.read, accountOf(request), request.params.id))) throw notFound("inbox");
        throw new Problem("inbox-not-usable", "This inbox is not polled: it is paused, disconnected or must be reconnected.");
      }
      deps.nudge();
      return reply.code(202).send({ queued: true as const });
    },
  );
};

const wishOf = (request: { query: { language?: string | undefined }; headers: { "accept-language"?: string | undefined } }): Language =>
  pickLanguage(request.query.language, request.headers["accept-language"]);

const rethrowAsProblem = (error: unknown): never => {
  if (error instanceof InvalidSettings) {
    throw new Problem(
      "invalid-request",
      error.message,
      error.issues.map((issue) => ({ pointer: `/body/${issue.path.join("/")}`, code: "invalid", detail: issue.message })),
    );
  }
  if (error instanceof ConnectedAlready) throw new Problem("conflict", `${error.message} It is the inbox ${error.inbox.id}.`);
  if (error instanceof ConnectorError) {
    const busy = error.kind === "unavailable" || error.kind === "rate_limited";
    throw new Problem(busy ? "provider-unavailable" : "invalid-request", error.message);
  }
  throw error;
};

const presentInbox = (
  row: Inbox,
  label: string,
  limits: readonly { code: string; text: string }[],
  coverage: Coverage | null,
  wish: Language,
  now: number,
): z.infer<typeof inbox> => {
  const owner = row.owner as { externalId?: string | null; name?: string | null } | null;
  return {
    id: row.id,
    object: "inbox",
    provider: row.provider,
    address: row.address,
    addresses: row.addresses,
    owner: { externalId: owner?.externalId ?? null, name: owner?.name ?? null },
    externalId: row.externalId,
    metadata: row.metadata as Record<string, unknown>,
    state: row.state,
    since: rfc3339(row.stateSince),
    text: inboxText(wish, row, label, now),
    progress: row.progress,
    lagSeconds: row.nextPollAt === null ? null : Math.max(0, Math.round((now - row.nextPollAt) / 1000)),
    lastPollAt: rfc3339OrNull(row.lastPollAt),
    lastMailSeenAt: rfc3339OrNull(row.lastMailAt),
    nextPollAt: rfc3339OrNull(row.nextPollAt),
    coverage: { gap: coverage?.gap ?? null, checkedAt: rfc3339OrNull(coverage?.checkedAt ?? null) },
    folders: row.folders.map(({ path, role }) => ({ name: path, role, watched: true, why: role })),
    limits: [...limits, ...row.limits],
    warnings: row.warnings.map(({ code, text }) => ({ code, text })),
    createdAt: rfc3339(row.createdAt),
    updatedAt: rfc3339(row.updatedAt),
  };
};
