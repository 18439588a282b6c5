import { createDial } from "../../connectors/shared/dial.ts";
import type { DeliverDeps } from "../../src/deliver/deliver-webhook.ts";
import { quiet } from "../store/engines.ts";
import { now } from "../store/sample-mail.ts";

/** What delivering needs, in a test: receivers on this machine, by http; every name ending in .example lies outside. */
export const testDelivery = (given: Pick<DeliverDeps, "database" | "keys"> & Partial<DeliverDeps>): DeliverDeps => ({
  now: () => now,
  log: quiet,
  tell() {},
  random: () => 0,
  timeoutMs: 2_000,
  plainHttp: (host) => host === "127.0.0.1",
  dial: createDial({ allow: ["127.0.0.1"], setting: "webhooks.allowedHosts", lookup: lookupExample }),
  ...given,
});

const lookupExample = async (host: string): Promise<string[]> => {
  if (host.endsWith(".example")) return ["203.0.112.5"];
  throw new Error("no such host");
};
