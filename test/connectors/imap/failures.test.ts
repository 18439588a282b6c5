import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { connect } from "../../../connectors/imap/connect.ts";
import { openConnection } from "../../../connectors/imap/connection.ts";
import { imap } from "../../../connectors/imap/connector.ts";
import { pullImap } from "../../../connectors/imap/pull.ts";
import { byPassword } from "../../../connectors/imap/way-in.ts";
import { createDial } from "../../../connectors/shared/dial.ts";
import { createPlaces } from "../../../connectors/shared/places.ts";
import type { ConnectedInbox, Cursor, Page, Tools } from "../../../src/ports/connector.ts";
import { type FakeImap, fetchItems, newFolder, startFakeImap } from "../../fakes/imap-server.ts";
import { type TestCertificate, testCertificate } from "../../fakes/test-certificate.ts";
import { collect, testTools } from "../test-tools.ts";
import { letter } from "./mailbox.ts";

let certificate: TestCertificate;
let server: FakeImap;
beforeAll(() => {
  certificate = testCertificate();
});
beforeEach(async () => {
  server = await startFakeImap({ tls: certificate });
});
afterEach(() => server.stop());

const inbox = (settings: object = {}): ConnectedInbox => ({
  id: "inb_1",
  address: "anna@sales.example",
  settings: { host: "localhost", port: server.port, username: "anna@sales.example", pinnedCertificate: certificate.cert, ...settings },
  since: 0,
});
const tools = (more: Partial<Tools> = {}): Tools => testTools({ secrets: { password: "secret" }, ...more });
const pullAll = async (cursor: Cursor = null, more: Partial<Tools> = {}): Promise<Page[]> => {
  const session = await imap.open(inbox(), tools(more));
  try {
    return await collect(session.pull(cursor));
  } finally {
    await session.close();
  }
};
const ids = (pages: readonly Page[]): string[] =>
  pages.flatMap(({ messages }) => messages.map(({ headers }) => headers.get("message-id")?.[0] ?? ""));
const numbered = (...numbers: number[]): string[] => numbers.map((n) => `<m${n}@sales.example>`);
const signIn = (settings: object = {}, more: Partial<Tools> = {}) => imap.signIn(inbox(settings), tools(more));
const last = (pages: readonly Page[]): Cursor => pages.at(-1)?.cursor ?? null;

describe("who answers is verified", () => {
  const known = getCACertificates("default");
  afterAll(() => setDefaultCACertificates(known));

  test("the pinned certificate is accepted, under any name", async () => {
    expect((await signIn()).folders).toHaveLength(3);
    expect((await signIn({ host: "127.0.0.1" })).folders).toHaveLength(3);
  });

  test("another certificate than the pinned one is refused, and the password is not sent", async () => {
    await expect(signIn({ pinnedCertificate: testCertificate().cert })).rejects.toMatchObject({ kind: "rejected" });
    expect(server.commands).toEqual([]);
  });

  test("a pinned authority does not vouch for what it issued: exactly the pinned certificate counts", async () => {
    await expect(signIn({ pinnedCertificate: certificate.ca })).rejects.toMatchObject({ kind: "rejected" });
    await expect(signIn({ pinnedCertificate: certificate.ca })).rejects.toThrow(
      "localhost shows another certificate than the one in the settings.",
    );
    expect(server.commands).toEqual([]);
  });

  test("a certificate nobody known issued is refused, with a way out", async () => {
    await expect(signIn({ pinnedCertificate: undefined })).rejects.toMatchObject({ kind: "rejected" });
    await expect(signIn({ pinnedCertificate: "" })).rejects.toThrow("paste its certificate into the settings");
    expect(server.commands).toEqual([]);
  });

  test("a known authority's certificate is accepted for its name only", async () => {
    setDefaultCACertificates([...known, certificate.ca]);
    expect((await signIn({ pinnedCertificate: undefined })).folders).toHaveLength(3);
    const dial: Tools["dial"] = async (servername, port) => ({ address: "127.0.0.1", port, servername });
    await expect(signIn({ pinnedCertificate: undefined, host: "mail.other.example" }, { dial })).rejects.toThrow(
      "made out to another name",
    );
    setDefaultCACertificates(known);
  });

  test("an unreadable pinned certificate is said to be one", async () => {
    await expect(signIn({ pinnedCertificate: "-----BEGIN nonsense" })).rejects.toThrow("Paste it as PEM");
  });
});

