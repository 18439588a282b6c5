import { type ConnectedInbox, ConnectorError, type Push, type Tools } from "../../src/ports/connector.ts";
import type { GmailApi } from "./api.ts";
import { listen } from "./listen.ts";
import { readPubSub } from "./settings.ts";

/** Google ends a watch after about seven days and advises to renew it daily ("Configure push notifications", Renew mailbox watch). */
const renewEveryMs = 86_400_000;

/**
 * Being told of new mail by Cloud Pub/Sub ("Configure push notifications in Gmail API"). The watch is named by the mailbox's
 * address, which is all that a notification says. Every change is told of, not only those of some labels: a filter may have
 * put a notice anywhere.
 */
export const pushWith = (openMailbox: (inbox: ConnectedInbox, tools: Tools) => GmailApi): Push => ({
  ready: (app) => readPubSub(app) !== null,
  async renew(inbox, tools) {
    const pubsub = readPubSub(tools.app);
    if (!pubsub) throw new ConnectorError("rejected", "The operator has set up no Pub/Sub topic.");
    const api = openMailbox(inbox, tools);
    // Not the inbox's address, which may be another one of the same mailbox.
    const { address } = await api.profile();
    const expiresAt = await api.watch(pubsub.topic);
    const watch = { id: address.toLowerCase(), secretHash: null, about: "mailbox", expiresAt };
    return { watches: [watch], renewAt: Math.min(tools.now() + renewEveryMs, expiresAt - 60_000), warning: null };
  },
  stop: (inbox, tools) => openMailbox(inbox, tools).stopWatching(),
  listen,
});
