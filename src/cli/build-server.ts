import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import packageJson from "../../package.json" with { type: "json" };
import { buildApi } from "../api/build-api.ts";
import type { ApiDeps } from "../api/deps.ts";
import { markingEffects } from "../api/idempotency.ts";
import type { Hint } from "../ports/connector.ts";
import { openAuditLog } from "../store/audit-log.ts";
import { newId } from "../store/ids.ts";
import { connectInbox, InvalidSettings } from "../sync/connect-inbox.ts";
import { disconnectInbox } from "../sync/disconnect-inbox.ts";
import { eraseAccountForGood, eraseContactForGood, eraseInboxForGood } from "../sync/erase.ts";
import { buildPages } from "../web/build-pages.ts";
import { type PushRoutesDeps, pushRoutes } from "../web/push-routes.ts";
import type { House } from "./house.ts";
import { pushDeps } from "./push-deps.ts";
import { readiness } from "./readiness.ts";
import { signInProviders } from "./sign-in-providers.ts";

export type ServerLinks = {
  /** Told that an inbox may be due. */
  nudge: () => void;
  onHint: (hint: Hint) => Promise<void>;
  /** When this process last looked for due inboxes; null where that is not its part. */
  lookedAt: () => number | null;
};

/**
 * The HTTP server: the API, the pages, and where providers send notifications to. In a process without the role `api` it tells only how
 * the process is, to who looks after several.
 */
export const buildServer = async (house: House, { nudge, onHint, lookedAt }: ServerLinks): Promise<FastifyInstance> => {
  const { now, config } = house;
  const database = markingEffects(house.database);
  const connecting = { ...house.connecting, database };
  // Asked when it is needed: the port may be chosen only when the server listens.
  const publicUrl = (): string => (config.publicUrl ?? server.listeningOrigin).replace(/\/$/, "");
  const server = Fastify({
    loggerInstance: house.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => newId("req", now()),
    bodyLimit: 5_000_000,
    // An address in a path has up to 320 characters.
    routerOptions: { maxParamLength: 1000 },
  });
  server.addHook("onResponse", (request, reply, done) => {
    const route = request.routeOptions.url ?? "none";
    house.metrics.onRequest({ method: request.method, route, status: reply.statusCode, ms: reply.elapsedTime });
    done();
  });
  // Not one of a request's effects: it is written before them.
  const audit = openAuditLog(house.database, house.log);
  const isApi = config.roles.includes("api");
  const deps: ApiDeps = {
    audit,
    database,
    keys: house.keys,
    now,
    version: packageJson.version,
    nudge,
    publicUrl,
    delivery: house.delivery,
    limits: config.api,
    connectInbox: async (accountId, wish) => {
      const connector = await house.loadConnector(wish.provider);
      // Such a connector reads files of this machine: whoever holds an API key must not be able to name them.
      if (connector?.describe.operatorOnly) {
        throw new InvalidSettings([{ path: ["provider"], message: "only the operator can connect this provider, from the command line" }]);
      }
      return connectInbox(connecting, accountId, wish);
    },
    disconnectInbox: async (inbox) => (await disconnectInbox(connecting, inbox, "the CRM")).inbox,
    eraseContact: (accountId, contactId, by) => eraseContactForGood(connecting, accountId, contactId, by),
    eraseInbox: (inbox, by) => eraseInboxForGood(connecting, inbox, by),
    eraseAccount: (accountId, by) => eraseAccountForGood(connecting, accountId, by),
    describe: async (provider) => (await house.loadConnector(provider))?.describe ?? null,
    metrics: house.metrics.read,
    ready: () => readiness(house, lookedAt()),
  };
  const openApi = await buildApi(server, deps, isApi ? "everything" : "health");
  if (!isApi) return server;
  await buildPages(server, {
    audit,
    keys: house.keys,
    database,
    openApi,
    now,
    publicUrl,
    nudge,
    connecting: house.connecting,
    mailboxes: house,
    operatorName: config.operatorName ?? "Your company",
    privacyUrl: config.privacyUrl,
    firstSyncDays: config.sync.firstSyncDays,
    askIspdb: config.mail.askIspdb,
    providers: () => signInProviders(house),
  });
  if (config.publicUrl?.startsWith("https:")) await pushRoutes(server, { receive: receivePush(house), onHint, now });
  return server;
};

const receivePush = (house: House): PushRoutesDeps["receive"] => {
  const { appOf, pushUrl } = pushDeps(house);
  return async (provider, request) => {
    // Without an app nothing of the provider is loaded.
    const push = appOf(provider) === null ? null : (await house.loadConnector(provider))?.push;
    return push?.receive && push.ready(appOf(provider), pushUrl(provider)) ? push.receive(request) : null;
  };
};
