/**
 * Google as our connector sees it: Gmail API, sign-in page, token endpoint and revocation, over TLS. It follows Google's
 * documentation, not our client; every request and answer is checked against Google's own description of the API.
 */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { type Answer, badToken, failure, insufficientScope, ok } from "./answer.ts";
import { answerBatch } from "./batch.ts";
import { type ApiCall, checkAnswer, checkRequest } from "./check-schema.ts";
import { discoveryDocument } from "./discovery-document.ts";
import { metadataTrap, methods, type Oddities } from "./gmail-methods.ts";
import { createMailbox, type Mailbox } from "./mailbox.ts";
import { createOAuth, type OAuth } from "./oauth.ts";
import { createPubSub, type PubSub } from "./pubsub.ts";
import { createQuota, type Quota } from "./quota.ts";
import { selectFields } from "./select-fields.ts";

/** A request as a script sees it: the API's method, or "token", "revoke", "page". */
export type Asked = { method: string; url: URL; form: URLSearchParams; headers: IncomingMessage["headers"] };

/** What happens in place of the usual answer; null: the usual. */
export type Script = (asked: Asked) => Answer | "hang" | "reset" | null;

export type FakeGoogle = {
  origin: string;
  mailboxes: Map<string, Mailbox>;
  oauth: OAuth;
  quota: Quota;
  pubsub: PubSub;
  oddities: Oddities;
  /** Every request, in order. */
  asked: Asked[];
  script: Script;
  now: () => number;
  addMailbox(address: string): Mailbox;
  /** Throws when a request or an answer did not fit the schema. */
  stop(): Promise<void>;
};

type State = FakeGoogle & { violations: string[] };

const readBody = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

const answerApi = (google: State, call: ApiCall, headers: IncomingMessage["headers"]): Answer => {
  const access = google.oauth.accessOf((headers.authorization ?? "").replace(/^Bearer /, ""), google.now());
  if (!access) return badToken();
  if (!call.scopes.some((scope) => access.scopes.includes(scope))) return insufficientScope(call.method);
  const { userId } = call.path;
  const mailbox = google.mailboxes.get(access.address);
  const method = methods[call.method];
  if (!method) return failure(500, "backendError", `the stand-in does not play ${call.method}`);
  if (!mailbox) return failure(400, "failedPrecondition", "Mail service not enabled");
  if (userId !== "me" && userId !== access.address) return failure(403, "forbidden", `Delegation denied for ${access.address}`);
  const refused = metadataTrap(call, access.scopes) ?? google.quota.spend(access.address, call.method, google.now());
  if (refused) return refused;
  const answer = method(mailbox, call, google.oddities, google.pubsub);
  if (answer.status !== 200) return answer;
  google.violations.push(...checkAnswer(call.method, answer.body));
  return { ...answer, body: selectFields(answer.body, call.query.get("fields")) };
};

type Incoming = { verb: string; url: URL; body: string; headers: IncomingMessage["headers"] };
type Handler = { method: string; answer: () => Answer | Promise<Answer> };
type ApiHandler = { method: string; answer: () => Answer };

const apiHandler = (google: State, { verb, url, body, headers }: Incoming): ApiHandler | null => {
  const checked = checkRequest(verb, url, body);
  if (!checked) return null;
  google.violations.push(...checked.problems);
  return { method: checked.call.method, answer: () => answerApi(google, checked.call, headers) };
};

const batchHandler = (google: State, incoming: Incoming): Handler => {
  const answerOne = (verb: string, path: string): Answer =>
    apiHandler(google, { ...incoming, verb, body: "", url: new URL(path, incoming.url) })?.answer() ??
    failure(404, "notFound", "Not Found");
  return { method: "batch", answer: () => answerBatch(incoming.body, incoming.headers["content-type"] ?? "", answerOne) };
};

