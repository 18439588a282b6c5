/** Settings found from an address: the order of the places, what is read, what is refused, and the way out to them. */
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { imap } from "../../../connectors/imap/connector.ts";
import { findSettings, type Network } from "../../../connectors/imap/find-settings.ts";
import { getOverTls } from "../../../connectors/imap/get-over-tls.ts";
import { greetsOverTls } from "../../../connectors/imap/greets-over-tls.ts";
import { createDial } from "../../../connectors/shared/dial.ts";
import { readXml } from "../../../connectors/shared/read-xml.ts";
import type { Tools } from "../../../src/ports/connector.ts";
import { startFakeImap } from "../../fakes/imap-server.ts";
import { type TestCertificate, testCertificate } from "../../fakes/test-certificate.ts";
import { testTools } from "../test-tools.ts";

const server = (fields: Record<string, string>, type = "imap"): string =>
  `<incomingServer type="${type}">${Object.entries(fields)
    .map(([name, text]) => `<${name}>${text}</${name}>`)
    .join("")}</incomingServer>`;
const usual = {
  hostname: "mx.example.com",
  port: "993",
  socketType: "SSL",
  username: "%EMAILADDRESS%",
  authentication: "password-cleartext",
};
const config = (...servers: string[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<!-- published --><clientConfig version="1.1"><emailProvider id="example.com"><domain>example.com</domain>${servers.join("\n")}</emailProvider></clientConfig>`;

/** A network in which there is only what is given; it notes what it was asked. */
const network = (given: Partial<Network> = {}): Network & { asked: string[] } => {
  const asked: string[] = [];
  const noting =
    <A extends unknown[], R>(what: string, answer: ((...a: A) => Promise<R>) | undefined, nothing: R) =>
    async (...a: A): Promise<R> => {
      asked.push(`${what} ${a.join(":")}`);
      return answer ? answer(...a) : nothing;
    };
  return {
    asked,
    get: noting("get", given.get, null),
    services: noting("services", given.services, []),
    mailHosts: noting("mail hosts", given.mailHosts, []),
    greets: noting("greets", given.greets, false),
  };
};

const at = (places: Record<string, string>): Partial<Network> => ({ get: async (url) => places[url] ?? null });
const address = "anna@example.com";
const autoconfig = "https://autoconfig.example.com/mail/config-v1.1.xml?emailaddress=anna%40example.com";
const wellKnown = "https://example.com/.well-known/autoconfig/mail/config-v1.1.xml";
const ispdb = "https://autoconfig.thunderbird.net/v1.1/example.com";
const find = (given: Partial<Network>, askIspdb = false) => findSettings(address, { askIspdb }, network(given));

describe("the places settings are looked for", () => {
  it("are asked in order, and nobody else is told the domain unless the operator lets it", async () => {
    const empty = network();
    expect(await findSettings(address, { askIspdb: false }, empty)).toEqual({ kind: "nothing" });
    expect(empty.asked).toEqual([
      `get ${autoconfig}`,
      `get ${wellKnown}`,
      "services _imaps._tcp.example.com",
      "mail hosts example.com",
      "greets imap.example.com:993",
      "greets mail.example.com:993",
      "greets example.com:993",
    ]);
    const open = network();
    await findSettings(address, { askIspdb: true }, open);
    expect(open.asked[2]).toBe(`get ${ispdb}`);
  });

  it("of the domain's two addresses the first counts, and a file nobody can read is none", async () => {
    const other = config(server({ ...usual, hostname: "other.example.com" }));
    const settings = { host: "mx.example.com", port: 993, security: "tls", username: address };
    expect(await find(at({ [autoconfig]: config(server(usual)), [wellKnown]: other }))).toEqual({
      kind: "settings",
      from: "domain",
      settings,
    });
    expect(await find(at({ [autoconfig]: "<html><body>Not found", [wellKnown]: other }))).toMatchObject({
      settings: { host: "other.example.com" },
    });
  });

  it("Mozilla's list is named as the place", async () => {
    expect(await find(at({ [ispdb]: config(server(usual)) }), true)).toMatchObject({ kind: "settings", from: "ispdb" });
    expect(await find(at({ [ispdb]: config(server(usual)) }), false)).toEqual({ kind: "nothing" });
  });

  it("services in the DNS: the lowest priority first, then the heaviest; a lone dot says there is none", async () => {
    const service = (host: string, priority: number, weight = 0) => ({ host, port: 1993, priority, weight });
    const services = async () => [service("b.example.net", 10, 5), service("c.example.net.", 0, 1), service("a.example.net", 0, 9)];
    expect(await find({ services })).toEqual({
      kind: "settings",
      from: "dns",
      settings: { host: "a.example.net", port: 1993, security: "tls", username: address },
    });
    expect(await find({ services: async () => [service(".", 0)] })).toEqual({ kind: "nothing" });
  });

  it("a guess counts only where a server greets, in the order of the names", async () => {
    expect(await find({ greets: async (host) => host !== "imap.example.com" })).toMatchObject({
      from: "guess",
      settings: { host: "mail.example.com", port: 993, security: "tls" },
    });
  });

  it.each([
    ["aspmx.l.google.com", "gmail"],
    ["example-com.mail.protection.outlook.com.", "office365"],
    ["example-com.a-v1.mx.microsoft", "office365"],
  ])("mail that goes to %s is opened by signing in at %s", async (host, provider) => {
    expect(await find({ mailHosts: async () => ["spam.filter.example", host] })).toEqual({
      kind: "sign_in",
      providers: [provider, `${provider}-imap`],
    });
  });

  it.each(["notgoogle.com", "google.com.evil.example", "outlook.com.example"])(
    "a host that is only called like them is none: %s",
    async (host) => {
      expect(await find({ mailHosts: async () => [host] })).toEqual({ kind: "nothing" });
    },
  );

  it("Google and Microsoft are recognised wherever their server is named", async () => {
    const google = config(server({ ...usual, hostname: "imap.gmail.com" }));
    expect(await find(at({ [wellKnown]: google }))).toEqual({ kind: "sign_in", providers: ["gmail", "gmail-imap"] });
    const service = { host: "outlook.office365.com", port: 993, priority: 0, weight: 0 };
    expect(await find({ services: async () => [service] })).toEqual({ kind: "sign_in", providers: ["office365", "office365-imap"] });
  });

  it.each(["", "anna", "anna@", "anna@localhost", "@", "anna@exa mple.com/../x"])("%j is no address to look for", async (text) => {
    const asked = network();
    expect(await findSettings(text, { askIspdb: true }, asked)).toEqual({ kind: "nothing" });
    expect(asked.asked).toEqual([]);
  });

  it("a domain with other letters is asked for as the DNS knows it", async () => {
    const asked = network();
    await findSettings("ola@żółw.example", { askIspdb: false }, asked);
    expect(asked.asked[1]).toBe("get https://xn--w-uga1v8h.example/.well-known/autoconfig/mail/config-v1.1.xml");
  });
});

describe("a published configuration", () => {
  const published = (...servers: string[]) => find(at({ [autoconfig]: config(...servers) }));

  it("TLS from the first byte is preferred to STARTTLS, and nothing in clear text is taken", async () => {
    const starttls = server({ ...usual, port: "143", socketType: "STARTTLS" });
    expect(await published(starttls, server(usual))).toMatchObject({ settings: { port: 993, security: "tls" } });
    expect(await published(starttls)).toMatchObject({ settings: { port: 143, security: "starttls" } });
    expect(await published(server({ ...usual, socketType: "plain" }))).toEqual({ kind: "refused", why: "no_tls" });
  });

  it("only POP3, or no password, is refused", async () => {
    expect(await published(server(usual, "pop3"))).toEqual({ kind: "refused", why: "pop_only" });
    expect(await published(server({ ...usual, authentication: "OAuth2" }))).toEqual({ kind: "refused", why: "oauth_only" });
  });

  it("fills in the user name", async () => {
    expect(await published(server({ ...usual, username: "%EMAILLOCALPART%+%EMAILDOMAIN%" }))).toMatchObject({
      settings: { username: "anna+example.com" },
    });
  });

  it.each([
    { hostname: "mx.example.com/evil" },
    { hostname: "localhost" },
    { hostname: "" },
    { port: "0" },
    { port: "99999" },
    { port: "993; rm" },
  ])("with %j says nothing", async (wrong) => {
    expect(await published(server({ ...usual, ...wrong }))).toEqual({ kind: "nothing" });
  });
});

describe("the XML", () => {
  it("is read with entities, attributes, sections and comments", () => {
    const root = readXml(`<a x='1' y="&quot;&#x41;&#66;"><!-- <b> --><b>x &amp; y</b><c/><b><![CDATA[<z>]]></b></a>`);
    expect(root).toMatchObject({ name: "a", children: [{ text: "x & y" }, { name: "c" }, { text: "<z>" }] });
    expect([...(root?.attributes ?? [])]).toEqual([
      ["x", "1"],
      ["y", '"AB'],
    ]);
  });

  it.each([
    '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
    "<a><b></a></b>",
    "<a>",
    "</a>",
    "<a/><b/>",
    "words",
    "<a/>words",
    "<a b=1></a>",
    "",
    "<a>".repeat(40) + "</a>".repeat(40),
  ])("is refused: %s", (text) => expect(readXml(text)).toBeNull());
});

describe("the way out", () => {
  const known = getCACertificates("default");
  let certificate: TestCertificate;
  const closing: (() => void)[] = [];
  beforeAll(() => {
    certificate = testCertificate();
    setDefaultCACertificates([...known, certificate.ca]);
  });
  afterAll(() => setDefaultCACertificates(known));
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });

  /** A server at https://localhost, and tools whose dial leads there and notes each host. */
  const serve = async (answer: (path: string, response: ServerResponse) => void) => {
    const listener = createServer({ key: certificate.key, cert: certificate.cert }, (request, response) =>
      answer(request.url ?? "", response),
    );
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    closing.push(() => listener.close().closeAllConnections());
    const { port } = listener.address() as AddressInfo;
    const dialled: string[] = [];
    const dial: Tools["dial"] = async (host, wanted) => {
      dialled.push(`${host}:${wanted}`);
      return { address: "127.0.0.1", port, servername: host };
    };
    return { dial, dialled, signal: new AbortController().signal };
  };
  const redirect = (response: ServerResponse, location: string): void => void response.writeHead(302, { location }).end();

  it("fetches a small text, and follows a few redirects", async () => {
    const tools = await serve((path, response) => (path === "/end?a=1" ? response.end("<ok/>") : redirect(response, "/end?a=1")));
    expect(await getOverTls("https://localhost/start", tools)).toBe("<ok/>");
    expect(tools.dialled).toEqual(["localhost:443", "localhost:443"]);
  });

  it.each(["http://localhost/plain", "https://localhost:8443/port", "https://user:word@localhost/", "file:///etc/passwd"])(
    "never follows to %s",
    async (location) => {
      const tools = await serve((path, response) => (path === "/start" ? redirect(response, location) : response.end("<x/>")));
      expect(await getOverTls("https://localhost/start", tools)).toBeNull();
      expect(tools.dialled).toHaveLength(1);
    },
  );

  it("gives up on a loop, a flood, a silence, an error and a wrong certificate", async () => {
    const loop = await serve((_, response) => redirect(response, "/again"));
    expect(await getOverTls("https://localhost/", loop)).toBeNull();
    expect(loop.dialled).toHaveLength(4);
    const flood = await serve((_, response) => response.end("x".repeat(65_537)));
    expect(await getOverTls("https://localhost/", flood)).toBeNull();
    const silence = await serve(() => {});
    expect(await getOverTls("https://localhost/", silence, 50)).toBeNull();
    const broken = await serve((_, response) => response.writeHead(500).end("<x/>"));
    expect(await getOverTls("https://localhost/", broken)).toBeNull();
    const named = await serve((_, response) => response.end("<x/>"));
    expect(await getOverTls("https://autoconfig.example.com/", named)).toBeNull();
  });

  it("goes nowhere inside a private network", async () => {
    let asked = 0;
    const { signal } = await serve(() => {
      asked++;
    });
    const dial = createDial({ allow: [], lookup: async () => ["127.0.0.1"] });
    expect(await getOverTls("https://localhost/", { dial, signal })).toBeNull();
    expect(await greetsOverTls("localhost", 993, { dial, signal })).toBe(false);
    expect(asked).toBe(0);
  });

  it("hears an IMAP server's greeting and sends nothing; a server that says something else, or nothing, is none", async () => {
    const greets = async (greeting: string | null): Promise<boolean> => {
      const fake = await startFakeImap({ tls: certificate });
      closing.push(() => void fake.stop());
      fake.greeting = greeting;
      const dial: Tools["dial"] = async (host) => ({ address: "127.0.0.1", port: fake.port, servername: host });
      const found = await greetsOverTls("localhost", 993, { dial, signal: new AbortController().signal }, 300);
      expect(fake.commands).toEqual([]);
      return found;
    };
    expect(await greets("* OK ready")).toBe(true);
    expect(await greets("220 smtp.example.com ESMTP")).toBe(false);
    expect(await greets(null)).toBe(false);
  });

  it("ends when the turn is aborted", async () => {
    const { dial } = await serve(() => {});
    const signal = AbortSignal.abort(new Error("the turn is over"));
    await expect(getOverTls("https://localhost/", { dial, signal })).rejects.toThrow("the turn is over");
  });
});

it("Microsoft's server takes no password: the person is sent to Microsoft's page", async () => {
  const inbox = { id: "new", address, settings: { host: "outlook.office365.com", username: address }, since: 0 };
  await expect(imap.signIn(inbox, testTools({ secrets: { password: "geheim" } }))).rejects.toMatchObject({
    kind: "rejected",
    message: expect.stringContaining("signing in at Microsoft"),
  });
});

it("a mailbox tells all folders that can be watched", async () => {
  const certificate = testCertificate();
  const fake = await startFakeImap({ tls: certificate });
  const settings = { host: "localhost", port: fake.port, username: address, pinnedCertificate: certificate.cert };
  const folders = await imap.listFolders?.(
    { id: "inb_1", address, settings, since: 0 },
    testTools({ secrets: { password: fake.password } }),
  );
  expect(folders).toEqual(["INBOX", "Sent", "Junk"]);
  await fake.stop();
});
