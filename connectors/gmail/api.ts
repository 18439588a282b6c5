// biome-ignore lint/style/noRestrictedImports: the src folder of a package, and of its 300 APIs the one file of Gmail
import { gmail, type gmail_v1 } from "googleapis/build/src/apis/gmail/index.js";
import { envelopeFields } from "../../src/bounces/envelope.ts";
import { ConnectorError, type Tools } from "../../src/ports/connector.ts";
import { googleError, isBusy, isNotFound, isPassing, isTooLarge, statusOf, waitOf } from "../shared/google/google-error.ts";
import { type Access, openTokens } from "../shared/google/tokens.ts";
import { sendOnce, timeoutMs } from "../shared/google/transport.ts";
import { sleep } from "../shared/sleep.ts";
import { units } from "./units.ts";

export type Message = gmail_v1.Schema$Message;
export type HistoryRecord = gmail_v1.Schema$History;
export type History = gmail_v1.Schema$ListHistoryResponse;
export type Listing = { ids: string[]; nextPageToken: string | null };

/**
 * The few calls of the Gmail API (v1) that this connector makes, none of which changes the mailbox, each paid for with the limiter first. Null
 * where Google says that there is no such thing (404). Throws ConnectorError, or the signal's reason when it is aborted.
 */
export type GmailApi = {
  profile(): Promise<{ address: string; historyId: string }>;
  sendAs(): Promise<string[]>;
  /** Changes after a position, at most 500; null when Google does not know the position any more. */
  history(startHistoryId: string, pageToken: string | undefined): Promise<History | null>;
  /** The ids a search finds, spam and trash included, at most 500. */
  list(q: string, pageToken: string | undefined): Promise<Listing>;
  message(id: string): Promise<Message | null>;
  /** The message as Google took it in; "too_large" when it is clearly over the limit. */
  raw(id: string, maxBytes: number): Promise<Buffer | "too_large" | null>;
  /** Has each change published to a Pub/Sub topic, until the time that is given back (epoch milliseconds). */
  watch(topicName: string): Promise<number>;
  stopWatching(): Promise<void>;
};

type CallOptions = { signal: AbortSignal; headers: { authorization: string }; timeout: number; retry: false; maxContentLength?: number };
type Request<T> = (options: CallOptions) => Promise<{ data: T }>;

/** Before the one second try: a connection that broke or a server that was being replaced is back by then. */
const pauseMs = 500;

/**
 * A short "slow down" is sat out by everybody on the mailbox, so that it does not throw away the page it falls into; so often, and
 * so long at most (milliseconds). Where Google names no time, a second first, then twice as long each time, as its pages advise.
 */
const mostTries = 3;
const longestPauseMs = 10_000;

/** How long to sit out a "slow down" after so many tries, in milliseconds; null where it is no such error, or too long. */
const pauseAfter = (error: unknown, tries: number, now: number): number | null => {
  if (!isBusy(error) || tries >= mostTries) return null;
  const wait = waitOf(error, now) ?? 1000 * 2 ** (tries - 1);
  return wait <= longestPauseMs ? wait : null;
};

/** Only these fields leave Google: the snippet, which is the beginning of a letter, does not. */
const metadataFields = "id,threadId,labelIds,historyId,internalDate,sizeEstimate,payload/headers";

const userId = "me";