describe("sentences for people", () => {
  test("a wrong password", async () => {
    server.script = ({ tag, name }) => (name === "LOGIN" ? [`${tag} NO [AUTHENTICATIONFAILED] Authentication failed.`] : null);
    await expect(signIn()).rejects.toMatchObject({ kind: "auth" });
    await expect(signIn()).rejects.toThrow(
      'localhost refused user name or password. It answered: "Authentication failed.". Check user name and password; many providers ask for an app password',
    );
  });

  test("no password stored", async () => {
    await expect(imap.signIn(inbox(), testTools())).rejects.toMatchObject({ kind: "auth" });
  });

  test("no server there", async () => {
    const { port } = server;
    await server.stop();
    await expect(signIn({ port })).rejects.toThrow(`localhost accepts no connections on port ${port}. Check host and port.`);
    await expect(signIn({ port })).rejects.toMatchObject({ kind: "unavailable" });
  });

  test("a greeting that never comes", async () => {
    server.greeting = null;
    const short = connect(inbox(), byPassword(inbox(), tools()), tools(), { connect: 1000, greeting: 300, idle: 1000 });
    await expect(short).rejects.toMatchObject({ kind: "unavailable", message: expect.stringContaining("never greeted") });
  });

  test("a server that speaks POP3", async () => {
    server.greeting = "+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>";
    const short = connect(inbox(), byPassword(inbox(), tools()), tools(), { connect: 1000, greeting: 500, idle: 1000 });
    await expect(short).rejects.toMatchObject({ kind: "rejected", message: expect.stringContaining("POP3") });
    expect(server.commands).toEqual([]);
  });

  test("TLS that is not offered: nothing is sent in clear text", async () => {
    const plain = await startFakeImap({ tls: null });
    await expect(signIn({ port: plain.port, security: "starttls" })).rejects.toMatchObject({ kind: "rejected" });
    await expect(signIn({ port: plain.port, security: "starttls" })).rejects.toThrow("offers no encryption (STARTTLS)");
    expect(plain.commands.filter((line) => /LOGIN|AUTHENTICATE|secret/.test(line))).toEqual([]);
    plain.greeting = "* PREAUTH welcome";
    await expect(signIn({ port: plain.port, security: "starttls" })).rejects.toMatchObject({ kind: "rejected" });
    await expect(signIn({ port: plain.port, security: "tls" })).rejects.toMatchObject({
      kind: "rejected",
      message: expect.stringContaining("does not speak TLS"),
    });
    await plain.stop();
  });

  test("an address inside the network, unless it is allowed", async () => {
    await expect(signIn({}, { dial: createDial({ allow: [] }) })).rejects.toMatchObject({
      kind: "rejected",
      message: expect.stringContaining("allowedHosts"),
    });
    expect(server.connections).toBe(0);
  });

  test.each([
    ["* BYE [UNAVAILABLE] Maximum number of connections from user+IP exceeded", "rate_limited"],
    ["* BYE Server shutting down", "unavailable"],
  ])("a greeting of %s", async (greeting, kind) => {
    server.greeting = greeting;
    await expect(signIn()).rejects.toMatchObject({ name: "ConnectorError", kind });
  });

  test.each([
    ["[UNAVAILABLE] Temporary authentication failure", "unavailable"],
    ["[LIMIT] Too many login attempts, try again in 15 minutes", "rate_limited"],
    ["[ALERT] Too many simultaneous connections. (Failure)", "rate_limited"],
    ["[EXPIRED] Password expired", "auth"],
    ["[AUTHORIZATIONFAILED] Not allowed", "auth"],
    ["Invalid credentials", "auth"],
  ])("a log-in answered by NO %s", async (words, kind) => {
    server.script = ({ tag, name }) => (name === "LOGIN" ? [`${tag} NO ${words}`] : null);
    await expect(signIn()).rejects.toMatchObject({ name: "ConnectorError", kind });
  });
});

