import type { Json } from "../ports/connector.ts";
import type { PushDeps } from "../sync/push-watches.ts";
import type { House } from "./house.ts";

/** What being told of new mail needs. Providers send notifications to public https addresses only. */
export const pushDeps = (house: House): PushDeps => {
  const { config, database, keys, providers, loadConnector, tools, now, log } = house;
  const publicUrl = config.publicUrl?.startsWith("https:") ? config.publicUrl.replace(/\/$/, "") : null;
  return {
    database,
    keys,
    providers,
    loadConnector,
    tools,
    appOf: (provider) => (Object.hasOwn(config.apps, provider) ? (config.apps[provider] as Json) : null),
    pushUrl: (provider) => publicUrl && `${publicUrl}/push/${provider}`,
    now,
    log,
  };
};
