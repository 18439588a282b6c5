/**
 * Where a domain's Exchange server is, found from an address in the order of Autodiscover (MS-OXDSCLI, 3.1.5.4). What Autodiscover would
 * tell, it tells only for a password; so the places are asked without one, and the host that asks for one there is taken to be the
 * server, if its Exchange Web Services ask for one as well. A person confirms it, and signing in is the proof.
 */
import { Resolver } from "node:dns/promises";
import { request as plainRequest } from "node:http";
import { request as secureRequest } from "node:https";
import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import type { Found, Tools } from "../../src/ports/connector.ts";
import { abortable } from "../shared/abortable.ts";
import { isInCloud, usualPath } from "./settings.ts";

/** How long one question may take, milliseconds, and how many redirects are followed. */
const [patience, mostHops] = [5000, 3];
const autodiscoverPath = "/autodiscover/autodiscover.xml";

/** What a server said to a GET without a sign-in; its body is not read. */
type Reply = { status: number; location: string | null; asksToSignIn: boolean };

/** What of the network is asked. Each answers with nothing where there is nothing, and never throws but when the turn is aborted. */
export type Network = {
  get(url: URL): Promise<Reply | null>;
  /** Hosts of an SRV record, the best first. */
  services(name: string): Promise<readonly string[]>;
};

/** The network as it is, behind the address guard. */
export const openNetwork = ({ dial, signal }: Pick<Tools, "dial" | "signal">): Network => {
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  const unless = async <T, N>(question: Promise<T>, nothing: N): Promise<T | N> => {
    const ending = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
    return abortable(question, ending).catch(() => {
      signal.throwIfAborted();
      return nothing;
    });
  };
  const ask = async (url: URL): Promise<Reply> => {
    const isSecure = url.protocol === "https:";
    const { address, port, servername } = await dial(url.hostname, Number(url.port || (isSecure ? 443 : 80)));
    return new Promise((resolve, reject) => {
      const asked = (isSecure ? secureRequest : plainRequest)({
        host: address,
        port,
        ...(isIP(servername) ? {} : { servername }),
        path: `${url.pathname}${url.search}`,
        headers: { host: url.host, "user-agent": "Bounceline" },
        agent: false,
        signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
      });
      asked.once("response", ({ statusCode = 0, headers }) => {
        asked.destroy();
        const offers = String(headers["www-authenticate"] ?? "");
        resolve({ status: statusCode, location: headers.location ?? null, asksToSignIn: statusCode === 401 && /basic|ntlm/i.test(offers) });
      });
      asked.on("error", reject);
      asked.end();
    });
  };
  return {
    get: (url) => unless(ask(url), null),
    services: async (name) => {
      const records = await unless(resolver.resolveSrv(name), []);
      return [...records]
        .sort((a, b) => a.priority - b.priority || b.weight - a.weight)
        .map((record) => record.name.toLowerCase().replace(/\.$/, ""))
        .filter((host) => host !== "");
    },
  };
};

/** Where asking leads: the host that asks to sign in, "cloud" where the way leads to Microsoft 365, null where it leads nowhere. */
const follow = async (start: URL, { get }: Network): Promise<string | "cloud" | null> => {
  let url = start;
  for (let hop = 0; hop <= mostHops; hop++) {
    if (isInCloud(url.hostname)) return "cloud";
    const reply = await get(url);
    if (reply?.asksToSignIn && url.protocol === "https:") return url.host;
    const next = reply && [301, 302, 307, 308].includes(reply.status) && reply.location ? URL.parse(reply.location, url.href) : null;
    // Never to clear text: who answers there could be anybody.
    if (next?.protocol !== "https:") return null;
    url = next;
  }
  return null;
};

const servesEws = async (host: string, { get }: Network): Promise<boolean> =>
  (await get(new URL(`https://${host}${usualPath}`)))?.asksToSignIn ?? false;

/** Finds the Exchange server of an address. */
export const findSettings = async (address: string, network: Network): Promise<Found> => {
  const domain = domainToASCII(address.slice(address.lastIndexOf("@") + 1).trim());
  if (!address.includes("@") || !domain.includes(".")) return { kind: "nothing" };
  const places: { from: "domain" | "dns"; urls(): Promise<string[]> }[] = [
    { from: "domain", urls: async () => [`https://${domain}${autodiscoverPath}`, `https://autodiscover.${domain}${autodiscoverPath}`] },
    { from: "domain", urls: async () => [`http://autodiscover.${domain}${autodiscoverPath}`] },
    {
      from: "dns",
      urls: async () => (await network.services(`_autodiscover._tcp.${domain}`)).map((host) => `https://${host}${autodiscoverPath}`),
    },
  ];
  for (const { from, urls } of places) {
    for (const host of await Promise.all((await urls()).map((url) => follow(new URL(url), network)))) {
      if (host === "cloud") return { kind: "sign_in", providers: ["office365"] };
      if (host === null || !(await servesEws(host, network))) continue;
      return { kind: "settings", from, settings: { server: `https://${host}${usualPath}`, username: address } };
    }
  }
  return { kind: "nothing" };
};
