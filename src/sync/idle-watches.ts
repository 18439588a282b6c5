import { createHash } from "node:crypto";
import { type Connector, ConnectorError, type Credentials, type Log, type Session, type Tools } from "../ports/connector.ts";
import type { Database } from "../ports/database.ts";
import type { Dispatcher, DueInbox } from "../ports/jobs.ts";
import { inboxCredentials } from "../store/inbox-secrets.ts";
import { type Inbox, listWatching } from "../store/inboxes.ts";
import type { Keys } from "../store/secrets.ts";

export type IdleDeps = {
  database: Database;
  keys: Keys;
  loadConnector: (provider: string) => Promise<Connector | null>;
  tools: (provider: string, credentials: Credentials, signal?: AbortSignal) => Tools;
  now: () => number;
  log: Pick<Log, "info" | "warn" | "error">;
  /** There may be new mail in an inbox. */
  onHint: (inbox: DueInbox) => Promise<void>;
  /** Inboxes watched by this process at most: each is a connection. 0: none. */
  atMost: number;
  /** Each inbox is watched by one of the processes. */
  share: Dispatcher["share"];
  lookEveryMs: number;
};

type Held = { settings: string; stop: () => Promise<void> };

const [firstWait, longestWait] = [30_000, 3_600_000];

/**
 * Keeps a connection to every inbox whose server tells of new mail on one (IMAP's IDLE), as long as the inbox is well. It only says
 * "poll now": polling goes on beside it, and finds what was never told. `stop` resolves when every connection is closed.
 */
export const startIdleWatches = (deps: IdleDeps): { stop: () => Promise<void> } => {
  const stopping = new AbortController();
  const held = new Map<string, Held>();
  /** Providers without such a connection. */
  const silent = new Set<string>();
  /** Inboxes whose connection failed: not before when, and the wait that comes next. */
  const failed = new Map<string, { until: number; wait: number }>();

  const watch = async (inbox: Inbox): Promise<void> => {
    const connector = await deps.loadConnector(inbox.provider);
    if (!connector) return void silent.add(inbox.provider);
    const ending = new AbortController();
    const credentials = inboxCredentials({ ...deps, accountId: inbox.accountId, inboxId: inbox.id });
    const tools = deps.tools(inbox.provider, credentials, AbortSignal.any([stopping.signal, ending.signal]));
    const { id, address, settings, since } = inbox;
    const session: Session = await connector.open({ id, address, settings, since }, tools);
    if (!session.watch) {
      silent.add(inbox.provider);
      return session.close();
    }
    const tell = (): void => {
      void deps.onHint({ accountId: inbox.accountId, inboxId: id }).catch((err: unknown) => deps.log.error({ err }, "a hint was lost"));
    };
    const stopWatch = await session.watch(tell);
    const stop = async (): Promise<void> => {
      ending.abort();
      await stopWatch();
      await session.close();
    };
    held.set(id, { settings: JSON.stringify(settings), stop });
  };

  const tryToWatch = async (inbox: Inbox): Promise<void> => {
    try {
      await watch(inbox);
      failed.delete(inbox.id);
    } catch (error) {
      if (stopping.signal.aborted) return;
      const wait = failed.get(inbox.id)?.wait ?? firstWait;
      failed.set(inbox.id, { until: deps.now() + wait, wait: Math.min(2 * wait, longestWait) });
      // The poll meets the same failure and says so to people; here it only costs speed.
      const because = error instanceof ConnectorError ? error.message : String(error);
      deps.log.info({ inboxId: inbox.id, because }, "the inbox is polled, not watched, for now");
    }
  };

  const reconcile = async (): Promise<void> => {
    const { index, of } = await deps.share();
    const watching = await listWatching(deps.database.read, of * deps.atMost, [...silent]);
    const wanted = new Map(watching.filter(({ id }) => placeOf(id, of) === index).map((inbox) => [inbox.id, inbox]));
    for (const [id, { settings, stop }] of [...held]) {
      const inbox = wanted.get(id);
      if (inbox && JSON.stringify(inbox.settings) === settings) continue;
      held.delete(id);
      await stop().catch(() => {});
    }
    for (const inbox of wanted.values()) {
      if (stopping.signal.aborted || held.size >= deps.atMost) return;
      const rest = (failed.get(inbox.id)?.until ?? 0) > deps.now();
      if (!held.has(inbox.id) && !silent.has(inbox.provider) && !rest) await tryToWatch(inbox);
    }
  };

  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await reconcile().catch((err: unknown) => deps.log.error({ err }, "could not look which inboxes to watch; trying again"));
      await pause(deps.lookEveryMs, stopping.signal);
    }
    await Promise.all([...held.values()].map(({ stop }) => stop().catch(() => {})));
  };
  const ended = deps.atMost === 0 ? Promise.resolve() : loop();
  return {
    async stop() {
      stopping.abort();
      await ended;
    },
  };
};

/** Which of so many workers an inbox is watched by. */
const placeOf = (inboxId: string, of: number): number => createHash("sha256").update(inboxId).digest().readUInt32BE() % of;

/** Waits, and no longer than until the signal is aborted. */
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
