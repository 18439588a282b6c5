import type { ImapFlow, MailboxObject } from "imapflow";
import type { ConnectedInbox, Tools } from "../../src/ports/connector.ts";
import { abortable } from "../shared/abortable.ts";
import { sleep } from "../shared/sleep.ts";
import { causeOfBreak, connect, type Timeouts, usualTimeouts } from "./connect.ts";
import { imapError, isDropped, isFolderMissing } from "./imap-error.ts";
import type { WayIn } from "./way-in.ts";

/** How long to wait before a broken connection is made anew, in milliseconds; then the poll is given up. */
const waits = [250, 2000];

/**
 * `persist: false`: a connection that breaks ends this piece of work, and only the next one gets a new connection. `fresh`: the folder is
 * opened again even if it is open, to learn where it stands now.
 */
export type RunOptions = { persist?: boolean; fresh?: boolean };

/**
 * One connection of a session, made when first needed and made anew when it breaks. Work is done one piece after the other,
 * each with the folder it names open; a piece must be able to run twice.
 */
export type Connection = {
  run<T>(work: (client: ImapFlow) => Promise<T>, options?: RunOptions): Promise<T>;
  /**
   * Opens the folder read-only first (EXAMINE, RFC 9051, 6.3.3), so that nothing in it can change; one that is open stays so, for opening a
   * large one is dear, and its numbers hold as long as it is open (RFC 9051, 2.3.1.1).
   */
  runIn<T>(path: string, work: (client: ImapFlow, folder: MailboxObject) => Promise<T>, options?: RunOptions): Promise<T | "no_folder">;
  close(): Promise<void>;
};

const examine = async (client: ImapFlow, path: string, fresh: boolean): Promise<MailboxObject | null> => {
  if (!fresh && client.mailbox && client.mailbox.path === path && client.mailbox.readOnly) return client.mailbox;
  try {
    const folder = await client.mailboxOpen(path, { readOnly: true });
    // imapflow answers nothing, rather than throwing, when the session ended in between.
    if (!folder) throw Object.assign(new Error("the session has ended"), { code: "NoConnection" });
    return folder;
  } catch (error) {
    if (isFolderMissing(error)) return null;
    throw error;
  }
};

/** Makes the connection of a session. Errors come out as ConnectorError, or as the signal's reason when it is aborted. */
export const openConnection = (inbox: ConnectedInbox, way: WayIn, tools: Tools, timeouts: Timeouts = usualTimeouts): Connection => {
  const { signal } = tools;
  let client: ImapFlow | null = null;
  let last: Promise<unknown> = Promise.resolve();
  const cut = (): void => {
    client?.close();
    client = null;
  };
  signal.addEventListener("abort", cut, { once: true });

  const attempt = async <T>(work: (client: ImapFlow) => Promise<T>): Promise<T> => {
    if (client && !client.usable) cut();
    client ??= await connect(inbox, way, tools, timeouts);
    const used = client;
    try {
      return await abortable(work(used), signal);
    } catch (error) {
      throw (isDropped(error) && causeOfBreak(used)) || error;
    }
  };

  const retrying = async <T>(work: (client: ImapFlow) => Promise<T>, persist: boolean): Promise<T> => {
    for (let broken = 0; ; broken++) {
      signal.throwIfAborted();
      try {
        return await attempt(work);
      } catch (error) {
        signal.throwIfAborted();
        const wait = persist ? waits[broken] : undefined;
        if (client?.usable === false || isDropped(error)) cut();
        if (!isDropped(error) || wait === undefined) throw imapError(error, way);
        tools.log.debug({ inbox: inbox.id, broken: broken + 1 }, "the connection broke and is made anew");
        await sleep(wait, signal);
      }
    }
  };

  const run: Connection["run"] = (work, { persist = true } = {}) => {
    const turn = last.then(() => retrying(work, persist));
    last = turn.catch(() => {});
    return turn;
  };
  return {
    run,
    runIn: (path, work, options) =>
      run(async (open) => {
        const folder = await examine(open, path, options?.fresh === true);
        return folder === null ? "no_folder" : work(open, folder);
      }, options),
    async close() {
      signal.removeEventListener("abort", cut);
      if (client?.usable) await Promise.race([client.logout().catch(() => {}), sleep(1000, signal).catch(() => {})]);
      cut();
    },
  };
};