describe("a server that misbehaves in the middle of a pull", () => {
  /** A server that takes a folder away ends the sessions in which it is open: its numbers hold as long as they last. */
  const endSessionsOnce = (): void => {
    server.script = ({ name }, socket) => {
      if (name !== "UID FETCH") return null;
      server.script = () => null;
      socket.end("* BYE Mailbox was changed under you\r\n");
      return "handled";
    };
  };

  test("a reset connection is made anew, and the pull goes on without loss or repeat", async () => {
    for (let n = 1; n <= 450; n++) server.put("INBOX", letter(n));
    let fetches = 0;
    server.script = ({ name }, socket) => {
      if (name !== "UID FETCH" || ++fetches % 2 === 0) return null;
      socket.write("* 1 FETCH (UID 1 BODY[HEADER.FIELDS (FROM)] {500}\r\nFrom: half a");
      setTimeout(() => socket.destroy(), 20);
      return "handled";
    };
    const pages = await pullAll();
    expect(new Set(ids(pages)).size).toBe(450);
    expect(ids(pages)).toHaveLength(450);
    expect(server.connections).toBe(4);
  });

  test("one that resets every time is unavailable after a few tries", async () => {
    server.put("INBOX", letter(1));
    server.script = ({ name }, socket) => {
      if (name !== "UID FETCH") return null;
      socket.destroy();
      return "handled";
    };
    await expect(pullAll()).rejects.toMatchObject({ name: "ConnectorError", kind: "unavailable" });
    // Three tries, and one more to see whether the server is there for the other folders.
    expect(server.connections).toBe(4);
  });

  test.each([
    ["NO [LIMIT] Too many commands. Wait 90 seconds", "rate_limited", 90_000],
    ["NO [THROTTLED] Account exceeded command or bandwidth limits.", "rate_limited", null],
    ["NO [UNAVAILABLE] Backend down", "unavailable", null],
    ["NO something else", "unavailable", null],
    ["BAD Internal error", "unavailable", null],
  ])("a folder, a fetch or a search answered by %s", async (words, kind, retryAfterMs) => {
    server.put("INBOX", letter(1));
    server.script = ({ tag, name }) => (name === "EXAMINE" ? [`${tag} ${words}`] : null);
    await expect(pullAll()).rejects.toMatchObject({ name: "ConnectorError", kind, retryAfterMs });
    server.script = ({ tag, name }) => (name === "UID FETCH" ? [`${tag} ${words}`] : null);
    await expect(pullAll()).rejects.toMatchObject({ name: "ConnectorError", kind, retryAfterMs });
    server.script = ({ tag, name }) => (name === "UID SEARCH" ? [`${tag} ${words}`] : null);
    // imapflow keeps the words of a refused search to itself.
    await expect(pullAll()).rejects.toMatchObject({ name: "ConnectorError", kind: "unavailable" });
  });

  test.each(["LIST", "UID FETCH"])("a refused %s is never taken for nothing there", async (refused) => {
    const uid = server.put("INBOX", letter(1));
    const session = await imap.open(inbox(), tools());
    server.script = ({ tag, name }) => (name === refused ? [`${tag} NO [UNAVAILABLE] Backend down`] : null);
    await expect(collect(session.pull(null))).rejects.toMatchObject({ kind: "unavailable" });
    if (refused === "UID FETCH") {
      const ref = `${server.folders.get("INBOX")?.uidValidity}:${uid}:INBOX`;
      await expect(session.fetchRaw(ref, { maxBytes: 1e6 })).rejects.toMatchObject({ kind: "unavailable" });
    }
    await session.close();
  });

  test("BYE in the middle is a dropped connection", async () => {
    server.put("INBOX", letter(1));
    let once = true;
    server.script = ({ name }, socket) => {
      if (name !== "UID FETCH" || !once) return null;
      once = false;
      socket.end("* BYE Autologout\r\n");
      return "handled";
    };
    expect(ids(await pullAll())).toEqual(numbered(1));
  });

  test("a range that means the last message again brings nothing twice", async () => {
    server.put("INBOX", letter(1));
    for (const folder of server.folders.values()) folder.tellsUidNext = false;
    const first = await pullAll();
    expect(ids(first)).toEqual(numbered(1));
    expect(await pullAll(last(first))).toEqual([]);
    expect(server.commands.some((line) => line.includes("UID SEARCH UID 2:4294967295"))).toBe(true);
    // A server that takes the highest number for the last message, all the same.
    server.script = ({ tag, name, rest }) => (name === "UID SEARCH" && rest.startsWith("UID 2:") ? ["* SEARCH 1", `${tag} OK done`] : null);
    expect(await pullAll(last(first))).toEqual([]);
    server.script = () => null;
    server.put("INBOX", letter(2));
    expect(ids(await pullAll(last(first)))).toEqual(numbered(2));
  });

  test.each([1, 5, 1000])("a next number that is always told as %i loses nothing and repeats nothing", async (told) => {
    server.put("INBOX", letter(1));
    server.folders.set("INBOX", { ...(server.folders.get("INBOX") ?? newFolder()), tellsUidNext: told });
    const first = await pullAll();
    expect(ids(first)).toEqual(numbered(1));
    expect(await pullAll(last(first))).toEqual([]);
    server.put("INBOX", letter(2));
    server.put("INBOX", letter(3));
    const second = await pullAll(last(first));
    expect(ids(second)).toEqual(numbered(2, 3));
    expect(await pullAll(last(second))).toEqual([]);
  });

  test("a look at a quiet mailbox opens no folder; a server that refuses to be asked that way is looked at all the same", async () => {
    server.put("INBOX", letter(1));
    const first = await pullAll();
    const before = server.commands.length;
    expect(await pullAll(last(first))).toEqual([]);
    const asked = server.commands.slice(before).map((line) => line.split(" ")[1]);
    expect(asked.filter((name) => name === "STATUS")).toHaveLength(3);
    expect(asked).not.toContain("EXAMINE");
    server.script = ({ tag, name }) => (name === "STATUS" ? [`${tag} BAD Unknown command`] : null);
    expect(await pullAll(last(first))).toEqual([]);
    server.put("INBOX", letter(2));
    expect(ids(await pullAll(last(first)))).toEqual(numbered(2));
  });

  test("an empty folder that is numbered anew at each look is no news, and its first message is", async () => {
    const inboxFolder = server.folders.get("INBOX") ?? newFolder();
    inboxFolder.tellsUidNext = false;
    let looks = 7;
    server.script = ({ name }) => {
      if (name === "EXAMINE" && inboxFolder.messages.length === 0) inboxFolder.uidValidity = ++looks;
      return null;
    };
    const first = await pullAll();
    expect(await pullAll(last(first))).toEqual([]);
    server.put("INBOX", letter(1));
    const pages = await pullAll(last(first));
    expect(ids(pages)).toEqual(numbered(1));
    expect(pages.map(({ backfill, warnings }) => [backfill, warnings])).toEqual([[false, []]]);
    expect(await pullAll(last(pages))).toEqual([]);
  });

  test("a search by date that finds nothing, although the newest message is young, is not believed; an old mailbox is", async () => {
    const day = 86_400_000;
    server.put("INBOX", letter(1), new Date(Date.now() - 60 * day));
    server.put("INBOX", letter(2), new Date(Date.now() - 1000));
    server.script = ({ tag, name, rest }) => (name === "UID SEARCH" && rest.includes("SINCE") ? ["* SEARCH", `${tag} OK done`] : null);
    const since = Date.now() - 30 * day;
    const pullSince = async (): Promise<Page[]> => {
      const session = await imap.open({ ...inbox(), since }, tools());
      return collect(session.pull(null)).finally(() => session.close());
    };
    expect(ids(await pullSince())).toEqual(numbered(2));
    server.folders.get("INBOX")?.messages.pop();
    expect(ids(await pullSince())).toEqual([]);
  });

  test("UIDVALIDITY missing is a number like any other", async () => {
    for (const folder of server.folders.values()) folder.uidValidity = null;
    server.put("INBOX", letter(1));
    const first = await pullAll();
    expect(first[0]?.messages[0]?.ref).toBe("0:1:INBOX");
    expect(await pullAll(last(first))).toEqual([]);
  });

  test("UIDVALIDITY that changes while a pull runs ends it, and the next one lists again", async () => {
    for (let n = 1; n <= 250; n++) server.put("INBOX", letter(n));
    const session = await imap.open(inbox(), tools());
    const pages = session.pull(null)[Symbol.asyncIterator]();
    const first: Page | null = (await pages.next()).value;
    server.folders.set("INBOX", {
      ...newFolder(),
      uidValidity: 2,
      uidNext: 2,
      messages: [{ uid: 1, raw: Buffer.from(letter(7)), at: new Date(), flags: [] }],
    });
    endSessionsOnce();
    await expect(pages.next()).rejects.toMatchObject({ kind: "unavailable" });
    await session.close();
    const again = await pullAll(first?.cursor ?? null);
    expect(ids(again)).toEqual(numbered(7));
    expect(again[0]?.warnings).toMatchObject([{ code: "folder_renumbered" }]);
  });

  test("a literal that would fill the memory is refused, twice, and then the server is", async () => {
    server.put("INBOX", letter(1));
    server.script = ({ name }, socket) => {
      if (name !== "UID FETCH") return null;
      socket.write("* 1 FETCH (UID 1 BODY[HEADER.FIELDS (FROM)] {999999999}\r\n");
      return "handled";
    };
    await expect(pullAll()).rejects.toMatchObject({ kind: "rejected", message: expect.stringContaining("far more than it was asked for") });
  });

  test("a header of 20 MB is cut, and its page comes with the other messages", async () => {
    server.put("INBOX", letter(1));
    server.put("INBOX", `Message-ID: <m2@sales.example>\r\nReferences: ${"<x@y> ".repeat(3_500_000)}\r\n\r\nbody`);
    server.put("INBOX", letter(3));
    expect(ids(await pullAll())).toEqual(numbered(1, 2, 3));
  });

  test("a message left out of an answer is asked for again; one that is listed and still not sent is told to be read later, by a ref that works then", async () => {
    for (const n of [1, 2, 3]) server.put("INBOX", letter(n));
    let fetches = 0;
    const without = (uid: number) => (message: { uid: number }) => message.uid !== uid;
    const leaveOut = (uid: number, times: number): void => {
      server.script = ({ tag, name, rest }) => {
        if (name !== "UID FETCH" || ++fetches > times) return null;
        const all = server.folders.get("INBOX")?.messages.filter(without(uid)) ?? [];
        const lines = all.map((message, index) => `* ${index + 1} FETCH ${fetchItems(message, rest)}`);
        return [...(rest.startsWith("1:3") ? lines : []), `${tag} OK done`];
      };
    };
    leaveOut(2, 1);
    expect(ids(await pullAll())).toEqual(numbered(1, 2, 3));
    fetches = 0;
    leaveOut(2, 2);
    const pages = await pullAll();
    expect(ids(pages)).toEqual(numbered(1, 3));
    const unread = pages.flatMap((page) => page.unread ?? []);
    expect(unread).toMatchObject([{ folder: "INBOX", role: "inbox", receivedAt: null }]);
    expect(pages[0]?.gaps).toEqual([]);
    server.script = () => null;
    const session = await imap.open(inbox(), tools());
    expect(Buffer.from((await session.fetchRaw(unread[0]?.ref ?? "", { maxBytes: 1e6 })) as Uint8Array).toString()).toBe(letter(2));
    await session.close();
  });

  test.each(["nothing", "nothing, and refuses to search", "nothing, and hangs up"])(
    "a message of which the server sends %s is not held to be gone",
    async (how) => {
      server.put("INBOX", letter(1));
      const [ref] = (await pullAll()).flatMap(({ messages }) => messages.map((message) => message.ref));
      const session = await imap.open(inbox(), tools());
      server.script = ({ tag, name }, socket) => {
        if (name === "UID SEARCH" && how.includes("refuses")) return [`${tag} NO [SERVERBUG] Internal error`];
        if (name !== "UID FETCH") return null;
        if (!how.includes("hangs up")) return [`${tag} OK done`];
        socket.end(`${tag} OK done\r\n* BYE see you\r\n`);
        return "handled";
      };
      await expect(session.fetchRaw(ref ?? "", { maxBytes: 1e6 })).rejects.toMatchObject({ kind: "unavailable" });
      server.script = () => null;
      expect(await session.fetchRaw(ref ?? "", { maxBytes: 1e6 })).toBeInstanceOf(Uint8Array);
      server.folders.get("INBOX")?.messages.splice(0);
      expect(await session.fetchRaw(ref ?? "", { maxBytes: 1e6 })).toBe("gone");
      await session.close();
    },
  );

  test.each(["a dropped connection", "a refusal"])("one message the server fails over with %s holds up nothing beside it", async (how) => {
    for (let n = 1; n <= 250; n++) server.put("INBOX", letter(n));
    const hits = (set: string): boolean =>
      set.split(",").some((part) => {
        const [from, to = from] = part.split(":").map(Number);
        return (from ?? 0) <= 137 && (to ?? 0) >= 137;
      });
    server.script = ({ tag, name, rest }, socket) => {
      if (name !== "UID FETCH" || !hits(rest.split(" ", 1)[0] ?? "")) return null;
      if (how === "a refusal") return [`${tag} NO [SERVERBUG] Internal error occurred`];
      socket.end("* BYE Internal error occurred\r\n");
      return "handled";
    };
    const pages = await pullAll();
    expect(ids(pages)).toHaveLength(249);
    expect(pages.flatMap(({ unread = [] }) => unread)).toMatchObject([{ folder: "INBOX", ref: expect.stringContaining(":137:") }]);
    expect(await pullAll(last(pages))).toEqual([]);
  });

  test("a folder whose only new message cannot be read does not hold up the others, and the failure is told at the end", async () => {
    server.put("Sent", letter(1));
    server.put("INBOX", letter(2));
    let open = "";
    server.script = ({ tag, name, rest }) => {
      if (name === "EXAMINE") open = rest;
      return name === "UID FETCH" && open.includes("Sent") ? [`${tag} NO [SERVERBUG] Internal error`] : null;
    };
    const session = await imap.open(inbox(), tools());
    const pages: Page[] = [];
    const pulling = (async () => {
      for await (const page of session.pull(null)) pages.push(page);
    })();
    await expect(pulling).rejects.toMatchObject({ kind: "unavailable" });
    await session.close();
    expect(ids(pages)).toEqual(numbered(2));
    server.script = () => null;
    expect(ids(await pullAll(last(pages)))).toEqual(numbered(1));
  });

  test("a folder that goes away while it is read loses nothing when it comes back", async () => {
    for (let n = 1; n <= 250; n++) server.put("INBOX", letter(n));
    const session = await imap.open(inbox(), tools());
    const pages = session.pull(null)[Symbol.asyncIterator]();
    const first: Page | null = (await pages.next()).value;
    const folder = server.folders.get("INBOX") ?? newFolder();
    server.folders.delete("INBOX");
    endSessionsOnce();
    await expect(pages.next()).rejects.toMatchObject({ kind: "unavailable" });
    await session.close();
    const without = await pullAll(first?.cursor ?? null);
    expect(without.flatMap(({ warnings }) => warnings)).toMatchObject([{ code: "folder_missing", folder: "INBOX" }]);
    server.folders.set("INBOX", folder);
    expect(ids(await pullAll(last(without)))).toHaveLength(50);
  });

  test("answers nobody asked for that do not end are cut off, long before they fill the memory", async () => {
    server.put("INBOX", letter(1));
    let sent = 0;
    server.script = ({ name }, socket) => {
      if (name !== "UID FETCH") return null;
      const more = (): void => {
        while (!socket.destroyed && sent < 400e6) {
          const piece = `* 1 FETCH (UID 1 BODY[HEADER.FIELDS (FROM)] {60000}\r\n${"x".repeat(60_000)})\r\n`.repeat(20);
          sent += piece.length;
          if (!socket.write(piece)) return void socket.once("drain", more);
        }
      };
      more();
      return "handled";
    };
    const before = process.memoryUsage().rss;
    await expect(pullAll()).rejects.toMatchObject({ name: "ConnectorError" });
    expect(sent).toBeLessThan(400e6);
    expect(process.memoryUsage().rss - before).toBeLessThan(400e6);
  }, 60_000);

  test("a line that does not end is cut off", async () => {
    let sent = 0;
    server.script = ({ name }, socket) => {
      if (name !== "LIST") return null;
      const more = (): void => {
        while (!socket.destroyed && sent < 400e6) {
          sent += 1e6;
          if (!socket.write("x".repeat(1e6))) return void socket.once("drain", more);
        }
      };
      more();
      return "handled";
    };
    await expect(pullAll()).rejects.toMatchObject({ kind: "rejected", message: expect.stringContaining("far more than it was asked for") });
    expect(sent).toBeLessThan(400e6);
  }, 60_000);

  test("a connection a router dropped without a word is noticed, and made anew", async () => {
    for (let n = 1; n <= 3; n++) server.put("INBOX", letter(n));
    let silent = true;
    server.script = ({ name }) => {
      if (name !== "UID FETCH" || !silent) return null;
      silent = false;
      return "handled";
    };
    const way = byPassword(inbox(), tools());
    const connection = openConnection(inbox(), way, tools(), { connect: 1000, greeting: 1000, idle: 300 });
    const pages = await collect(pullImap(connection, inbox(), way, tools(), null));
    expect(ids(pages)).toEqual(numbered(1, 2, 3));
    expect(server.connections).toBe(2);
    await connection.close();
  });

  test("answers nobody asked for are passed over", async () => {
    for (const n of [1, 2]) server.put("INBOX", letter(n));
    server.script = ({ name }, socket) => {
      if (name === "UID FETCH") socket.write("* 2 FETCH (UID 2 FLAGS (\\Seen))\r\n* 3 EXISTS\r\n* 1 FETCH (FLAGS ())\r\n");
      return null;
    };
    expect(ids(await pullAll())).toEqual(numbered(1, 2));
  });

  test("flags in lower case mean what they mean", async () => {
    server.folders.set("Sent", newFolder("\\sent"));
    server.folders.set("Parent", newFolder("\\noselect"));
    const { folders, warnings } = await signIn();
    expect([folders[0], warnings]).toEqual([{ path: "Sent", role: "sent" }, []]);
    expect(await imap.listFolders?.(inbox(), tools())).not.toContain("Parent");
  });

  test.each([
    "Elementy wys&AUI-ane", // Elementy wysłane
    "INBOX.Wys&AUI-ane",
    "Gesendete Objekte",
    "INBOX/Gesendet",
    "&AMk-l&AOk-ments envoy&AOk-s", // Éléments envoyés
    "Elementos enviados",
    "Itens Enviados",
    "Posta inviata",
    "Verzonden items",
    "Skickat",
    "Odeslan&AOE- po&AWE-ta", // Odeslaná pošta
    "&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-", // Отправленные
    "&kAFP4W4IMH8-", // 送信済み
    "&XfJT0ZAB-", // 已发送
    "Sent Items",
    "Sent Messages",
  ])("sent mail is found in a folder called %s, with a warning that it was guessed", async (name) => {
    server.folders.delete("Sent");
    server.folders.set(name, newFolder());
    for (const folder of server.folders.values()) folder.specialUse = null;
    const { folders, warnings } = await signIn();
    expect(folders[0]?.role).toBe("sent");
    expect(warnings).toMatchObject([{ code: "sent_folder_guessed" }]);
  });

  test("a folder a person chose for sent mail comes before any name", async () => {
    server.folders.set("Wychodz&AQU-ce", newFolder());
    const { folders, warnings } = await signIn({ sentFolder: "Wychodzące" });
    expect([folders[0], warnings]).toEqual([{ path: "Wychodzące", role: "sent" }, []]);
  });

  test("a server without special use: Sent by its name, with a warning", async () => {
    for (const folder of server.folders.values()) folder.specialUse = null;
    const { folders, warnings } = await signIn();
    expect(folders[0]).toEqual({ path: "Sent", role: "sent" });
    expect(warnings).toMatchObject([{ code: "sent_folder_guessed", folder: "Sent" }]);
    server.folders.delete("Sent");
    expect((await signIn()).warnings).toMatchObject([{ code: "sent_folder_unknown" }]);
  });

  test.each(["LOGIN", "LIST", "EXAMINE", "UID SEARCH", "UID FETCH"])(
    "an abort ends a %s that hangs within a second, with its reason",
    async (hanging) => {
      server.put("INBOX", letter(1));
      const stop = new AbortController();
      server.script = ({ name }) => {
        if (name !== hanging) return null;
        setTimeout(() => stop.abort(new Error("the turn is over")), 50);
        return "handled";
      };
      const began = Date.now();
      await expect(pullAll(null, { signal: stop.signal })).rejects.toThrow("the turn is over");
      expect(Date.now() - began).toBeLessThan(1000);
    },
  );
});

