import type { ConnectedInbox, Connector, Json, SignedIn, Tools } from "../ports/connector.ts";
import { inboxCredentials } from "../store/inbox-secrets.ts";
import { changeState, type Inbox, updateInbox } from "../store/inboxes.ts";
import { type ConnectDeps, checked } from "./connect-inbox.ts";

/** The folders that can be watched, or null where that cannot be said now: no such list, or the server does not answer in time. */
export const listFolders = async (deps: ConnectDeps, inbox: Inbox, timeoutMs = 10_000): Promise<readonly string[] | null> => {
  const connector = await deps.loadConnector(inbox.provider);
  const tools = { ...toolsFor(deps, inbox), signal: AbortSignal.timeout(timeoutMs) };
  return (await connector?.listFolders?.(inbox, tools).catch(() => null)) ?? null;
};

/**
 * Changes settings of an inbox with the credentials that are stored: tries them first, read-only, then polls with them now. The turn under
 * way writes nothing more, and the position stays: folders that were watched go on where they were, a new one is read from its top. Null
 * where `accept` is not content with what was found. Throws InvalidSettings, or the connector's ConnectorError.
 */
export const changeSettings = async (
  deps: ConnectDeps,
  inbox: Inbox,
  connector: Connector,
  change: { readonly [name: string]: Json },
  accept: (found: SignedIn) => boolean,
): Promise<Inbox | null> => {
  const settings = checked(connector.describe.settings, { ...(inbox.settings as object), ...change }, "settings");
  const candidate: ConnectedInbox = { id: inbox.id, address: inbox.address, settings, since: inbox.since };
  const found = await connector.signIn(candidate, toolsFor(deps, inbox));
  if (!accept(found)) return null;
  const now = deps.now();
  const next = { state: inbox.state, detail: inbox.stateDetail, nextPollAt: inbox.nextPollAt === null ? null : now };
  return deps.database.transaction(async (tx) => {
    await updateInbox(
      tx,
      inbox.accountId,
      inbox.id,
      { settings, folders: found.folders, warnings: found.warnings, limits: found.limits ?? [] },
      now,
    );
    return changeState(tx, inbox.accountId, inbox.id, next, now);
  });
};

const toolsFor = ({ database, keys, now, tools }: ConnectDeps, { accountId, id, provider }: Inbox): Tools =>
  tools(provider, inboxCredentials({ database, keys, accountId, inboxId: id, now }));
