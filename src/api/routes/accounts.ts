import { z } from "zod";
import type { Json } from "../../ports/connector.ts";
import { type Account, getAccount, listAccounts, updateAccount, upsertAccount } from "../../store/accounts.ts";
import { createApiKey } from "../../store/api-keys.ts";
import { callerName } from "../account-of.ts";
import type { Api, ApiDeps } from "../deps.ts";
import { notFound, notFoundOrErased } from "../problem.ts";
import { rfc3339 } from "../rfc3339.ts";
import { account, accountInput, accountRules, erasure, listOf, page } from "../shapes.ts";
import { presentErasure } from "./privacy.ts";

const tags = ["accounts"];
const config = { needs: "admin" as const };

/** Tenants: for the instance's admin only. */
export const accountRoutes = (api: Api, deps: ApiDeps): void => {
  api.post(
    "/v1/accounts",
    {
      config,
      schema: {
        tags,
        operationId: "upsertAccount",
        summary: "Make an account; one with the same externalId is changed instead.",
        body: accountInput.extend(accountRules),
        response: { 200: account },
      },
    },
    async ({ body }) => {
      const { metadata, ...rest } = body;
      const wish = { ...rest, ...(metadata && { metadata: metadata as Json }) };
      return presentAccount(await deps.database.transaction((tx) => upsertAccount(tx, wish, deps.now())));
    },
  );

  api.get(
    "/v1/accounts",
    {
      config,
      schema: {
        tags,
        operationId: "listAccounts",
        summary: "Accounts, oldest first.",
        querystring: z.object({ ...page, externalId: z.string().optional() }),
        response: { 200: listOf(account) },
      },
    },
    async ({ query }) => {
      const found = await listAccounts(deps.database.read, query);
      return { data: found.data.map(presentAccount), nextCursor: found.nextCursor };
    },
  );

  const params = z.object({ id: z.string() });
  api.delete(
    "/v1/accounts/:id",
    {
      config,
      schema: {
        operationId: "eraseAccount",
        tags,
        summary: "Disconnect all inboxes of an account and erase all it owns; its keys open nothing any more.",
        params,
        response: { 200: erasure },
      },
    },
    async (request) => {
      const { id } = request.params;
      const found = await getAccount(deps.database.read, id);
      if (!found || found.erasedAt !== null) throw await notFoundOrErased(deps.database.read, id, "account", id);
      return presentErasure(await deps.eraseAccount(id, callerName(request)));
    },
  );

  api.get(
    "/v1/accounts/:id",
    { config, schema: { tags, operationId: "getAccount", summary: "One account.", params, response: { 200: account } } },
    async ({ params: { id } }) => {
      const found = await getAccount(deps.database.read, id);
      if (!found || found.erasedAt !== null) throw await notFoundOrErased(deps.database.read, id, "account", id);
      return presentAccount(found);
    },
  );

  api.patch(
    "/v1/accounts/:id",
    {
      config,
      schema: {
        tags,
        operationId: "updateAccount",
        summary: "Change an account.",
        params,
        body: accountInput.extend(accountRules).partial(),
        response: { 200: account },
      },
    },
    async ({ params: { id }, body: { metadata, ...rest } }) => {
      const changes = { ...rest, ...(metadata && { metadata: metadata as Json }) };
      const found = await deps.database.transaction((tx) => updateAccount(tx, id, changes, deps.now()));
      if (!found || found.erasedAt !== null) throw await notFoundOrErased(deps.database.read, id, "account", id);
      return presentAccount(found);
    },
  );

  api.post(
    "/v1/accounts/:id/keys",
    {
      config,
      schema: {
        tags,
        operationId: "createAccountKey",
        summary: "Make an API key for an account. The key is in this answer and nowhere else.",
        params,
        body: z.object({ scope: z.enum(["read", "write"]), label: z.string().min(1).max(200) }),
        response: { 201: z.object({ id: z.string(), key: z.string(), scope: z.string(), label: z.string() }) },
      },
    },
    async ({ params: { id }, body }, reply) => {
      const key = await deps.database.transaction(async (tx) => {
        if (!(await getAccount(tx, id))) throw notFound("account");
        return createApiKey(tx, id, body, deps.now());
      });
      return reply.code(201).send({ id: key.id, key: key.key, scope: key.scope, label: key.label });
    },
  );
};

const presentAccount = (row: Account): z.infer<typeof account> => ({
  id: row.id,
  object: "account",
  externalId: row.externalId,
  name: row.name,
  metadata: row.metadata as Record<string, unknown>,
  logFor: row.logFor,
  neverLog: row.neverLog,
  mapping: row.mapping,
  globalRule: row.globalRule,
  returnUrls: row.returnUrls,
  createdAt: rfc3339(row.createdAt),
  updatedAt: rfc3339(row.updatedAt),
});