describe("connections are few", () => {
  const crowded = (cap: number): Tools => tools({ places: createPlaces((key) => (key.includes(" ") ? 4 : cap)) });

  test("what is polled waits for a place at the host, and what it held is free again afterwards", async () => {
    server.put("INBOX", letter(1));
    const shared = crowded(1);
    const pull = async (): Promise<string[]> => {
      const session = await imap.open(inbox(), shared);
      return collect(session.pull(null))
        .then(ids)
        .finally(() => session.close());
    };
    expect(await Promise.all([pull(), pull(), pull()])).toEqual([numbered(1), numbered(1), numbered(1)]);
    server.greeting = "* BYE go away";
    await expect(imap.signIn(inbox(), shared)).rejects.toMatchObject({ kind: "unavailable" });
    server.greeting = "* OK ready";
    expect(await pull()).toEqual(numbered(1));
  });

  test("a connection that is only held for hints leaves room for those that poll, and says so", async () => {
    const shared = crowded(5);
    const watch = async () => (await imap.open(inbox(), shared)).watch?.(() => {});
    const stops = [await watch(), await watch(), await watch(), await watch()];
    await expect(watch()).rejects.toMatchObject({ kind: "rate_limited", message: expect.stringContaining("this mailbox is polled") });
    expect((await imap.signIn(inbox(), shared)).folders).toHaveLength(3);
    await stops[0]?.();
    stops.push(await watch());
    for (const stop of stops) await stop?.();
  });

  test("a server that does not tell of new mail has no connection held to it", async () => {
    server.capabilities = ["SPECIAL-USE"];
    const session = await imap.open(inbox(), tools());
    await expect(session.watch?.(() => {})).rejects.toMatchObject({ kind: "rejected", message: expect.stringContaining("no IDLE") });
    expect((await signIn()).limits).toMatchObject([{ code: "no_idle" }]);
    server.capabilities.push("IDLE");
    expect((await signIn()).limits).toEqual([]);
    await session.close();
  });
});

test("the password stands in no error and no log", async () => {
  const said: string[] = [];
  const note = (fields: object, message: string): void => {
    said.push(JSON.stringify(fields) + message);
  };
  server.password = "other";
  const error = await signIn({}, { log: { debug: note, info: note, warn: note, error: note } }).catch((thrown: unknown) => thrown);
  expect(server.commands.join()).toContain("secret");
  expect(said.join() + JSON.stringify(error, Object.getOwnPropertyNames(error)) + String((error as Error).stack)).not.toContain("secret");
});
