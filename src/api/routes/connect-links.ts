import { z } from "zod";
import { getAccount } from "../../store/accounts.ts";
import { type ConnectLink, createConnectLink, getConnectLink } from "../../store/connect-links.ts";
import { getInbox } from "../../store/inboxes.ts";
import { accountOf } from "../account-of.ts";
import type { Api, ApiDeps } from "../deps.ts";
import { notFound, Problem } from "../problem.ts";
import { isListed } from "../return-url.ts";
import { rfc3339 } from "../rfc3339.ts";
import { connectLink, connectLinkInput } from "../shapes.ts";

const tags = ["connect-links"];

export const connectLinkRoutes = (api: Api, deps: ApiDeps): void => {
  api.post(
    "/v1/connect-links",
    {
      config: { needs: "write", problems: ["not-found"] },
      schema: {
        tags,
        operationId: "createConnectLink",
        summary: "Make a link that lets a sales user connect a mailbox by signing in at its provider.",
        description: "The url is in this answer and nowhere else. Opening it uses nothing up; pressing its button does.",
        body: connectLinkInput,
        response: { 201: connectLink.extend({ url: z.url() }) },
      },
    },
    async (request, reply) => {
      const {
        owner,
        expectedAddress = null,
        providers = [],
        inboxId = null,
        language = null,
        returnUrl = null,
        expiresIn,
        sinceDays,
      } = request.body;
      const accountId = accountOf(request);
      if (inboxId !== null && !(await getInbox(deps.database.read, accountId, inboxId))) throw notFound("inbox");
      const { returnUrls } = (await getAccount(deps.database.read, accountId)) ?? { returnUrls: [] };
      if (returnUrl !== null && !isListed(returnUrl, returnUrls)) throw notListed();
      const wish = {
        owner: { externalId: owner?.externalId ?? null, name: owner?.name ?? null },
        expectedAddress,
        providers,
        inboxId,
        language,
        returnUrl,
        sinceDays,
      };
      const now = deps.now();
      const made = await deps.database.transaction((tx) => createConnectLink(tx, accountId, wish, now + expiresIn * 1000, now));
      return reply.code(201).send({ ...presentLink(made.link), url: `${deps.publicUrl()}/connect/${made.secret}` });
    },
  );

  api.get(
    "/v1/connect-links/:id",
    {
      config: { needs: "read" },
      schema: {
        tags,
        operationId: "getConnectLink",
        summary: "How far a link has come.",
        params: z.object({ id: z.string() }),
        response: { 200: connectLink },
      },
    },
    async (request) => {
      const found = await getConnectLink(deps.database.read, accountOf(request), request.params.id, deps.now());
      if (!found) throw notFound("connect link");
      return presentLink(found);
    },
  );
};

const notListed = (): Problem => {
  const detail = "The account's returnUrls do not name this page: add it there first. Only what comes after ? may differ.";
  return new Problem("invalid-request", detail, [{ pointer: "/body/returnUrl", code: "not_listed", detail }]);
};

const presentLink = (link: ConnectLink): z.infer<typeof connectLink> => ({
  id: link.id,
  object: "connect_link",
  state: link.state,
  outcome: link.outcome,
  owner: link.wish.owner,
  expectedAddress: link.wish.expectedAddress,
  providers: link.wish.providers,
  inboxId: link.inboxId ?? link.wish.inboxId,
  returnUrl: link.wish.returnUrl,
  expiresAt: rfc3339(link.expiresAt),
  createdAt: rfc3339(link.createdAt),
  updatedAt: rfc3339(link.updatedAt),
});
