import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TestCertificate } from "../test-certificate.ts";
import { createFakeMailbox, type FakeMailbox } from "./fake-mailbox.ts";
import { createSubscriptions, type FakeSubscriptions } from "./fake-subscriptions.ts";
import { createGraphService, type GraphReply, type GraphService, problem } from "./graph-service.ts";
import { createSignInService, type Grant, type SignInReply, type SignInService } from "./sign-in-service.ts";
import { answerProblems, requestProblems } from "./vendor-schemas.ts";

export type Seen = {
  kind: "graph" | "token" | "other";
  method: string;
  host: string;
  path: string;
  search: URLSearchParams;
  prefer: string;
  status: number;
};
export type Misbehaviour = GraphReply | SignInReply | "reset" | "hang" | null;

export type FakeMicrosoft = {
  url: string;
  signIn: SignInService;
  graph: GraphService;
  subscriptions: FakeSubscriptions;
  mailboxes: Map<string, FakeMailbox>;
  addMailbox(address: string): FakeMailbox;
  /** The service's own clock; it moves one second with each `tick`, so that the order of messages is plain. */
  now(): number;
  tick(): number;
  seen: Seen[];
  /** Requests and answers that do not fit the vendor's descriptions. */
  violations: string[];
  /** Questions about messages that did not ask for the ids that stay. */
  plainIds: string[];
  /** The most requests one mailbox had open at once. */
  mostOpen: number;
  /** How long it thinks before each answer, so that requests made at once are open at once. */
  thinkingMs: number;
  script: (request: Seen) => Misbehaviour;
  stop(): Promise<void>;
};

export type FakeOptions = { tls: TestCertificate; port?: number; publicUrl?: string };

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString();
};

const discovery = (url: string, tenant: string): object => ({
  token_endpoint: `${url}/${tenant}/oauth2/v2.0/token`,
  authorization_endpoint: `${url}/${tenant}/oauth2/v2.0/authorize`,
  issuer: `${url}/{tenantid}/v2.0`,
  jwks_uri: `${url}/${tenant}/discovery/v2.0/keys`,
  end_session_endpoint: `${url}/${tenant}/oauth2/v2.0/logout`,
});

