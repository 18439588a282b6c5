import type { FastifyInstance } from "fastify";
import { startInProcessJobs } from "../jobs/in-process.ts";
import { dueInboxes } from "../store/turns.ts";
import { startIdleWatches } from "../sync/idle-watches.ts";
import { createHints } from "../sync/push-hints.ts";
import { startListening } from "../sync/push-listen.ts";
import { syncInbox } from "../sync/sync-inbox.ts";
import { buildServer } from "./build-server.ts";
import { scheduleCalendar } from "./calendar.ts";
import { CliError } from "./exit-code.ts";
import type { House } from "./house.ts";
import { pushDeps } from "./push-deps.ts";
import { startDelivery } from "./start-delivery.ts";
import { startProjection } from "./start-projection.ts";
import { syncDeps } from "./sync-deps.ts";

export type Daemon = {
  /** Where the pages and the API answer. */
  url: string;
  nudge: () => void;
  /** Takes no more requests, ends the turns that run, and resolves when all has ended. Nothing is lost: cursors stand in the database. */
  stop: () => Promise<void>;
};

/** Starts the pages, the API, the polling of inboxes and the listening for hints, the sending of events, the writing to CRMs and the calendar. `nextFreePort`: another port where the wanted one is taken. */
export const runDaemon = async (house: House, options: { nextFreePort?: boolean } = {}): Promise<Daemon> => {
  const deps = syncDeps(house);
  const hints = createHints({ database: house.database, now: house.now, nudge: () => jobs.nudge() });
  let lookedAt = house.now();
  const jobs = startInProcessJobs({
    due: async (limit) => {
      const due = await dueInboxes(house.database.read, house.now(), limit);
      lookedAt = house.now();
      return due;
    },
    keyOf: ({ inboxId }) => inboxId,
    work: async (inbox, signal) => {
      await hints.duringTurn(inbox, () => syncInbox(deps, inbox, signal));
    },
    concurrency: house.config.sync.inboxesAtOnce,
    lookEveryMs: 1000,
    onError: (error) => house.log.error({ err: error }, "could not look what is due; trying again"),
  });
  const delivery = startDelivery(house.delivery, { endpointsAtOnce: house.config.webhooks.endpointsAtOnce, lookEveryMs: 1000 });
  const projection = startProjection(house.delivery);
  const listening = startListening(pushDeps(house), hints.take);
  const idle = startIdleWatches({
    ...house,
    onHint: hints.poll,
    atMost: house.config.sync.connectionsHeld,
    lookEveryMs: 5000,
  });
  const calendar = scheduleCalendar(house);
  const server = await buildServer(house, { nudge: jobs.nudge, onHint: hints.take, lookedAt: () => lookedAt });
  const stop = async (): Promise<void> => {
    await server.close();
    calendar.stop();
    await Promise.all([listening.stop(), idle.stop(), jobs.stop(), delivery.stop(), projection.stop()]);
  };
  try {
    return { url: await listen(server, house.config.listen, options.nextFreePort === true), nudge: jobs.nudge, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

const listen = async (server: FastifyInstance, { host, port }: { host: string; port: number }, nextFreePort: boolean): Promise<string> => {
  try {
    return await server.listen({ host, port });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE" && nextFreePort && port < 65_535) return listen(server, { host, port: port + 1 }, nextFreePort);
    if (code === "EADDRINUSE") {
      throw new CliError("config", `Port ${port} is taken. Set another: BOUNCELINE_PORT=${port + 1}, or listen.port in bounceline.json.`);
    }
    if (code === "EACCES" || code === "EADDRNOTAVAIL")
      throw new CliError("config", `Cannot listen on ${host}, port ${port}: ${(error as Error).message}`);
    throw error;
  }
};
