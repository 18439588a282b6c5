import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, type RequestOptions, request as requestHttps } from "node:https";
import type { DialTarget } from "../ports/connector.ts";
import { type Answer, answerFrom } from "./answer.ts";
import { RefusedUrl, type ResolvedUrl, resolveUrl, type WayOut } from "./endpoint-url.ts";

export type Post = (body: string, headers: Record<string, string>) => Promise<Answer>;

type PostOptions = {
  way: WayOut;
  /** For one whole request, from looking up the name to the answer's end. */
  timeoutMs: number;
  /** Ends a request under way. */
  signal: AbortSignal;
};

/**
 * Opens the way to one endpoint, for some requests one after the other, on one connection where the receiver keeps it. All go to
 * the one address that was checked. Redirects are answers like any other: nothing is sent on.
 */
export const openPost = (text: string, options: PostOptions): { post: Post; close: () => void } => {
  const agents = { "http:": new HttpAgent({ keepAlive: true }), "https:": new HttpsAgent({ keepAlive: true }) };
  let resolved: Promise<ResolvedUrl> | undefined;
  const post: Post = async (body, headers) => {
    const ending = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)]);
    try {
      resolved ??= resolveUrl(text, options.way);
      const { url, target } = await unless(ending, resolved);
      const agent = agents[url.protocol as keyof typeof agents];
      const response = await send({ ...requestTo(url, target, body, headers), agent, signal: ending }, body);
      return answerFrom({ status: response.statusCode ?? 0, headers: response.headers, excerpt: await readExcerpt(response), url });
    } catch (error) {
      if (options.signal.aborted) return { kind: "stopped" };
      const because = reasonOf(error, ending.aborted, options);
      return { kind: "refused", gone: false, status: null, because, excerpt: "", retryAfterMs: null };
    }
  };
  const close = (): void => {
    agents["http:"].destroy();
    agents["https:"].destroy();
  };
  return { post, close };
};

const requestTo = (url: URL, target: DialTarget, body: string, headers: Record<string, string>): RequestOptions => ({
  method: "POST",
  protocol: url.protocol,
  host: target.address,
  port: target.port,
  // The certificate is verified for the name, although the connection is made to the address.
  servername: target.servername,
  path: `${url.pathname}${url.search}`,
  headers: { ...fixedHeaders, ...headers, host: url.host, "content-length": Buffer.byteLength(body) },
});

const fixedHeaders = { "content-type": "application/json; charset=utf-8", "user-agent": "Bounceline-Webhooks", accept: "*/*" };

/** A kept connection that the receiver closed at this very moment says nothing about the receiver: once more, on a new one. */
const send = async (wish: RequestOptions, body: string): Promise<IncomingMessage> => {
  const request = wish.protocol === "https:" ? requestHttps : requestHttp;
  const once = (options: RequestOptions, onReused: boolean): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      let answered = false;
      const sent = request(options, (response) => {
        answered = true;
        resolve(response);
      });
      sent.on("error", (error: NodeJS.ErrnoException) => {
        const stale = onReused && !answered && sent.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE");
        if (stale) once({ ...options, agent: false }, false).then(resolve, reject);
        else reject(error);
      });
      sent.end(body);
    });
  return once(wish, true);
};

const excerptBytes = 1_000;
/** A receiver that has answered and does not end its answer has answered. */
const excerptMs = 1_000;

/** The beginning of an answer. An answer that is longer, or does not end, costs its connection. */
const readExcerpt = async (response: IncomingMessage): Promise<string> => {
  const late = setTimeout(() => response.destroy(), excerptMs);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > excerptBytes) break;
    }
  } catch {
    // Cut off: the status is known, and what was read is enough.
  } finally {
    clearTimeout(late);
  }
  return Buffer.concat(chunks).subarray(0, excerptBytes).toString("utf8");
};

const unless = <T>(signal: AbortSignal, work: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    work.then(resolve, reject);
  });

/** Why no answer came, in words that name neither an address nor anything that was sent. */
const reasonOf = (error: unknown, tooLate: boolean, { timeoutMs }: PostOptions): string => {
  if (error instanceof RefusedUrl) return error.message;
  if (tooLate) return `no answer within ${timeoutMs / 1000} seconds`;
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (code === "ECONNREFUSED") return "the connection was refused";
  if (code === "ECONNRESET" || code === "EPIPE") return "the connection was closed before an answer came";
  if (/CERT|TLS|SSL|SIGNATURE|EPROTO/.test(code)) return `no secure connection: ${code}`;
  return `no connection: ${/^\w+$/.test(code) ? code : "unknown error"}`;
};
