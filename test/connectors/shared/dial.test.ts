import { describe, expect, test } from "vitest";
import { createDial, isPublicAddress } from "../../../connectors/shared/dial.ts";
import { ConnectorError } from "../../../src/ports/connector.ts";

const guarded: readonly (readonly [string, string])[] = [
  ["unspecified", "0.0.0.0"],
  ["this network", "0.1.2.3"],
  ["loopback", "127.0.0.1"],
  ["loopback, not the first", "127.255.255.254"],
  ["private 10/8", "10.0.0.1"],
  ["private 172.16/12", "172.31.255.255"],
  ["private 192.168/16", "192.168.1.1"],
  ["link-local and cloud metadata", "169.254.169.254"],
  ["shared address space (CGNAT)", "100.64.0.1"],
  ["Alibaba's metadata", "100.100.100.200"],
  ["Oracle's metadata", "192.0.0.192"],
  ["Azure's machine services", "168.63.129.16"],
  ["protocol assignments", "192.0.0.8"],
  ["documentation", "203.0.113.7"],
  ["benchmarking", "198.18.0.1"],
  ["multicast", "224.0.0.1"],
  ["reserved", "240.0.0.1"],
  ["broadcast", "255.255.255.255"],
  ["IPv6 unspecified", "::"],
  ["IPv6 loopback", "::1"],
  ["IPv6 link-local", "fe80::1"],
  ["IPv6 link-local with a zone", "fe80::1%eth0"],
  ["IPv6 site-local", "fec0::1"],
  ["IPv6 unique local", "fd00:ec2::254"],
  ["IPv6 multicast", "ff02::1"],
  ["IPv4-mapped", "::ffff:127.0.0.1"],
  ["IPv4-mapped, in hexadecimal", "::ffff:7f00:1"],
  ["IPv4-mapped, of a public address", "::ffff:8.8.8.8"],
  ["IPv4-compatible", "::127.0.0.1"],
  ["IPv4-translated", "::ffff:0:127.0.0.1"],
  ["NAT64", "64:ff9b::7f00:1"],
  ["local NAT64", "64:ff9b:1::7f00:1"],
  ["6to4", "2002:7f00:1::"],
  ["Teredo", "2001::7f00:1"],
  ["IPv6 documentation", "2001:db8::1"],
  ["discard only", "100::1"],
  ["not handed out", "4000::1"],
  ["segment routing", "5f00::1"],
];

const open = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111", "2a00:1450:4001::1"];

const resolvesTo =
  (...addresses: string[]) =>
  async () =>
    addresses;

describe("the address guard", () => {
  test.each(guarded)("refuses %s (%s)", async (_name, address) => {
    expect(isPublicAddress(address)).toBe(false);
    const dial = createDial({ allow: [], lookup: resolvesTo(address) });
    await expect(dial("mail.example", 993)).rejects.toMatchObject({ name: "ConnectorError", kind: "rejected" });
  });

  test.each(open)("lets %s through", async (address) => {
    const dial = createDial({ allow: [], lookup: resolvesTo(address) });
    expect(await dial("mail.example", 993)).toEqual({ address, port: 993, servername: "mail.example" });
  });

  test("answers with the address it checked, so that a name that changes its mind changes nothing", async () => {
    const answers = [["8.8.8.8"], ["127.0.0.1"]];
    const dial = createDial({ allow: [], lookup: async () => answers.shift() ?? [] });
    expect((await dial("rebind.example", 993)).address).toBe("8.8.8.8");
    await expect(dial("rebind.example", 993)).rejects.toMatchObject({ kind: "rejected" });
  });

  test("passes over guarded addresses and takes an open one, IPv4 first", async () => {
    const dial = createDial({ allow: [], lookup: resolvesTo("127.0.0.1", "2606:4700:4700::1111", "8.8.8.8") });
    expect((await dial("mail.example", 993)).address).toBe("8.8.8.8");
  });

  test.each([
    ["127.0.0.1", "127.0.0.1"],
    ["10.0.0.0/8", "10.9.8.7"],
    ["fd00::/8", "fd12::1"],
    ["Mail.Internal", "192.168.1.5"],
  ])("an allowed %s opens %s", async (entry, address) => {
    const dial = createDial({ allow: [entry], lookup: resolvesTo(address) });
    expect((await dial("mail.internal.", 143)).address).toBe(address);
    await expect(createDial({ allow: [entry], lookup: resolvesTo("169.254.169.254") })("other.example", 1)).rejects.toThrow(ConnectorError);
  });

  test.each(["127.0.0.1", "[::1]", "::ffff:10.0.0.1"])(
    "an address in place of a name is checked without asking anybody: %s",
    async (host) => {
      const lookup = async (): Promise<string[]> => expect.unreachable();
      await expect(createDial({ allow: [], lookup })(host, 993)).rejects.toMatchObject({ kind: "rejected" });
    },
  );

  test.each(["2130706433", "0x7f.1", "0177.0.0.1", "localhost"])(
    "other spellings of loopback are resolved by the system and refused: %s",
    async (host) => {
      await expect(createDial({ allow: [] })(host, 993)).rejects.toBeInstanceOf(ConnectorError);
    },
  );

  test("says which setting to change", async () => {
    const dial = createDial({ allow: [], setting: "BOUNCELINE_ALLOWED_HOSTS", lookup: resolvesTo("10.0.0.9") });
    await expect(dial("mail.corp", 993)).rejects.toThrow(
      "mail.corp (10.0.0.9) lies inside a private network, and Bounceline connects only to public addresses. " +
        "If this server is meant, ask the operator to add mail.corp to the setting BOUNCELINE_ALLOWED_HOSTS.",
    );
  });

  test("a name that does not resolve is unavailable", async () => {
    const lookup = async (): Promise<string[]> => {
      throw Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" });
    };
    await expect(createDial({ allow: [], lookup })("mial.example", 993)).rejects.toMatchObject({ kind: "unavailable" });
    await expect(createDial({ allow: [], lookup: resolvesTo() })("mail.example", 993)).rejects.toMatchObject({ kind: "unavailable" });
  });
});
