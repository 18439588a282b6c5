/**
 * The address guard: the only way out for hosts that users name. A user who may type a host name could otherwise make the
 * daemon talk to the machines beside it (server-side request forgery), and a name may resolve differently a moment later
 * (DNS rebinding): so the name is resolved here, once, and the caller connects to the address that was checked.
 */
import { lookup as systemLookup } from "node:dns/promises";
import ipaddr from "ipaddr.js";
import { ConnectorError, type Dial } from "../../src/ports/connector.ts";

/** The addresses of a host name, best first. Rejects when there are none. */
type Lookup = (host: string) => Promise<readonly string[]>;

type Address = ipaddr.IPv4 | ipaddr.IPv6;

export type DialOptions = {
  /** CIDR ranges, single addresses and host names that may be dialled although they are not public. */
  allow: readonly string[];
  /** The setting a person has to change to allow more, as it is to stand in an error. */
  setting?: string;
  lookup?: Lookup;
};

const systemAddresses: Lookup = async (host) => (await systemLookup(host, { all: true })).map(({ address }) => address);

/** Azure's and Oracle's machine services answer at addresses that look public. */
const metadata = ["168.63.129.16/32", "192.0.0.192/32"].map((range) => ipaddr.parseCIDR(range));
/** All of IPv6 that is handed out for use on the Internet (RFC 4291, 2.4). */
const globalUnicast = ipaddr.parseCIDR("2000::/3");

const inRange = (address: Address, [network, bits]: [Address, number]): boolean =>
  address.kind() === network.kind() && address.match(network, bits);

/**
 * True for addresses anybody on the Internet may be reached at. Everything with a name of its own (private, loopback,
 * link-local, shared, multicast, reserved) and everything that carries an IPv4 address inside (mapped, NAT64, 6to4,
 * Teredo) is not, since it can end at such an address.
 */
export const isPublicAddress = (text: string): boolean => {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.parse(text);
  if (address.range() !== "unicast" || metadata.some((range) => inRange(address, range))) return false;
  return address.kind() === "ipv4" || inRange(address, globalUnicast);
};

const parseRange = (entry: string): [Address, number] | null => {
  if (ipaddr.isValidCIDR(entry)) return ipaddr.parseCIDR(entry);
  if (!ipaddr.isValid(entry)) return null;
  const address = ipaddr.parse(entry);
  return [address, address.kind() === "ipv4" ? 32 : 128];
};

const bareHost = (host: string): string =>
  host
    .trim()
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "")
    .toLowerCase();

const resolve = async (host: string, lookup: Lookup): Promise<readonly string[]> => {
  if (ipaddr.IPv6.isValid(host) || ipaddr.IPv4.isValidFourPartDecimal(host)) return [host];
  try {
    return await lookup(host);
  } catch (cause) {
    throw new ConnectorError("unavailable", `No server called ${host} was found. Check the spelling of the host name.`, { cause });
  }
};

/** IPv4 first: only one address is tried, and IPv4 is the one that is routed everywhere. */
const ipv4First = (addresses: readonly string[]): readonly string[] =>
  [...addresses].sort((a, b) => Number(a.includes(":")) - Number(b.includes(":")));

/**
 * Makes the Dial of a deployment. It answers with the first address of the host that may be dialled. A host that resolves
 * to none: ConnectorError "unavailable"; one whose addresses are all inside the guarded ranges: ConnectorError "rejected".
 */
export const createDial = ({ allow, setting = "allowedHosts", lookup = systemAddresses }: DialOptions): Dial => {
  const ranges = allow.map(parseRange).filter((range) => range !== null);
  const hosts = new Set(allow.filter((entry) => parseRange(entry) === null).map(bareHost));
  const allowed = (address: string): boolean =>
    isPublicAddress(address) || (ipaddr.isValid(address) && ranges.some((range) => inRange(ipaddr.parse(address), range)));

  return async (host, port) => {
    const name = bareHost(host);
    if (name === "") throw new ConnectorError("rejected", "The host name is empty. Enter the name of the mail server.");
    const addresses = ipv4First(await resolve(name, lookup));
    const address = addresses.find((candidate) => hosts.has(name) || allowed(candidate));
    if (address !== undefined) return { address, port, servername: name };
    if (addresses.length === 0)
      throw new ConnectorError("unavailable", `No address is known for ${name}. Check the spelling of the host name.`);
    throw new ConnectorError(
      "rejected",
      `${name} (${addresses[0]}) lies inside a private network, and Bounceline connects only to public addresses. ` +
        `If this server is meant, ask the operator to add ${name} to the setting ${setting}.`,
    );
  };
};
