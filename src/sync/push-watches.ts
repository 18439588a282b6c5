import type pino from "pino";
import { type Connector, ConnectorError, type Credentials, type Push, type Renewed, type Tools, type Watch } from "../ports/connector.ts";
import type { Database } from "../ports/database.ts";
import { inboxCredentials } from "../store/inbox-secrets.ts";
import { getInbox, type Inbox } from "../store/inboxes.ts";
import { inboxesDueForPush, readWatches, savePush } from "../store/push-watches.ts";
import type { Keys } from "../store/secrets.ts";

export type PushDeps = {
  database: Database;
  keys: Keys;
  providers: readonly string[];
  loadConnector: (provider: string) => Promise<Connector | null>;
  tools: (provider: string, credentials: Credentials, signal?: AbortSignal) => Tools;
  /** What the operator registered with a provider; null where nothing. */
  appOf: (provider: string) => Tools["app"];
  /** Where a provider can send notifications to; null without a public https address. */
  pushUrl: (provider: string) => string | null;
  now: () => number;
  log: Pick<pino.Logger, "debug" | "info" | "warn" | "error">;
};

/** After a failure watches are tried again so much later: an hour. Polling goes on meanwhile as if there were no push. */
const afterFailureMs = 3_600_000;
const inboxesAtOnce = 8;
const mostInboxes = 5000;

/** The providers whose notifications the operator has set up, each with its push. Without an app of a provider nothing of it is loaded. */
export const pushProviders = async (deps: PushDeps): Promise<{ provider: string; push: Push }[]> => {
  const ready: { provider: string; push: Push }[] = [];
  for (const provider of deps.providers.filter((name) => deps.appOf(name) !== null)) {
    const push = (await deps.loadConnector(provider))?.push;
    if (push?.ready(deps.appOf(provider), deps.pushUrl(provider))) ready.push({ provider, push });
  }
  return ready;
};

/** Makes and renews every watch that is due. A provider that refuses stops nothing: the reason is kept and logged as a warning. */
export const renewDueWatches = async (deps: PushDeps): Promise<void> => {
  const pushes = new Map((await pushProviders(deps)).map(({ provider, push }) => [provider, push]));
  const due = await inboxesDueForPush(deps.database.read, [...pushes.keys()], deps.now(), mostInboxes);
  const next = async (): Promise<void> => {
    for (let one = due.pop(); one; one = due.pop()) {
      const inbox = await getInbox(deps.database.read, one.accountId, one.inboxId);
      const push = inbox && pushes.get(inbox.provider);
      if (push) await renewWatches(deps, inbox, push);
    }
  };
  await Promise.all(Array.from({ length: inboxesAtOnce }, next));
};

const renewWatches = async (deps: PushDeps, inbox: Inbox, push: Push): Promise<void> => {
  const { database, now, log } = deps;
  const held = await readWatches(database.read, inbox.accountId, inbox.id);
  const place = { url: deps.pushUrl(inbox.provider), held };
  const renewed = await push.renew(inbox, pushTools(deps, inbox), place).catch((error: unknown) => failed(deps, inbox, held, error));
  if (renewed.warning !== null)
    log.warn({ inboxId: inbox.id, because: renewed.warning }, "push is not set up for all of an inbox; polling goes on");
  const renewAt = Math.max(renewed.renewAt, now() + 60_000);
  await database.transaction((tx) => savePush(tx, inbox.accountId, inbox.id, { ...renewed, renewAt }));
};

/** What was held goes on until it expires. */
const failed = ({ now, log }: PushDeps, inbox: Inbox, held: readonly Watch[], error: unknown): Renewed => {
  const ours = !(error instanceof ConnectorError);
  if (ours) log.error({ err: error, inboxId: inbox.id }, "renewing an inbox's watches failed; a fault of ours");
  const wait = Math.max((!ours && error.retryAfterMs) || 0, afterFailureMs);
  return {
    watches: held.filter(({ expiresAt }) => expiresAt > now()),
    renewAt: now() + wait,
    warning: ours ? "Something went wrong on our side; it is in the log." : error.message,
  };
};

const pushTools = ({ database, keys, tools, now }: Pick<PushDeps, "database" | "keys" | "tools" | "now">, inbox: Inbox): Tools =>
  tools(inbox.provider, inboxCredentials({ database, keys, accountId: inbox.accountId, inboxId: inbox.id, now }));

/** Ends what the provider watches for an inbox that is to be disconnected. Watches that cannot be ended expire by themselves. */
export const stopWatches = async (
  deps: Pick<PushDeps, "database" | "keys" | "loadConnector" | "tools" | "now">,
  inbox: Inbox,
): Promise<void> => {
  const held = await readWatches(deps.database.read, inbox.accountId, inbox.id);
  if (held.length === 0) return;
  const connector = await deps.loadConnector(inbox.provider);
  await connector?.push?.stop(inbox, pushTools(deps, inbox), held);
};
