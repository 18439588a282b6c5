import { isIP } from "node:net";
import { ConnectorError, type Dial, type DialTarget } from "../ports/connector.ts";

/** Where events may be sent. `plainHttp` says of which hosts, by name, http is accepted too. */
export type WayOut = { dial: Dial; plainHttp: (host: string) => boolean };

export type ResolvedUrl = { url: URL; target: DialTarget };

/** An address that no event may be sent to; the message says why, and names no address inside. */
export class RefusedUrl extends Error {
  override name = "RefusedUrl";
}

/**
 * Resolves an endpoint's URL to the one address to connect to. Throws RefusedUrl: not https, credentials in it, or a host that is
 * not there or lies in a private network. Asked before each request: a name may lead elsewhere by then (DNS rebinding).
 */
export const resolveUrl = async (text: string, way: WayOut): Promise<ResolvedUrl> => {
  const url = parseUrl(text);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (url.protocol !== "https:" && !(url.protocol === "http:" && way.plainHttp(host)))
    throw new RefusedUrl("An endpoint's address begins with https://.");
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  try {
    const target = await way.dial(host, port);
    return { url, target: { ...target, servername: isIP(host) ? "" : target.servername } };
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    // Not the dial's own words: what a name resolves to inside is nobody's business.
    throw new RefusedUrl(
      error.kind === "rejected"
        ? "This host lies inside a private network, where no events are sent. If it is meant, ask the operator to allow it."
        : "No server of this name was found.",
    );
  }
};

const parseUrl = (text: string): URL => {
  const url = URL.parse(text);
  if (!url) throw new RefusedUrl("This is no web address.");
  // They would stand in logs and lists; the signature is what proves who sends.
  if (url.username !== "" || url.password !== "") throw new RefusedUrl("An endpoint's address holds no user name and no password.");
  return url;
};
