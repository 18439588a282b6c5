import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import packageJson from "../../package.json" with { type: "json" };
import { buildApi } from "../api/build-api.ts";
import { newId } from "../store/ids.ts";
import { connectInbox, InvalidSettings } from "../sync/connect-inbox.ts";
import { buildPages } from "../web/build-pages.ts";
import type { House } from "./house.ts";

/** The HTTP server: the API and the pages. `nudge` is told that an inbox may be due. */
export const buildServer = async (house: House, nudge: () => void): Promise<FastifyInstance> => {
  const { database, now } = house;
  const server = Fastify({
    loggerInstance: house.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => newId("req", now()),
    bodyLimit: 5_000_000,
  });
  await buildApi(server, {
    database,
    now,
    version: packageJson.version,
    nudge,
    connectInbox: async (accountId, wish) => {
      const connector = await house.loadConnector(wish.provider);
      // Such a connector reads files of this machine: whoever holds an API key must not be able to name them.
      if (connector?.describe.operatorOnly) {
        throw new InvalidSettings([{ path: ["provider"], message: "only the operator can connect this provider, from the command line" }]);
      }
      return connectInbox(house.connecting, accountId, wish);
    },
    describe: async (provider) => (await house.loadConnector(provider))?.describe ?? null,
    ready: async () => {
      const check = await database.read
        .selectFrom("meta")
        .select("key")
        .limit(1)
        .execute()
        .then(() => "ok")
        .catch(() => "does not answer");
      return { ready: check === "ok", checks: { database: check } };
    },
  });
  await buildPages(server, { database, now });
  return server;
};
