import { isIP } from "node:net";
import { ImapFlow, type ImapFlowOptions } from "imapflow";
import type { ConnectedInbox, Tools } from "../../src/ports/connector.ts";
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
  more: ImapFlowOptions = {},
): Promise<ImapFlow> => {
  const { limiter, signal } = tools;
  const attempt = async (login: Login): Promise<ImapFlow> => {
    await limiter.take(`imap:${way.host}`, 1, signal);
    return openClient(inbox, way, login, tools, { ...clientOptions(timeouts), ...more });
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
