import type { SyncDeps } from "../sync/sync-inbox.ts";
import type { House } from "./house.ts";
import { logSync } from "./tell.ts";

/** What the sync loop needs, from the house and its configuration. */
export const syncDeps = (house: House): SyncDeps => {
  const { sync } = house.config;
  return {
    database: house.database,
    keys: house.keys,
    loadConnector: house.loadConnector,
    tools: house.tools,
    now: house.now,
    log: house.log,
    tell: (news) => {
      house.metrics.onSync(news);
      logSync(house.log, news);
    },
    pollEveryMs: sync.pollEverySeconds * 1000,
    turnMs: sync.turnSeconds * 1000,
    maxMessageBytes: sync.maxMessageMegabytes * 1_000_000,
  };
};
