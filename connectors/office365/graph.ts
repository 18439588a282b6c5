import {
  AuthenticationHandler,
  AuthenticationHandlerOptions,
  Client,
  HTTPMessageHandler,
  ResponseType,
  TelemetryHandler,
} from "@microsoft/microsoft-graph-client";
import { type ConnectedInbox, ConnectorError, type Tools } from "../../src/ports/connector.ts";
import { openTokens } from "../shared/microsoft/access-token.ts";
import { renewApplication, renewDelegated } from "../shared/microsoft/identity.ts";
import { sleep } from "../shared/sleep.ts";
import { waitAsked } from "../shared/wait-asked.ts";
import { graphError, noAnswer, type Problem } from "./graph-error.ts";
import { readApp, readSettings, scopesFor } from "./settings.ts";
import { withSlot } from "./slots.ts";

/** How long one answer may take, and how long a wait we sit out ourselves rather than end the poll; milliseconds. */
const timeout = 60_000;
const shortWait = 10_000;
/** Before the one second try: a connection that broke or a server that was being replaced is back by then. */
const beforeRepeat = 500;

export type Question = {
  /** A path behind the mailbox, such as `/messages/AAk...`, or a link Graph gave us; with its query. */
  at: string;
  /** Most rows in a page, for the questions that page by preference and not by $top. */
  pageSize?: number;
  /** False only for the probe: ids as Exchange gives them otherwise. */
  immutableIds?: boolean;
};

/** What is done to a subscription; of the mailbox itself nothing is asked but GET. */
type Order = Question & { method: "post" | "patch" | "delete"; body: object };

/** One mailbox in Microsoft Graph v1.0. Nothing in it can be changed. */
export type Graph = {
  /** Whose mailbox it is where not the signed-in person's own. */
  owner: string | null;
  get<T>(question: Question): Promise<T>;
  /** ConnectorError "rejected" as soon as more than maxBytes come. */
  getBytes(question: Question, maxBytes: number): Promise<Uint8Array>;
  /** Makes a subscription (`id` null), or changes or deletes one; what Graph gives back, {} where nothing. */
  subscription<T>(method: Order["method"], id: string | null, body?: object): Promise<T>;
  /**
   * The provider's clock by its last answer, epoch milliseconds: what it stamps on mail is compared with this and never with ours.
   * Whole seconds, as its stamps are, so that a border lies never within a second.
   */
  now(): number;
};

const ownerOf = (inbox: ConnectedInbox): string | null => {
  const { access, sharedMailbox } = readSettings(inbox);
  return (access === "application" ? (sharedMailbox ?? inbox.address) : sharedMailbox) || null;
};

/**
 * Without the client's RetryHandler (it would wait three times by itself, unseen by the limiter) and without its RedirectHandler.
 * Its AuthenticationHandler gives the token to Graph's host alone, so that a link to elsewhere would go out without it.
 */
const createClient = (graphUrl: string): Client =>
  Client.initWithMiddleware({
    baseUrl: `${graphUrl}/`,
    defaultVersion: "v1.0",
    customHosts: new Set([new URL(graphUrl).hostname]),
    middleware: [new AuthenticationHandler({ getAccessToken: async () => "" }), new TelemetryHandler(), new HTTPMessageHandler()],
  });

const preferences = ({ pageSize, immutableIds = true }: Question): string =>
  [...(immutableIds ? ['IdType="ImmutableId"'] : []), ...(pageSize === undefined ? [] : [`odata.maxpagesize=${pageSize}`])].join(", ");

const readProblem = async (response: Response, now: number): Promise<Problem> => {
  const body = (await response.json().catch(() => ({}))) as { error?: { code?: unknown; message?: unknown } };
  const words = String(body.error?.message ?? "");
  return {
    status: response.status,
    code: String(body.error?.code ?? ""),
    words,
    retryAfterMs: waitAsked({ header: response.headers.get("retry-after"), text: response.status === 429 ? words : "" }, now),
  };
};

const readBytes = async (response: Response, maxBytes: number): Promise<Uint8Array> => {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body ?? []) {
    pieces.push(piece);
    size += piece.length;
    if (size > maxBytes) throw new ConnectorError("rejected", `The message has more than the ${maxBytes} bytes that are read.`);
  }
  return Buffer.concat(pieces);
};

/**
 * Opens a mailbox. Every request waits for the limiter and for one of the mailbox's four slots. What fails is asked once more: after
 * a new token (401), after a wait that is short (everybody on the mailbox waits), or a moment after a failure of the service. What
 * fails again is a ConnectorError.
 */
