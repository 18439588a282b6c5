import type { ImapFlow } from "imapflow";
import { type ConnectedInbox, ConnectorError, type Tools } from "../../src/ports/connector.ts";
import { sleep } from "../shared/sleep.ts";
import { connect, usualTimeouts } from "./connect.ts";
import { findFolders } from "./find-folders.ts";
import type { WayIn } from "./way-in.ts";

/**
 * IDLE is begun anew every `renew` milliseconds: servers end a session that says nothing for 30 minutes (RFC 9051, 6.3.13). After `quiet`
 * without a byte the server is asked for one, which also keeps a router's memory of the connection; after as long again without
 * an answer the connection is dead, though nobody said so.
 */
export type IdleTimes = { renew: number; quiet: number };

const usualTimes: IdleTimes = { renew: 10 * 60_000, quiet: 2 * 60_000 };
const [firstWait, longestWait] = [5000, 10 * 60_000];

const idle = async (inbox: ConnectedInbox, way: WayIn, tools: Tools, onHint: () => void, times: IdleTimes): Promise<ImapFlow> => {
  const client = await connect(
    inbox,
    way,
    tools,
    { ...usualTimeouts, idle: times.quiet },
    { isHint: true, disableAutoIdle: false, autoIdleDelay: 100, maxIdleTime: times.renew },
  );
  if (!client.capabilities.has("IDLE")) {
    client.close();
    throw new ConnectorError("rejected", `${way.host} does not tell of new mail (it offers no IDLE); this mailbox is polled.`);
  }
  client.on("exists", onHint);
  await client.mailboxOpen(await whereMailArrives(client, way), { readOnly: true });
  return client;
};

/** On Gmail a filter can keep a notice out of the inbox: there all mail is listened to. */
const whereMailArrives = async (client: ImapFlow, way: WayIn): Promise<string> => {
  if (!client.capabilities.has("X-GM-EXT-1")) return "INBOX";
  const { folders } = findFolders({ all: await client.list(), gmail: true }, way);
  return folders.find(({ role }) => role === "all")?.path ?? "INBOX";
};

const closed = (client: ImapFlow, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (client.isClosed) resolve();
    client.once("close", resolve);
    signal.addEventListener("abort", () => client.close(), { once: true });
  });

/**
 * Tells of new mail in the inbox by IDLE, on a connection of its own. A connection that breaks is made anew after a wait that
 * grows; what came meanwhile is for the poll to find, so a hint is given at once. Rejects only if the first connection fails.
 */
export const watchInbox = async (
  inbox: ConnectedInbox,
  way: WayIn,
  tools: Tools,
  onHint: () => void,
  times: IdleTimes = usualTimes,
): Promise<() => Promise<void>> => {
  const stopping = new AbortController();
  const signal = AbortSignal.any([tools.signal, stopping.signal]);
  const own = { ...tools, signal };
  const first = await idle(inbox, way, own, onHint, times);
  const stay = async (): Promise<void> => {
    let client: ImapFlow | null = first;
    for (let wait = firstWait; !signal.aborted; wait = client ? firstWait : Math.min(2 * wait, longestWait)) {
      if (client) await closed(client, signal);
      await sleep(wait, signal);
      client = await idle(inbox, way, own, onHint, times).catch(() => null);
      if (client) onHint();
    }
    client?.close();
  };
  const staying = stay().catch((error: unknown) => {
    if (!signal.aborted) tools.log.warn({ inbox: inbox.id, error: String(error) }, "the inbox is no longer watched by IDLE");
  });
  return async () => {
    stopping.abort();
    await staying;
  };
};
