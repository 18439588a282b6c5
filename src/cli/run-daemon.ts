import type { FastifyInstance } from "fastify";
import { inProcess } from "../jobs/in-process.ts";
import { openPgBoss } from "../jobs/pg-boss.ts";
import type { Dispatcher, DueInbox, Jobs } from "../ports/jobs.ts";
import { jobsSchema } from "../store/jobs-schema.ts";
import { dueInboxes, takeOverTurns } from "../store/turns.ts";
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
  /** Where the pages and the API answer; where they are other processes' part, only whether this one is well, and its figures. */
  url: string;
  nudge: () => void;
  /** Takes no more requests, ends the turns that run, and resolves when all has ended. Nothing is lost: cursors stand in the database. */
  stop: () => Promise<void>;
};

/**
 * Starts what this process's roles say: `sync` polls inboxes and listens for hints, `api` answers requests for pages and API,
 * `deliver` sends events and writes to CRMs; each does its own part of the calendar, and tells how it is (/healthz, /readyz, /metrics).
 * `nextFreePort`: another port where the wanted one is taken.
 */
export const runDaemon = async (house: House, options: { nextFreePort?: boolean } = {}): Promise<Daemon> => {
  const { config, database, now } = house;
  const [syncs, delivers] = [config.roles.includes("sync"), config.roles.includes("deliver")];
  const dispatcher = syncs || delivers ? await openDispatcher(house) : inProcess;
  const polling = syncs ? startPolling(house, dispatcher) : null;
  // In a process that polls nothing: those that do look once a second.
  const nudge = polling?.nudge ?? (() => {});
  const hints = createHints({ database, now, nudge });
  const parts: { stop: () => Promise<void> | void }[] = [scheduleCalendar(house)];
  if (polling) {
    const { connectionsHeld: atMost } = config.sync;
    const idle = startIdleWatches({ ...house, onHint: hints.poll, share: dispatcher.share, atMost, lookEveryMs: 5000 });
    parts.push(polling, idle, startListening(pushDeps(house), hints.take));
  }
  if (delivers) {
    const { endpointsAtOnce } = config.webhooks;
    parts.push(startDelivery(dispatcher, house.delivery, { endpointsAtOnce, lookEveryMs: 1000 }));
    parts.push(startProjection(dispatcher, house.delivery));
  }
  const links = { nudge, onHint: hints.take, lookedAt: () => polling?.lookedAt() ?? null };
  const server = await buildServer(house, links);
  const stop = async (): Promise<void> => {
    await server.close();
    await Promise.all(parts.map((part) => part.stop()));
    await dispatcher.close();
  };
  try {
    return { url: await listen(server, config.listen, options.nextFreePort === true), nudge, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

/** Several workers share a PostgreSQL database. A SQLite file has one daemon: what seems to run there ended with the last one. */
const openDispatcher = async ({ config, database, log, now }: House): Promise<Dispatcher> => {
  if (config.databaseUrl !== null) {
    const kind = config.roles.includes("sync") ? "sync" : "deliver";
    return openPgBoss({ url: config.databaseUrl, schema: await jobsSchema(database.read), kind, log });
  }
  await database.transaction((tx) => takeOverTurns(tx, now()));
  return inProcess;
};

const startPolling = (house: House, dispatcher: Dispatcher): Jobs & { lookedAt: () => number } => {
  const deps = syncDeps(house);
  let lookedAt = house.now();
  const jobs = dispatcher.start<DueInbox>({
    name: "inboxes",
    due: async (limit) => {
      const due = await dueInboxes(house.database.read, house.now(), limit);
      lookedAt = house.now();
      return due;
    },
    keyOf: ({ inboxId }) => inboxId,
    work: async (inbox, signal, before) => {
      await syncInbox(deps, inbox, signal, { before });
    },
    concurrency: house.config.sync.inboxesAtOnce,
    lookEveryMs: 1000,
    onError: (error) => house.log.error({ err: error }, "could not look what is due; trying again"),
  });
  return { ...jobs, lookedAt: () => lookedAt };
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