export const openGraph = (inbox: ConnectedInbox, tools: Tools): Graph => {
  const { signal, limiter, now } = tools;
  const app = readApp(tools.app);
  const { graphUrl } = app;
  const { access } = readSettings(inbox);
  const owner = ownerOf(inbox);
  const mailbox = owner === null ? "/me" : `/users/${encodeURIComponent(owner)}`;
  const tokens = openTokens(tools, (stored) =>
    access === "application" ? renewApplication(app, tools, `${graphUrl}/.default`) : renewDelegated(app, tools, stored, scopesFor(app)),
  );
  const client = createClient(graphUrl);
  const quota = `office365:mailbox:${inbox.id}`;
  let ahead = 0;

  const urlOf = ({ at }: Question): string => {
    if (!at.startsWith("https:")) return `${mailbox}${at}`;
    if (at.startsWith(`${graphUrl}/`)) return at;
    throw new ConnectorError("cursor_expired", "The stored position does not lead to Microsoft Graph; the folder is listed again.");
  };

  const send = (question: Question | Order, token: string): Promise<Response> => {
    const request = client
      .api(urlOf(question))
      .headers({ Prefer: preferences(question) })
      .options({ signal: AbortSignal.any([signal, AbortSignal.timeout(timeout)]), redirect: "error" })
      .middlewareOptions([new AuthenticationHandlerOptions({ getAccessToken: async () => token })])
      .responseType(ResponseType.RAW);
    if (!("method" in question)) return request.get();
    return question.method === "delete" ? request.delete() : request[question.method](question.body);
  };

  const record = async (question: Question | Order, answered: Response): Promise<void> => {
    if (!tools.record) return;
    const at = urlOf(question);
    const body: unknown = await answered
      .clone()
      .json()
      .catch(() => null);
    tools.record({
      method: "method" in question ? question.method.toUpperCase() : "GET",
      url: at.startsWith("https:") ? at : `${graphUrl}/v1.0${at}`,
      status: answered.status,
      headers: [...answered.headers.keys()],
      body,
    });
  };

  /** One try: what came, or why it did not. */
  const attempt = async <T>(question: Question | Order, token: string, read: (response: Response) => Promise<T>): Promise<T | Problem> => {
    await limiter.take("office365:app", 1, signal);
    await limiter.take(quota, 1, signal);
    try {
      return await withSlot(inbox.id === "new" ? inbox.address : inbox.id, signal, async () => {
        const response = await send(question, token);
        const at = Date.parse(response.headers.get("date") ?? "");
        if (!Number.isNaN(at)) ahead = at - now();
        await record(question, response);
        return response.ok ? await read(response) : await readProblem(response, now());
      });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ConnectorError) throw error;
      return { status: 0, code: "", words: "", retryAfterMs: null };
    }
  };

  const ask = async <T extends object>(question: Question | Order, read: (response: Response) => Promise<T>): Promise<T> => {
    let token = await tokens.get();
    let [renewed, repeated] = [false, false];
    for (;;) {
      const outcome = await attempt(question, token, read);
      if (!isProblem(outcome)) return outcome;
      if (outcome.status === 401 && !renewed) {
        renewed = true;
        token = await tokens.replace(token);
      } else if (mayRepeat(outcome) && !repeated) {
        repeated = true;
        if (outcome.retryAfterMs !== null) limiter.pause(quota, now() + outcome.retryAfterMs);
        else await sleep(beforeRepeat, signal);
      } else throw outcome.status === 0 ? noAnswer() : graphError(outcome);
    }
  };

  return {
    owner,
    subscription: (method, id, body = {}) =>
      ask({ at: `${graphUrl}/v1.0/subscriptions${id === null ? "" : `/${encodeURIComponent(id)}`}`, method, body }, async (response) =>
        JSON.parse((await response.text()) || "{}"),
      ),
    get: (question) => ask(question, async (response) => JSON.parse(await response.text())),
    getBytes: (question, maxBytes) => ask(question, (response) => readBytes(response, maxBytes)),
    now: () => Math.floor((now() + ahead) / 1000) * 1000,
  };
};

const isProblem = (outcome: object): outcome is Problem => "status" in outcome && "retryAfterMs" in outcome;

const mayRepeat = ({ status, retryAfterMs }: Problem): boolean =>
  retryAfterMs === null ? status === 0 || status >= 500 : retryAfterMs <= shortWait && (status === 429 || status >= 500);
