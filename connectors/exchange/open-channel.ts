import { randomBytes } from "node:crypto";
import { Agent, type IncomingMessage, request } from "node:http";
import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { ConnectorError, type Tools } from "../../src/ports/connector.ts";
import { abortable } from "../shared/abortable.ts";
import { certificateProblem } from "../shared/certificate-problem.ts";
import { tlsOptions } from "../shared/tls-options.ts";
import { accountOf, authenticateMessage, negotiateMessage, readChallenge } from "./ntlm.ts";
import { type ExchangeSettings, readPassword } from "./settings.ts";

/** How long a server may be silent, milliseconds. */
const patience = 60_000;

export type Answer = { status: number; headers: IncomingMessage["headers"]; text: string };
type Reply = Answer & { offers: readonly string[]; socket: TLSSocket };

/** One kept connection to a server, over which one request after the other is posted by somebody who has signed in. */
export type Channel = {
  /** Rejects with ConnectorError, or with the error of a connection that broke. Nothing is followed to another address. */
  post(body: string, maxBytes: number): Promise<Answer>;
  close(): void;
};

const tooLarge = (maxBytes: number): ConnectorError =>
  new ConnectorError("rejected", `The message has more than the ${maxBytes} bytes that are read.`);

/** `Negotiate`, `NTLM` and `Basic realm="mail"`, in fields of their own or in one (RFC 9110, 11.6.1). */
const token68 = /(?:^|,)\s*(Basic|NTLM)(?: ([\w+/]+=*))?(?=\s|,|$)/gi;

const challengesIn = (offers: readonly string[]): ReadonlyMap<string, string> =>
  new Map(
    offers.flatMap((offer) => [...offer.matchAll(token68)].map(([, scheme = "", token = ""]) => [scheme.toLowerCase(), token] as const)),
  );

/** By events: an async iterator would destroy the response at its end, and with it the connection. */
const readText = (response: IncomingMessage, maxBytes: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let size = 0;
    response.on("data", (piece: Buffer) => {
      pieces.push(piece);
      size += piece.length;
      if (size > maxBytes) response.destroy(tooLarge(maxBytes));
    });
    response.once("end", () => resolve(Buffer.concat(pieces).toString("utf8")));
    response.once("error", reject);
  });

const brokenLink = (): Error => Object.assign(new Error("the connection was made anew in between"), { code: "ECONNRESET" });

/**
 * Opens the way to a server. The password goes out by Basic (RFC 7617), over verified TLS, where the server takes it; where it takes
 * only NTLM, never. NTLM signs a connection in, not a request: so there is one connection, and what is asked waits its turn.
 */
export const openChannel = ({ url, username, pinnedCertificate }: ExchangeSettings, tools: Tools): Channel => {
  const { signal, dial, credentials } = tools;
  // Not Node's agent for https, which keeps no connection whose certificate is checked in a way of our own.
  const agent = Object.assign(new Agent({ keepAlive: true, maxSockets: 1 }), {
    createConnection: (_options: object, done: (error: unknown, socket?: TLSSocket) => void): void => {
      secured().then((socket) => done(null, socket), done);
    },
  });
  let takesBasic = false;
  let last: Promise<unknown> = Promise.resolve();

  const secured = async (): Promise<TLSSocket> => {
    const { address, port, servername } = await dial(url.hostname, Number(url.port || 443));
    return new Promise((resolve, reject) => {
      // The certificate is verified for the name, although the connection is made to the address.
      const socket = connect({ ...tlsOptions(pinnedCertificate), host: address, port, ...(isIP(servername) ? {} : { servername }) });
      socket.setTimeout(patience, () => socket.destroy(Object.assign(new Error("no answer in time"), { code: "ETIMEDOUT" })));
      const cut = (): void => void socket.destroy();
      signal.addEventListener("abort", cut, { once: true });
      socket.once("close", () => signal.removeEventListener("abort", cut));
      socket.once("secureConnect", () => resolve(socket));
      socket.once("error", reject);
    });
  };

  const send = async (body: string, authorization: string | null, maxBytes: number): Promise<Reply> => {
    const bytes = Buffer.from(body);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const asked = request({
        method: "POST",
        path: `${url.pathname}${url.search}`,
        agent,
        signal,
        headers: {
          host: url.host,
          accept: "text/xml",
          "content-type": "text/xml; charset=utf-8",
          "content-length": bytes.length,
          "user-agent": "Bounceline",
          ...(authorization === null ? {} : { authorization }),
        },
      });
      asked.once("response", resolve);
      asked.on("error", reject);
      asked.end(bytes);
    });
    const socket = response.socket as TLSSocket;
    const text = await readText(response, maxBytes);
    const offers = response.headersDistinct["www-authenticate"] ?? [];
    return { status: response.statusCode ?? 0, headers: response.headers, text, offers, socket };
  };

  const password = async (): Promise<string> => readPassword(await abortable(credentials.read(), signal));

  const basic = async (): Promise<string> => `Basic ${Buffer.from(`${username}:${await password()}`).toString("base64")}`;

  const byNtlm = async (body: string, maxBytes: number): Promise<Answer> => {
    const offer = await send("", `NTLM ${negotiateMessage().toString("base64")}`, maxBytes);
    const challenge = readChallenge(Buffer.from(challengesIn(offer.offers).get("ntlm") ?? "", "base64"));
    const certificate = offer.socket.getPeerX509Certificate();
    if (offer.status !== 401) return offer;
    if (!challenge || !certificate) throw noWayIn(url.hostname);
    const circumstances = { host: url.hostname, certificate, nonce: randomBytes(8), now: tools.now() };
    const proof = authenticateMessage(challenge, accountOf(username, await password()), circumstances);
    const answer = await send(body, `NTLM ${proof.toString("base64")}`, maxBytes);
    if (answer.socket !== offer.socket) throw brokenLink();
    return answer;
  };

  const signedIn = async (body: string, maxBytes: number): Promise<Answer> => {
    const first = await send(body, takesBasic ? await basic() : null, maxBytes);
    if (first.status !== 401 || takesBasic) return first;
    const offered = challengesIn(first.offers);
    takesBasic = offered.has("basic");
    if (takesBasic) return send(body, await basic(), maxBytes);
    if (offered.has("ntlm")) return byNtlm(body, maxBytes);
    throw noWayIn(url.hostname);
  };

  const attempt = async (body: string, maxBytes: number): Promise<Answer> => {
    signal.throwIfAborted();
    try {
      return await abortable(signedIn(body, maxBytes), signal);
    } catch (error) {
      signal.throwIfAborted();
      const code = error instanceof Error && "code" in error ? String(error.code) : "";
      const problem = certificateProblem(code, url.hostname);
      throw problem === null ? error : new ConnectorError("rejected", problem);
    }
  };

  return {
    post(body, maxBytes) {
      const turn = last.then(() => attempt(body, maxBytes));
      last = turn.catch(() => {});
      return turn;
    },
    close: () => agent.destroy(),
  };
};

const noWayIn = (host: string): ConnectorError =>
  new ConnectorError(
    "rejected",
    `${host} takes neither a password (Basic) nor NTLM for Exchange Web Services. Ask the Exchange administrator to allow one of them, or connect the mailbox by IMAP.`,
  );
