/**
 * Settings as a domain or the ISPDB publishes them (Mozilla's autoconfig, config-v1.1.xml):
 *
 *   <clientConfig version="1.1"><emailProvider id="example.com">
 *     <incomingServer type="imap">
 *       <hostname>imap.example.com</hostname><port>993</port><socketType>SSL</socketType>
 *       <username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication>
 *     </incomingServer></emailProvider></clientConfig>
 */
import type { Found } from "../../src/ports/connector.ts";
import { readXml, type XmlElement } from "../shared/read-xml.ts";
import { providersOfHost } from "./known-hosts.ts";

const byPassword = ["password-cleartext", "plain", "password-encrypted", "secure"];
const hostName = /^(?=.{1,253}$)[a-z\d]([a-z\d-]*[a-z\d])?(\.[a-z\d]([a-z\d-]*[a-z\d])?)+$/i;
const securities: { readonly [socketType: string]: "tls" | "starttls" } = { ssl: "tls", starttls: "starttls" };

type Server = { host: string; port: number; security: "tls" | "starttls" | null; username: string; takesPassword: boolean };

const valuesOf = (element: XmlElement, name: string): string[] =>
  element.children.filter((child) => child.name === name).map(({ text }) => text);

const readServer = (element: XmlElement, address: string): Server | null => {
  const [local, domain] = [address.slice(0, address.lastIndexOf("@")), address.slice(address.lastIndexOf("@") + 1)];
  const filled = (text: string): string =>
    text.replaceAll("%EMAILADDRESS%", address).replaceAll("%EMAILLOCALPART%", local).replaceAll("%EMAILDOMAIN%", domain);
  const [host = "", port = 0, username = ""] = [
    filled(valuesOf(element, "hostname")[0] ?? ""),
    Number(valuesOf(element, "port")[0]),
    filled(valuesOf(element, "username")[0] || "%EMAILADDRESS%"),
  ];
  if (!hostName.test(host) || !Number.isInteger(port) || port < 1 || port > 65_535) return null;
  const ways = valuesOf(element, "authentication").map((way) => way.toLowerCase());
  const security = securities[valuesOf(element, "socketType")[0]?.toLowerCase() ?? ""] ?? null;
  return {
    host: host.toLowerCase(),
    port,
    security,
    username,
    takesPassword: ways.length === 0 || ways.some((way) => byPassword.includes(way)),
  };
};

const ofType = (root: XmlElement, type: string): XmlElement[] =>
  root.children
    .filter(({ name }) => name === "emailProvider")
    .flatMap(({ children }) => children)
    .filter(({ name, attributes }) => name === "incomingServer" && attributes.get("type")?.toLowerCase() === type);

/** What a published configuration says of an address; null where it says nothing that can be read. */
export const readAutoconfig = (xml: string, address: string): Exclude<Found, { kind: "nothing" }> | null => {
  const root = readXml(xml);
  if (root?.name !== "clientConfig") return null;
  const servers = ofType(root, "imap").flatMap((element) => readServer(element, address) ?? []);
  const providers = servers.map(({ host }) => providersOfHost(host)).find((names) => names !== null);
  if (providers) return { kind: "sign_in", providers };
  if (servers.length === 0) return ofType(root, "pop3").length > 0 ? { kind: "refused", why: "pop_only" } : null;
  const encrypted = servers.filter(({ security }) => security !== null);
  if (encrypted.length === 0) return { kind: "refused", why: "no_tls" };
  const usable = encrypted.filter(({ takesPassword }) => takesPassword);
  const best = usable.find(({ security }) => security === "tls") ?? usable[0];
  if (!best) return { kind: "refused", why: "oauth_only" };
  const { host, port, security, username } = best;
  return { kind: "settings", from: "domain", settings: { host, port, security, username } };
};
