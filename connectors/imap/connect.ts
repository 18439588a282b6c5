import { isIP } from "node:net";
import { ImapFlow, type ImapFlowOptions } from "imapflow";
import { type ConnectedInbox, ConnectorError, type Tools } from "../../src/ports/connector.ts";
import { abortable } from "../shared/abortable.ts";
import { tlsOptions } from "../shared/tls-options.ts";
import { imapError, isTokenRefused } from "./imap-error.ts";
import type { Login, WayIn } from "./way-in.ts";

const breaks = new WeakMap<ImapFlow, Error>();

/** What broke a connection, where it said so itself: a command that waited hears only that the connection is closed. */
export const causeOfBreak = (client: ImapFlow): Error | undefined => breaks.get(client);

/** Waits (milliseconds) after which a server counts as not answering. */
export type Timeouts = { connect: number; greeting: number; idle: number };

export const usualTimeouts: Timeouts = { connect: 20_000, greeting: 15_000, idle: 60_000 };

/** A body is fetched in pieces of this many bytes, and no answer may hold a longer literal than twice that. */
export const pieceSize = 4 * 1024 * 1024;

/** A list of all the numbers of a folder with two million messages fits into this. */
const maxLineLength = 32 * 1024 * 1024;

const clientOptions = (timeouts: Timeouts): ImapFlowOptions => ({
  logger: false,
  disableCompression: true,
  disableAutoEnable: true,
  disableAutoIdle: true,
  clientInfo: { name: "Bounceline" },
  connectionTimeout: timeouts.connect,
  greetingTimeout: timeouts.greeting,
  socketTimeout: timeouts.idle,
  maxLiteralSize: 2 * pieceSize,
  maxLineLength,
  maxResponseSize: maxLineLength,
});

/** `isHint`: what the connection is for can be done without, so it leaves room and does not wait for it. */
type ConnectOptions = ImapFlowOptions & { isHint?: boolean };

/** A place at the host, and one at the mailbox there. */
const placesAt = ({ host, username }: WayIn): [string, string] => [host, `${host} ${username}`];

const waitForPlace = async (way: WayIn, { places, signal }: Tools): Promise<() => void> => {
  const [host, mailbox] = placesAt(way);
  const own = await places.wait(mailbox, signal);
  const shared = await places.wait(host, signal).catch((aborted: unknown) => {
    own();
    throw aborted;
  });
  return () => [own, shared].forEach((free) => void free());
};

/** Hints leave a fifth of a host's places to those who poll. */
const shareOfHints = 0.8;

const placeIfFree = (way: WayIn, { places }: Tools): (() => void) => {
  const free = places.ifFree(way.host, shareOfHints);
  if (free) return free;
  throw new ConnectorError("rate_limited", `There are as many connections to ${way.host} as are allowed at once; this mailbox is polled.`);
};

const openClient = async (
  inbox: ConnectedInbox,
  { host, port, security, username, pinnedCertificate }: WayIn,
  login: Login,
  tools: Tools,
  options: ImapFlowOptions,
): Promise<ImapFlow> => {
  const { signal } = tools;
  const target = await abortable(tools.dial(host, port), signal);
  const client = new ImapFlow({
    ...options,
    host: target.address,
    port: target.port,
    // An address is not sent as a server name (RFC 6066, 3), but verified all the same.
    ...(isIP(target.servername) ? {} : { servername: target.servername }),
    ...(security === "tls" ? { secure: true } : { secure: false, doSTARTTLS: true }),
    tls: tlsOptions(pinnedCertificate),
    auth: { user: username, ...login },
  });
  // An error event without a listener ends the process: this one stays for the client's life.
  client.on("error", (error: Error & { code?: string }) => {
    breaks.set(client, error);
    tools.log.debug({ inbox: inbox.id, code: error.code }, "the connection to the mail server failed");
  });
  // POP3 greets with "+OK …" (RFC 1939, 3), which to IMAP is no greeting but the answer to a command.
  let answeredUnasked = false;
  client.once("response", () => {
    answeredUnasked = true;
  });
  try {
    await abortable(client.connect(), signal);
    return client;
  } catch (error) {
    client.close();
    const isPop = answeredUnasked && error instanceof Error && "code" in error && error.code === "GREETING_TIMEOUT";
    throw isPop ? Object.assign(new Error("no IMAP greeting"), { code: "SPEAKS_POP3" }) : error;
  }
};

/**
 * Connects, secures the connection and logs in (RFC 9051, 6.2). What is logged in with leaves this machine only over TLS. An access
 * token can end before its time: where the server refuses one, another is tried, once. Throws a ConnectorError, or the signal's
 * reason when it is aborted.
 */
export const connect = async (
  inbox: ConnectedInbox,
  way: WayIn,
  tools: Tools,
  timeouts = usualTimeouts,
  more: ConnectOptions = {},
): Promise<ImapFlow> => {
  const { signal } = tools;
  const { isHint = false, ...options } = more;
  const attempt = async (login: Login): Promise<ImapFlow> => {
    const free = isHint ? placeIfFree(way, tools) : await waitForPlace(way, tools);
    try {
      const client = await openClient(inbox, way, login, tools, { ...clientOptions(timeouts), ...options });
      client.once("close", free);
      if (client.isClosed) free();
      return client;
    } catch (error) {
      free();
      throw error;
    }
  };
  const login = await abortable(way.login(null), signal);
  try {
    return await attempt(login).catch(async (error: unknown) => {
      if (!("accessToken" in login) || !isTokenRefused(error, way)) throw error;
      return attempt(await abortable(way.login(login.accessToken), signal));
    });
  } catch (error) {
    throw imapError(error, way);
  }
};
