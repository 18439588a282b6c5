import { appendEvents } from "../store/events.ts";
import { inboxCredentials } from "../store/inbox-secrets.ts";
import { changeState, type Inbox } from "../store/inboxes.ts";
import { forgetPush } from "../store/push-watches.ts";
import type { ConnectDeps } from "./connect-inbox.ts";
import { stopWatches } from "./push-watches.ts";

/**
 * Stops polling, ends the provider's watches and consent where it can be ended, and forgets the credentials. What was found stays. A provider
 * that does not answer stops nothing: `revoked` is false then, and the consent ends when its owner ends it there.
 */
export const disconnectInbox = async (deps: ConnectDeps, inbox: Inbox, by: string): Promise<{ inbox: Inbox; revoked: boolean }> => {
  // While the consent still lets us.
  await stopWatches(deps, inbox).catch(() => {});
  const revoked = await revoke(deps, inbox).catch(() => false);
  const now = deps.now();
  const after = await deps.database.transaction(async (tx) => {
    const change = { state: "disconnected", detail: { by }, nextPollAt: null } as const;
    const changed = await changeState(tx, inbox.accountId, inbox.id, change, now);
    await forgetPush(tx, inbox.accountId, inbox.id);
    const data = { inboxId: inbox.id, address: inbox.address, provider: inbox.provider };
    await appendEvents(tx, inbox.accountId, [{ type: "inbox.disconnected", backfill: false, data }], now);
    return changed;
  });
  return { inbox: after ?? inbox, revoked };
};

const revoke = async ({ database, keys, loadConnector, tools, now }: ConnectDeps, inbox: Inbox): Promise<boolean> => {
  const connector = await loadConnector(inbox.provider);
  if (!connector?.authorize) return false;
  const credentials = inboxCredentials({ database, keys, accountId: inbox.accountId, inboxId: inbox.id, now });
  await connector.authorize.revoke(tools(inbox.provider, credentials));
  return true;
};
