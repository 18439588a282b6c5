import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TestCertificate } from "../test-certificate.ts";
import { problemsOf } from "./check-grammar.ts";
import { answerEws, faultEws, operationOf, type Refusal, refuseEws, type World } from "./ews-operations.ts";
import { createExchangeMailbox, type ExchangeMailbox } from "./exchange-mailbox.ts";
import { createNtlmServer } from "./ntlm-server.ts";

export type Seen = { operation: string; xml: string; authorization: string; path: string };

/** `raw`: an answer as it stands; `refusal`: by the operation's own message; `fault`: by a SOAP fault. */
export type Misbehaviour =
  | { raw: { status: number; body?: string; headers?: { [name: string]: string } } }
  | { refusal: Refusal }
  | { fault: Refusal }
  | "reset"
  | "hang"
  | null;

export type FakeExchange = {
  url: string;
  account: { domain: string; user: string; password: string };
  /** How people sign in, as the server offers it. */
  schemes: ("Basic" | "NTLM" | "Negotiate")[];
  /** Only proofs bound to this TLS connection count (Extended Protection). */
  extendedProtection: boolean;
  tellsTime: boolean;
  addMailbox(address: string): ExchangeMailbox;
  mailboxes: ExchangeMailbox[];
  /** Mailboxes the login may not open. */
  closed: Set<string>;
  /** The server's own clock; it moves one second with each `tick`, so that the order of messages is plain. */
  now(): number;
  tick(): void;
  /** Requests that got past the door. */
  seen: Seen[];
  /** All requests, those without a sign-in too. */
  requests: number;
  connections: number;
  /** Requests and answers that do not fit the grammar. */
  violations: string[];
  script(seen: Seen): Misbehaviour;
  refuseItem: World["refuseItem"];
  /** Closes what is open, as a server that recycles. */
  dropConnections(): void;
  stop(): Promise<void>;
};

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
};

type NtlmState = { negotiate: Buffer; challenge: Buffer } | "signed in";

/** Plays one Exchange server on a port of this machine, over TLS. */
export const startFakeExchange = async ({ tls }: { tls: TestCertificate }): Promise<FakeExchange> => {
  let ahead = 0;
  const sockets = new Map<Socket, NtlmState | null>();
  const server = createServer({ key: tls.key, cert: tls.cert });

  const offer = (response: ServerResponse, token = ""): void => {
    const offers = fake.schemes.map((scheme) => (scheme === "Basic" ? 'Basic realm="mail"' : scheme === "NTLM" ? `NTLM${token}` : scheme));
    response.writeHead(401, { "www-authenticate": offers, date: new Date(fake.now()).toUTCString() }).end();
  };

  const takesBasic = (given: string): boolean => {
    const { domain, user, password } = fake.account;
    return [`${domain}\\${user}:${password}`, `${user}:${password}`].some((each) => Buffer.from(each).toString("base64") === given);
  };

  /** True where the request may go on; else it was answered. */
  const letIn = (request: IncomingMessage, response: ServerResponse): boolean => {
    const [, scheme = "", token = ""] = /^(\w+) (.+)$/.exec(request.headers.authorization ?? "") ?? [];
    const state = sockets.get(request.socket) ?? null;
    if (scheme === "" && state === "signed in") return true;
    if (scheme === "Basic" && fake.schemes.includes("Basic") && takesBasic(token)) return true;
    if (scheme !== "NTLM" || !fake.schemes.includes("NTLM")) {
      offer(response);
      return false;
    }
    const ntlm = createNtlmServer({ account: fake.account, boundTo: fake.extendedProtection ? tls.cert : null, tellsTime: fake.tellsTime });
    const message = Buffer.from(token, "base64");
    if (message.readUInt32LE(8) === 1) {
      const challenge = ntlm.challenge(message);
      sockets.set(request.socket, { negotiate: message, challenge });
      offer(response, ` ${challenge.toString("base64")}`);
      return false;
    }
    const refusal =
      state === null || state === "signed in" ? "no challenge was given here" : ntlm.refuse(state.negotiate, state.challenge, message);
    sockets.set(request.socket, refusal === null ? "signed in" : null);
    if (refusal !== null) offer(response);
    return refusal === null;
  };

  const world: World = {
    mailboxes: () => fake.mailboxes.filter(({ address }) => !fake.closed.has(address)),
    open(address) {
      const box = address === null ? fake.mailboxes[0] : fake.mailboxes.find((each) => each.address === address.toLowerCase());
      if (!box) return { code: "ErrorNonExistentMailbox", text: "No mailbox with such guid." };
      return fake.closed.has(box.address) ? { code: "ErrorItemNotFound", text: "The specified object was not found in the store." } : box;
    },
    refuseItem: (item, asked) => fake.refuseItem(item, asked),
  };

  const send = (response: ServerResponse, status: number, body: string): void => {
    fake.violations.push(...problemsOf("answer", body));
    response.writeHead(status, { "content-type": "text/xml; charset=utf-8", date: new Date(fake.now()).toUTCString() }).end(body);
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    fake.requests++;
    const xml = await bodyOf(request);
    if (!letIn(request, response)) return;
    const seen = { operation: operationOf(xml), xml, authorization: request.headers.authorization ?? "", path: request.url ?? "" };
    fake.seen.push(seen);
    const misbehaviour = fake.script(seen);
    if (misbehaviour === "hang") return;
    if (misbehaviour === "reset") return void request.socket.destroy();
    if (misbehaviour && "raw" in misbehaviour) {
      const { status, body = "", headers = {} } = misbehaviour.raw;
      return void response.writeHead(status, { "content-type": "text/html", ...headers }).end(body);
    }
    if (request.method !== "POST" || !/^text\/xml\b/.test(request.headers["content-type"] ?? "")) {
      fake.violations.push(`${request.method} with ${request.headers["content-type"]}`);
    }
    const problems = problemsOf("request", xml);
    fake.violations.push(...problems);
    if (problems.length > 0)
      return send(response, 500, faultEws({ code: "ErrorSchemaValidation", text: "The request failed schema validation." }));
    if (misbehaviour && "fault" in misbehaviour) return send(response, 500, faultEws(misbehaviour.fault));
    send(response, 200, misbehaviour ? refuseEws(xml, misbehaviour.refusal) : answerEws(xml, world));
  };

  server.on("secureConnection", (socket) => {
    fake.connections++;
    sockets.set(socket, null);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    handle(request, response).catch((error: unknown) => {
      fake.violations.push(`the stand-in failed: ${error instanceof Error ? error.stack : String(error)}`);
      request.socket.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  const fake: FakeExchange = {
    url: `https://localhost:${(server.address() as AddressInfo).port}/EWS/Exchange.asmx`,
    account: { domain: "SALES", user: "anna", password: "hunter2-and-more" },
    schemes: ["Negotiate", "NTLM", "Basic"],
    extendedProtection: false,
    tellsTime: true,
    mailboxes: [],
    closed: new Set(),
    addMailbox(address) {
      const box = createExchangeMailbox(address);
      fake.mailboxes.push(box);
      return box;
    },
    now: () => Date.now() + ahead,
    tick: () => {
      ahead += 1000;
    },
    seen: [],
    requests: 0,
    connections: 0,
    violations: [],
    script: () => null,
    refuseItem: () => null,
    dropConnections: () => {
      for (const socket of sockets.keys()) socket.destroy();
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return fake;
};
