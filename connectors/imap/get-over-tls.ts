import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { isIP } from "node:net";
import type { Tools } from "../../src/ports/connector.ts";
import { abortable } from "../shared/abortable.ts";

const [maxBytes, maxRedirects] = [65_536, 3];

/** How long finding out one thing may take, from looking up the name to the answer's end. */
export const patienceMs = 5000;

/**
 * A small text at an https address, or null where there is none. Every host on the way goes through the address guard, and is connected to
 * at the address that was checked; redirects lead to https only. Rejects only when the turn is aborted.
 */
export const getOverTls = async (
  url: string,
  { dial, signal }: Pick<Tools, "dial" | "signal">,
  timeoutMs = patienceMs,
): Promise<string | null> => {
  const ending = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    let next: URL | null = new URL(url);
    for (let hop = 0; next && hop <= maxRedirects; hop++) {
      if (next.protocol !== "https:" || next.port !== "" || next.username !== "") return null;
      const response = await ask(next, dial, ending);
      if (response.statusCode === 200) return await readSmall(response);
      response.destroy();
      const { location } = response.headers;
      next = [301, 302, 303, 307, 308].includes(response.statusCode ?? 0) && location ? new URL(location, next) : null;
    }
  } catch {
    signal.throwIfAborted();
  }
  return null;
};

const ask = async (url: URL, dial: Tools["dial"], signal: AbortSignal): Promise<IncomingMessage> => {
  const { address, port, servername } = await abortable(dial(url.hostname, 443), signal);
  return new Promise((resolve, reject) => {
    const asked = request({
      host: address,
      port,
      // The certificate is verified for the name, although the connection is made to the address.
      ...(isIP(servername) ? {} : { servername }),
      path: `${url.pathname}${url.search}`,
      headers: { host: url.host, accept: "text/xml, application/xml", "user-agent": "Bounceline" },
      agent: false,
      signal,
    });
    asked.once("response", resolve);
    asked.on("error", reject);
    asked.end();
  });
};

const readSmall = async (response: IncomingMessage): Promise<string | null> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
};