const createCall = (inboxId: string, tools: Tools, { source }: Access) => {
  const { limiter, now, signal } = tools;
  const accessToken = openTokens(source, tools);

  const once = async <T>(request: Request<T>, refused: string | null = null): Promise<T> => {
    const token = await accessToken(refused);
    try {
      return (await request({ signal, headers: { authorization: `Bearer ${token}` }, timeout: timeoutMs, retry: false })).data;
    } catch (error) {
      signal.throwIfAborted();
      // A token can end before its time: once, a new one is tried.
      if (statusOf(error) === 401 && refused === null) return once(request, token);
      throw error;
    }
  };

  const user = `gmail:user:${inboxId}`;

  const pay = async (cost: number): Promise<void> => {
    await limiter.take(user, cost, signal);
    await limiter.take("gmail:app", cost, signal);
  };

  const patiently = async <T>(cost: number, request: Request<T>): Promise<T> => {
    for (let tries = 1; ; tries++) {
      await pay(cost);
      try {
        return await once(request);
      } catch (error) {
        const busyFor = pauseAfter(error, tries, now());
        if (busyFor !== null) limiter.pause(user, now() + busyFor);
        else if (isPassing(error) && tries === 1) await sleep(pauseMs, signal);
        else throw error;
      }
    }
  };

  return async <T>(cost: number, request: Request<T>): Promise<T | null> => {
    signal.throwIfAborted();
    try {
      return await patiently(cost, request);
    } catch (error) {
      if (isNotFound(error)) return null;
      throw googleError(error, now());
    }
  };
};

const present = <T>(data: T | null | undefined): T => {
  if (data !== null && data !== undefined) return data;
  throw new ConnectorError("unavailable", "Google left out what it was asked for. The next look tries again.");
};

/** Opens the Gmail API for one inbox; nothing is asked of it yet. */
export const openApi = (inboxId: string, tools: Tools, access: Access): GmailApi => {
  const { users } = gmail({ version: "v1", adapter: sendOnce(access.gateway, tools.record) });
  const call = createCall(inboxId, tools, access);
  return {
    async profile() {
      const found = present(await call(units.getProfile, (options) => users.getProfile({ userId }, options)));
      return { address: present(found.emailAddress), historyId: present(found.historyId) };
    },
    async sendAs() {
      const found = await call(units.sendAsList, (options) => users.settings.sendAs.list({ userId }, options));
      return (found?.sendAs ?? []).filter(isVerified).flatMap(({ sendAsEmail }) => sendAsEmail ?? []);
    },
    history: (startHistoryId, pageToken) =>
      call(units.historyList, (options) =>
        users.history.list({ userId, startHistoryId, historyTypes: ["messageAdded", "labelAdded"], maxResults: 500, pageToken }, options),
      ),
    async list(q, pageToken) {
      const found = present(
        await call(units.messagesList, (options) =>
          users.messages.list({ userId, q, includeSpamTrash: true, maxResults: 500, pageToken }, options),
        ),
      );
      return { ids: (found.messages ?? []).flatMap(({ id }) => id ?? []), nextPageToken: found.nextPageToken ?? null };
    },
    async message(id) {
      const found = await call(units.messagesGet, (options) =>
        users.messages.get({ userId, id, format: "metadata", metadataHeaders: [...envelopeFields], fields: metadataFields }, options),
      );
      return found === null ? null : present(found.id === id ? found : null);
    },
    async raw(id, maxBytes) {
      // Base64 in JSON makes four bytes of three.
      const maxContentLength = Math.ceil((maxBytes * 4) / 3) + 65_536;
      const request: Request<Message | { tooLarge: true }> = async (options) => {
        try {
          return await users.messages.get({ userId, id, format: "raw", fields: "id,raw" }, { ...options, maxContentLength });
        } catch (error) {
          if (isTooLarge(error)) return { data: { tooLarge: true } };
          throw error;
        }
      };
      const found = await call(units.messagesGet, request);
      if (found === null) return null;
      return "tooLarge" in found ? "too_large" : Buffer.from(present(found.raw), "base64url");
    },
    async watch(topicName) {
      const found = present(await call(units.watch, (options) => users.watch({ userId, requestBody: { topicName } }, options)));
      return Number(present(found.expiration));
    },
    async stopWatching() {
      await call(units.stop, (options) => users.stop({ userId }, options));
    },
  };
};

/** An address Gmail has not verified may belong to somebody else; the main one carries no status. */
const isVerified = ({ isPrimary, verificationStatus }: gmail_v1.Schema$SendAs): boolean =>
  isPrimary === true || verificationStatus === "accepted";