const pubsubHandler = (google: State, { url, body, headers }: Incoming): Handler => {
  const [, subscription = "", verb = ""] = /^\/v1\/(.+):(pull|acknowledge)$/.exec(url.pathname) ?? [];
  const access = google.oauth.accessOf((headers.authorization ?? "").replace(/^Bearer /, ""), google.now());
  return {
    method: `pubsub.${verb}`,
    answer: () => (access ? google.pubsub.answer({ subscription, verb, body: JSON.parse(body), access }, google.violations) : badToken()),
  };
};

const handlerOf = (google: State, incoming: Incoming): Handler | null => {
  const { verb, url, body } = incoming;
  const { oauth, now } = google;
  if (verb === "POST" && /:(pull|acknowledge)$/.test(url.pathname)) return pubsubHandler(google, incoming);
  switch (`${verb} ${url.pathname}`) {
    case "GET /o/oauth2/v2/auth":
      return { method: "page", answer: () => oauth.page(url.searchParams) };
    case "POST /token":
      return { method: "token", answer: () => oauth.token(new URLSearchParams(body), now()) };
    case "POST /revoke":
      return {
        method: "revoke",
        answer: () => oauth.revoke(url.searchParams.get("token") ?? new URLSearchParams(body).get("token") ?? ""),
      };
    case "GET /discovery/v1/apis/gmail/v1/rest":
      return { method: "discovery", answer: () => ok(discoveryDocument()) };
    case "POST /batch/gmail/v1":
      return batchHandler(google, incoming);
    default:
      return apiHandler(google, incoming);
  }
};

const send = (response: ServerResponse, { status, body, headers = {} }: Answer, gzip: boolean): void => {
  const text = typeof body === "string" ? body : JSON.stringify(body, null, 2);
  const type = typeof body === "string" ? "text/html; charset=UTF-8" : "application/json; charset=UTF-8";
  const packed = gzip && text.length > 1000;
  response.writeHead(status, { "content-type": type, ...(packed ? { "content-encoding": "gzip" } : {}), ...headers });
  response.end(packed ? gzipSync(text) : text);
};

const handle = async (google: State, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const url = new URL(request.url ?? "/", `https://${request.headers.host}`);
  const body = await readBody(request);
  const handler = handlerOf(google, { verb: request.method ?? "GET", url, body, headers: request.headers });
  if (!handler) {
    google.violations.push(`there is no ${request.method} ${url.pathname}`);
    return send(response, { status: 404, body: "Not Found" }, false);
  }
  const asked = { method: handler.method, url, form: new URLSearchParams(body), headers: request.headers };
  google.asked.push(asked);
  const scripted = google.script(asked);
  if (scripted === "hang") return;
  if (scripted === "reset") return void request.socket.destroy();
  send(response, scripted ?? (await handler.answer()), (request.headers["accept-encoding"] ?? "").includes("gzip"));
};

export type GoogleOptions = { tls: { key: string; cert: string }; port?: number };

/** Starts the stand-in on 127.0.0.1, with no mailbox yet. */
export const startGoogle = async ({ tls, port = 0 }: GoogleOptions): Promise<FakeGoogle> => {
  const server = createServer(tls, (request, response) => {
    handle(google, request, response).catch((error: unknown) => {
      google.violations.push(`the stand-in failed: ${error instanceof Error ? error.stack : error}`);
      response.destroy();
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const google: State = {
    origin: `https://localhost:${(server.address() as AddressInfo).port}`,
    mailboxes: new Map(),
    oauth: createOAuth(),
    quota: createQuota(),
    pubsub: createPubSub(() => google.now()),
    oddities: { emptyHistoryPages: 0, duplicateAdditions: false, bareHistory: false },
    asked: [],
    violations: [],
    script: () => null,
    now: Date.now,
    addMailbox(address) {
      const mailbox = createMailbox(address);
      google.mailboxes.set(address, mailbox);
      return mailbox;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      if (google.violations.length > 0) throw new Error(`Against Google's schema:\n${google.violations.join("\n")}`);
    },
  };
  return google;
};