/** Plays login.microsoftonline.com and graph.microsoft.com on one port of this machine, over TLS. */
export const startFakeMicrosoft = async ({ tls, port = 0, publicUrl }: FakeOptions): Promise<FakeMicrosoft> => {
  let ahead = 0;
  const open = new Map<string, number>();
  const server = createServer({ key: tls.key, cert: tls.cert });

  /** The mailbox a path names, the permission that opens it, and the rest of the path. */
  const openMailbox = (path: string, grant: Grant): { box: FakeMailbox; rest: string; profile: boolean } | GraphReply => {
    const [, me, user, rest = ""] = /^\/v1\.0(?:\/(me)|\/users\/([^/]+))(\/.*)?$/.exec(path) ?? [];
    const address = me ? grant.address : decodeURIComponent(user ?? "").toLowerCase();
    if (me && grant.application) return problem(400, "BadRequest", "/me request is only valid with delegated authentication flow.");
    const box = fake.mailboxes.get(address);
    if (!box) return problem(404, "Request_ResourceNotFound", `Resource '${address}' does not exist.`);
    const has = (scope: string): boolean => grant.scopes.some((each) => each.split("/").at(-1) === scope);
    const own = !grant.application && address === grant.address;
    if (rest === "") {
      if (!has(own ? "User.Read" : "User.Read.All")) {
        return problem(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.");
      }
      return { box, rest, profile: true };
    }
    const allowed = grant.application
      ? has("Mail.Read") && (fake.signIn.applicationMailboxes?.includes(address) ?? true)
      : has(own ? "Mail.Read" : "Mail.Read.Shared");
    return allowed
      ? { box, rest, profile: false }
      : problem(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.");
  };

  const profile = (box: FakeMailbox, search: URLSearchParams): GraphReply => {
    const all = { id: "48d31887", mail: box.address, userPrincipalName: box.address, proxyAddresses: box.proxyAddresses };
    const select = search.get("$select")?.split(",") ?? ["id", "mail", "userPrincipalName"];
    return { status: 200, shape: "user", body: Object.fromEntries(Object.entries(all).filter(([name]) => select.includes(name))) };
  };

  const checkRequest = (path: string, { search, prefer }: Seen, isMail: boolean): void => {
    const resource = path.replace(/^\/v1\.0/, "");
    if (search.has("$skiptoken") || search.has("$deltatoken")) {
      if ([...search.keys()].length > 1) fake.violations.push(`${path}: a link is to be followed as it is`);
    }
    fake.violations.push(...requestProblems(resource, search).map((each) => `request ${each}`));
    if (isMail && !prefer.includes('IdType="ImmutableId"')) fake.plainIds.push(path);
  };

  const answerGraph = (request: IncomingMessage, seen: Seen): GraphReply => {
    const grant = fake.signIn.grantOf((request.headers.authorization ?? "").replace(/^Bearer /, ""));
    if (!grant) return problem(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.");
    if (request.method !== "GET") fake.violations.push(`${request.method} ${seen.path} would change something`);
    const found = openMailbox(seen.path, grant);
    if ("status" in found) return found;
    const isListing = found.rest.includes("/messages");
    checkRequest(seen.path, seen, isListing);
    if (found.profile) return profile(found.box, seen.search);
    const root = `${fake.url}/v1.0${seen.path.slice("/v1.0".length, seen.path.length - found.rest.length)}`;
    return fake.graph.answer({ box: found.box, root, path: found.rest, search: seen.search, prefer: seen.prefer });
  };

  const answerSubscriptions = async (request: IncomingMessage, seen: Seen): Promise<GraphReply> => {
    const grant = fake.signIn.grantOf((request.headers.authorization ?? "").replace(/^Bearer /, ""));
    if (!grant) return problem(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.");
    checkRequest(seen.path, seen, false);
    const text = await bodyOf(request);
    const id = decodeURIComponent(seen.path.split("/")[3] ?? "");
    return fake.subscriptions.answer({ method: seen.method, id, body: text === "" ? {} : JSON.parse(text), grant, prefer: seen.prefer });
  };

  const answerSignIn = async (request: IncomingMessage, { path, search }: Seen): Promise<SignInReply> => {
    const [, tenant = "", rest = ""] = /^\/([^/]+)(\/.*)$/.exec(path) ?? [];
    if (rest === "/v2.0/.well-known/openid-configuration") return { status: 200, body: discovery(fake.url, tenant) };
    if (rest === "/oauth2/v2.0/token") return fake.signIn.token(new URLSearchParams(await bodyOf(request)));
    if (rest !== "/oauth2/v2.0/authorize") return { status: 404, body: {} };
    const page = fake.signIn.authorizePage(search);
    return "location" in page ? { status: 302, body: {}, headers: page } : { status: 400, body: page };
  };

  const send = (response: ServerResponse, reply: GraphReply | SignInReply): void => {
    if ("shape" in reply && reply.shape !== "bytes") {
      fake.violations.push(...answerProblems(reply.shape, reply.body).map((each) => `answer ${each}`));
    }
    const bytes = Buffer.isBuffer(reply.body) ? reply.body : Buffer.from(JSON.stringify(reply.body));
    const type = Buffer.isBuffer(reply.body) ? "text/plain" : "application/json; odata.metadata=minimal; charset=utf-8";
    if (reply.status === 204) return void response.writeHead(204).end();
    response.writeHead(reply.status, { "content-type": type, date: new Date(fake.now()).toUTCString(), ...reply.headers });
    response.end(bytes);
  };

  const kindOf = (path: string): Seen["kind"] => {
    if (path.startsWith("/v1.0/")) return "graph";
    return path.endsWith("/token") ? "token" : "other";
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "/", "https://fake");
    const prefer = String(request.headers.prefer ?? "");
    const host = request.headers.host ?? "";
    const method = request.method ?? "";
    const seen: Seen = { kind: kindOf(url.pathname), method, host, path: url.pathname, search: url.searchParams, prefer, status: 0 };
    fake.seen.push(seen);
    const scripted = fake.script(seen);
    if (scripted === "hang") return;
    if (scripted === "reset") return void request.socket.destroy();
    const usual = (): GraphReply | Promise<GraphReply | SignInReply> => {
      if (seen.kind !== "graph") return answerSignIn(request, seen);
      return seen.path.startsWith("/v1.0/subscriptions") ? answerSubscriptions(request, seen) : answerGraph(request, seen);
    };
    const reply = scripted ?? (await usual());
    seen.status = reply.status;
    send(response, reply);
  };

  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const mailbox = /^\/v1\.0\/(me|users\/[^/?]+)/.exec(request.url ?? "")?.[1] ?? "";
    const now = (open.get(mailbox) ?? 0) + 1;
    open.set(mailbox, now);
    if (mailbox !== "") fake.mostOpen = Math.max(fake.mostOpen, now);
    response.on("close", () => open.set(mailbox, (open.get(mailbox) ?? 1) - 1));
    setTimeout(() => {
      const tooMany = problem(429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit.", { "retry-after": "1" });
      if (mailbox !== "" && now > 4) send(response, tooMany);
      else
        handle(request, response).catch((error: unknown) => {
          fake.violations.push(`the stand-in failed: ${error instanceof Error ? error.stack : String(error)}`);
          request.socket.destroy();
        });
    }, fake.thinkingMs);
  });

  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const fake: FakeMicrosoft = {
    url: publicUrl ?? `https://localhost:${(server.address() as AddressInfo).port}`,
    signIn: createSignInService(() => fake.url),
    graph: createGraphService(),
    subscriptions: createSubscriptions({
      mailboxes: () => fake.mailboxes,
      now: () => fake.now(),
      violations: () => fake.violations,
    }),
    mailboxes: new Map(),
    addMailbox(address) {
      const box = createFakeMailbox(address);
      box.onChange = (change) => fake.subscriptions.tell(box, change);
      fake.mailboxes.set(address, box);
      return box;
    },
    now: () => Date.now() + ahead,
    tick: () => {
      ahead += 1000;
      return fake.now();
    },
    seen: [],
    violations: [],
    plainIds: [],
    mostOpen: 0,
    thinkingMs: 1,
    script: () => null,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return fake;
};
