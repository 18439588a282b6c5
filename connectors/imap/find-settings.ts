/** Settings found from an address, in the order of Thunderbird; over TLS only, and only what was published or has answered. */
import { Resolver } from "node:dns/promises";
import { domainToASCII } from "node:url";
import type { Found, Tools } from "../../src/ports/connector.ts";
import { abortable } from "../shared/abortable.ts";
import { getOverTls, patienceMs } from "./get-over-tls.ts";
import { greetsOverTls } from "./greets-over-tls.ts";
import { providersOfHost } from "./known-hosts.ts";
import { readAutoconfig } from "./read-autoconfig.ts";

type Service = { host: string; port: number; priority: number; weight: number };

/** What of the network is asked. Each answers with nothing where there is nothing, and never throws but when the turn is aborted. */
export type Network = {
  get(url: string): Promise<string | null>;
  services(name: string): Promise<readonly Service[]>;
  /** The hosts that take a domain's mail. */
  mailHosts(domain: string): Promise<readonly string[]>;
  greets(host: string, port: number): Promise<boolean>;
};

/** The network as it is, behind the address guard. */
export const openNetwork = (tools: Pick<Tools, "dial" | "signal">): Network => {
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  const ask = async <T>(question: Promise<T[]>): Promise<T[]> => {
    const ending = AbortSignal.any([tools.signal, AbortSignal.timeout(patienceMs)]);
    return abortable(question, ending).catch(() => {
      tools.signal.throwIfAborted();
      return [];
    });
  };
  return {
    get: (url) => getOverTls(url, tools),
    services: async (name) => (await ask(resolver.resolveSrv(name))).map(({ name: host, ...rest }) => ({ host, ...rest })),
    mailHosts: async (domain) => (await ask(resolver.resolveMx(domain))).map(({ exchange }) => exchange),
    greets: (host, port) => greetsOverTls(host, port, tools),
  };
};

type Answer = Exclude<Found, { kind: "nothing" }> | null;

/** Finds out how a mailbox is reached. `askIspdb`: Mozilla's list may be told the domain. */
export const findSettings = async (address: string, { askIspdb }: { askIspdb: boolean }, network: Network): Promise<Found> => {
  const domain = domainToASCII(address.slice(address.lastIndexOf("@") + 1).trim());
  if (!address.includes("@") || !domain.includes(".")) return { kind: "nothing" };
  const places: (() => Promise<Answer>)[] = [
    () => publishedByDomain(address, domain, network),
    async () => (askIspdb ? inIspdb(address, domain, network) : null),
    () => inServices(address, domain, network),
    () => byMailHosts(domain, network),
    () => guessed(address, domain, network),
  ];
  for (const look of places) {
    const found = await look();
    if (found) return found;
  }
  return { kind: "nothing" };
};

const publishedByDomain = async (address: string, domain: string, { get }: Network): Promise<Answer> => {
  const texts = await Promise.all([
    get(`https://autoconfig.${domain}/mail/config-v1.1.xml?emailaddress=${encodeURIComponent(address)}`),
    get(`https://${domain}/.well-known/autoconfig/mail/config-v1.1.xml`),
  ]);
  return texts.map((text) => text && readAutoconfig(text, address)).find((found) => found) || null;
};

const inIspdb = async (address: string, domain: string, { get }: Network): Promise<Answer> => {
  const text = await get(`https://autoconfig.thunderbird.net/v1.1/${domain}`);
  const found = text === null ? null : readAutoconfig(text, address);
  return found?.kind === "settings" ? { ...found, from: "ispdb" } : found;
};

const reachedByTls = (host: string, port: number, address: string, from: "dns" | "guess"): Answer => {
  const providers = providersOfHost(host);
  return providers === null
    ? { kind: "settings", from, settings: { host, port, security: "tls", username: address } }
    : { kind: "sign_in", providers };
};

/** RFC 6186, 3.2 and RFC 8314, 5.1: implicit TLS. The target "." says that there is none. */
const inServices = async (address: string, domain: string, { services }: Network): Promise<Answer> => {
  const [best] = [...(await services(`_imaps._tcp.${domain}`))].sort((a, b) => a.priority - b.priority || b.weight - a.weight);
  const host = best?.host.toLowerCase().replace(/\.$/, "") ?? "";
  return best && host !== "" ? reachedByTls(host, best.port, address, "dns") : null;
};

const byMailHosts = async (domain: string, { mailHosts }: Network): Promise<Answer> => {
  const providers = (await mailHosts(domain)).map(providersOfHost).find((names) => names !== null);
  return providers ? { kind: "sign_in", providers } : null;
};

const guessed = async (address: string, domain: string, { greets }: Network): Promise<Answer> => {
  const hosts = [`imap.${domain}`, `mail.${domain}`, domain];
  const answers = await Promise.all(hosts.map((host) => greets(host, 993)));
  const host = hosts.find((_, index) => answers[index]);
  return host === undefined ? null : reachedByTls(host, 993, address, "guess");
};
