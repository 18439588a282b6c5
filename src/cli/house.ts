import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type pino from "pino";
import { loadConnector, registry } from "../../connectors/registry.ts";
import { createDial } from "../../connectors/shared/dial.ts";
import { createLimiter, type Withdraw } from "../../connectors/shared/limiter.ts";
import { createPlaces } from "../../connectors/shared/places.ts";
import { quotas } from "../../connectors/shared/quotas.ts";
import type { DeliverDeps } from "../deliver/deliver-webhook.ts";
import type { Credentials, Json, Tools } from "../ports/connector.ts";
import type { Database } from "../ports/database.ts";
import { type OpenOptions, openDatabase } from "../store/open.ts";
import { withdrawQuota } from "../store/quotas.ts";
import { type Keys, loadKeys } from "../store/secrets.ts";
import type { ConnectDeps } from "../sync/connect-inbox.ts";
import type { Config } from "./config.ts";
import { createLog } from "./log.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { logDelivery } from "./tell.ts";

/** Everything a command works with, wired together once. */
export type House = {
  config: Config;
  database: Database;
  keys: Keys;
  log: pino.Logger;
  now: () => number;
  providers: readonly string[];
  loadConnector: typeof loadConnector;
  tools: (provider: string, credentials: Credentials, signal?: AbortSignal) => Tools;
  /** What connecting an inbox needs. */
  connecting: ConnectDeps;
  /** What sending events to webhooks needs. */
  delivery: DeliverDeps;
  metrics: Metrics;
  close: () => Promise<void>;
};

/** `release` and `migrations` are for tests of upgrades. */
export type HouseOptions = { now?: () => number; log?: pino.Logger } & Pick<OpenOptions, "onStatement" | "release" | "migrations">;

/**
 * Opens the store that the configuration names, with its keys. A new embedded store gets a data directory (0700) and a key
 * outside it; with a database of its own nothing is ever generated. Throws StoreError with a sentence that says what to do.
 */
export const openHouse = async (config: Config, options: HouseOptions = {}): Promise<House> => {
  const log = options.log ?? createLog(config.logLevel);
  const now = options.now ?? Date.now;
  const { onStatement, release, migrations } = options;
  const file = join(config.dataDir, "bounceline.sqlite");
  const place = config.databaseUrl === null ? { file } : { url: config.databaseUrl };
  if ("file" in place) mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
  // A new key for a store that has data could open none of it.
  const allowCreate = config.databaseUrl === null && !existsSync(file);
  const keys = loadKeys({ keyFile: config.keyFile, allowCreate, dataDirectory: config.dataDir });
  const database = await openDatabase({ ...place, keys, log, now, onStatement, release, migrations });

  const dial = createDial({ allow: config.allowedHosts });
  const metrics = createMetrics({ database, now });
  const withdraw: Withdraw = (key, units, quota) => withdrawQuota(database, key, units, quota);
  const limiter = metrics.measured(createLimiter({ now, quotas, ...(database.engine === "postgres" && { withdraw }) }));
  const places = createPlaces(capOf(config));
  const tools: House["tools"] = (provider, credentials, signal = new AbortController().signal) => ({
    app: (config.apps[provider] as Json | undefined) ?? null,
    signal,
    now,
    log,
    limiter,
    places,
    dial,
    credentials,
  });
  const tell: DeliverDeps["tell"] = (delivery) => {
    metrics.onDelivery(delivery);
    logDelivery(log, delivery);
  };
  const connecting: ConnectDeps = { database, keys, loadConnector, tools, now };
  return {
    delivery: deliveryDeps({ database, keys, now, log, tell }, config.webhooks.allowedHosts),
    metrics,
    config,
    database,
    keys,
    log,
    now,
    providers: Object.keys(registry),
    loadConnector,
    tools,
    connecting,
    close: () => database.close(),
  };
};

/** How many connections to a mail server one process holds: `host` and `host user`, whose own programs need some, too. */
const capOf =
  ({ sync: { connectionsPerHost } }: Config) =>
  (key: string): number =>
    key.includes(" ") ? connectionsPerMailbox : (connectionsPerHost[key] ?? connectionsPerHost["*"] ?? Number.POSITIVE_INFINITY);

/** Gmail lets 15 into a mailbox, Dovecot 10 from one address, Courier as few as 4. */
const connectionsPerMailbox = 4;

/** Receivers are guarded by a list of their own: a mail server inside the network is not to be called by whoever makes a webhook. */
const deliveryDeps = (
  deps: Pick<DeliverDeps, "database" | "keys" | "now" | "log" | "tell">,
  allowedHosts: readonly string[],
): DeliverDeps => ({
  ...deps,
  dial: createDial({ allow: allowedHosts, setting: "webhooks.allowedHosts" }),
  plainHttp: (host) => allowedHosts.some((allowed) => allowed.toLowerCase() === host),
  random: Math.random,
  timeoutMs: 20_000,
});
