import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exchange } from "../../../connectors/exchange/connector.ts";
import type { ConnectorErrorKind, Json } from "../../../src/ports/connector.ts";
import type { Misbehaviour } from "../../fakes/exchange/start-fake-exchange.ts";
import { failureOf, idsOf, lastCursor, letter, named } from "../letters.ts";
import { collect } from "../test-tools.ts";
import { type Exchange, openExchange, pullAll, toolsOf } from "./open-exchange.ts";

let stage: Exchange;
beforeEach(async () => {
  stage = await openExchange();
  stage.fake.schemes = ["Basic"];
});
afterEach(() => stage.close());

const html = "<!DOCTYPE html><html><body>Proxy sign-in</body></html>";
const raw = (status: number, body = "", headers = {}): Misbehaviour => ({ raw: { status, body, headers } });
const code = (name: string): Misbehaviour => ({ refusal: { code: name } });

const rows: readonly (readonly [string, Misbehaviour, ConnectorErrorKind, RegExp])[] = [
  ["ErrorAccessDenied", code("ErrorAccessDenied"), "auth", /right to read it/],
  ["ErrorNonExistentMailbox", code("ErrorNonExistentMailbox"), "rejected", /no such mailbox/],
  ["ErrorMailboxStoreUnavailable", code("ErrorMailboxStoreUnavailable"), "unavailable", /cannot serve/],
  ["ErrorInternalServerTransientError", code("ErrorInternalServerTransientError"), "unavailable", /cannot serve/],
  ["ErrorPasswordExpired", code("ErrorPasswordExpired"), "auth", /password has expired/],
  ["a fault: ErrorServerBusy", { fault: { code: "ErrorServerBusy", backOffMilliseconds: 70_000 } }, "rate_limited", /asks us to wait/],
  ["a fault: ErrorInvalidServerVersion", { fault: { code: "ErrorInvalidServerVersion" } }, "rejected", /by IMAP/],
  ["HTTP 403", raw(403), "auth", /administrator/],
  ["HTTP 404", raw(404, html), "rejected", /Exchange\.asmx/],
  ["HTTP 456", raw(456), "auth", /locked/],
  ["HTTP 500 with a page", raw(500, html), "unavailable", /HTTP 500/],
  ["HTTP 503", raw(503), "unavailable", /cannot serve/],
  ["HTTP 503 that names a time", raw(503, "", { "retry-after": "120" }), "rate_limited", /wait/],
  ["a redirect", raw(302, "", { location: "https://elsewhere.example/EWS/Exchange.asmx" }), "rejected", /another address/],
  ["a web page of a proxy", raw(200, html), "rejected", /web page/],
  ["XML that is cut off", raw(200, "<s:Envelope><s:Body>", { "content-type": "text/xml" }), "unavailable", /cannot be read/],
  [
    "XML with entities of its own",
    raw(200, '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', { "content-type": "text/xml" }),
    "unavailable",
    /cannot be read/,
  ],
  ["nothing", "reset", "unavailable", /ended the connection/],
];

test.each(rows)("%s becomes a sentence of the right kind", async (_, answer, kind, words) => {
  stage.fake.script = () => answer;
  expect(await failureOf(pullAll(stage))).toMatchObject({ name: "ConnectorError", kind, message: expect.stringMatching(words) });
});

test("a password goes nowhere else: a redirect is not followed", async () => {
  stage.fake.script = () => raw(307, "", { location: stage.fake.url.replace("/EWS/", "/elsewhere/") });
  await failureOf(pullAll(stage));
  expect(new Set(stage.fake.seen.map(({ path }) => path))).toEqual(new Set(["/EWS/Exchange.asmx"]));
});

test("a short wait is sat out, and the question asked again", async () => {
  await stage.put("inbox", letter(1));
  let asked = 0;
  stage.fake.script = ({ operation }) => {
    if (operation !== "GetItem" || asked++ > 0) return null;
    return { refusal: { code: "ErrorServerBusy", backOffMilliseconds: 300 } };
  };
  const began = Date.now();
  expect(idsOf(await pullAll(stage))).toEqual(named(1));
  expect(Date.now() - began).toBeGreaterThanOrEqual(300);
});

describe("one message", () => {
  const read = async (): Promise<unknown> => {
    const session = await exchange.open(stage.inbox, toolsOf(stage));
    try {
      const [page] = await collect(session.pull(null));
      return await session.fetchRaw(page?.messages[0]?.ref ?? "", { maxBytes: 1e6 });
    } finally {
      await session.close();
    }
  };

  test("larger than the server gives out is refused with what an administrator can do", async () => {
    await stage.put("sentitems", letter(1));
    stage.fake.refuseItem = (_, { whole }) => (whole ? { code: "ErrorMessageSizeExceeded" } : null);
    expect(await failureOf(read())).toMatchObject({ kind: "rejected", message: expect.stringContaining("raise the limit") });
  });

  test("that the server gives without its content is not held to be gone", async () => {
    await stage.put("sentitems", letter(1));
    stage.fake.refuseItem = (_, { whole }) => (whole ? "no_content" : null);
    expect(await failureOf(read())).toMatchObject({ kind: "unavailable", message: expect.stringContaining("did not give it") });
  });

  test("deleted between being listed and being read is passed over", async () => {
    await stage.put("inbox", letter(1));
    await stage.put("inbox", letter(2));
    stage.fake.script = ({ operation }) => {
      if (operation === "GetItem") for (const item of stage.box.items.filter(({ raw }) => raw.includes("<1@"))) stage.box.remove(item);
      return null;
    };
    const pages = await pullAll(stage);
    expect(idsOf(pages)).toEqual(named(2));
    expect(pages.flatMap(({ gaps }) => gaps)).toEqual([]);
  });

  test("whose header the server fails over is told by its other fields", async () => {
    await stage.put("inbox", letter(1));
    stage.fake.refuseItem = (_, { header }) => (header ? { code: "ErrorInternalServerError" } : null);
    const [message] = (await pullAll(stage)).flatMap(({ messages }) => messages);
    expect(message?.headers.get("subject")).toEqual(["Offer 1"]);
  });

  test("that the server cannot give at all is told to be read later, and the others are read", async () => {
    for (const n of [1, 2, 3]) await stage.put("inbox", letter(n));
    stage.fake.refuseItem = ({ raw }) => (raw.includes("<2@") ? { code: "ErrorCorruptData" } : null);
    const pages = await pullAll(stage);
    expect(idsOf(pages)).toEqual(named(3, 1));
    const unread = pages.flatMap((page) => page.unread ?? []);
    expect(unread).toMatchObject([{ folder: "Inbox", role: "inbox", receivedAt: expect.any(Number) }]);
    expect(pages.flatMap(({ gaps }) => gaps)).toEqual([]);
    expect(await pullAll(stage, lastCursor(pages))).toEqual([]);
    stage.fake.refuseItem = () => null;
    const session = await exchange.open(stage.inbox, toolsOf(stage));
    expect(Buffer.from((await session.fetchRaw(unread[0]?.ref ?? "", { maxBytes: 1e6 })) as Uint8Array).toString()).toBe(letter(2));
    await session.close();
  });

  test("alone and damaged does not hold up the inbox for ever", async () => {
    await stage.put("inbox", letter(1));
    const first = await pullAll(stage);
    stage.fake.refuseItem = () => ({ code: "ErrorInternalServerError" });
    await stage.put("inbox", letter(2));
    const pages = await pullAll(stage, lastCursor(first));
    expect(pages.flatMap(({ unread = [] }) => unread)).toHaveLength(1);
    expect(await pullAll(stage, lastCursor(pages))).toEqual([]);
  });
});

test("a server that fails over all of several messages is failing: they are read when it is well again", async () => {
  for (const n of [1, 2, 3]) await stage.put("inbox", letter(n));
  stage.fake.refuseItem = () => ({ code: "ErrorInternalServerError" });
  expect(await failureOf(pullAll(stage))).toMatchObject({ kind: "unavailable" });
  stage.fake.refuseItem = () => null;
  expect(idsOf(await pullAll(stage))).toEqual(named(3, 2, 1));
});

describe("settings", () => {
  const signIn = async (settings: { [name: string]: Json }): Promise<unknown> =>
    failureOf(exchange.signIn({ ...stage.inbox, settings: { ...(stage.inbox.settings as object), ...settings } }, toolsOf(stage)));

  test.each([
    "outlook.office365.com",
    "https://outlook.office365.com/EWS/Exchange.asmx",
    "outlook.office.com",
    "autodiscover-s.outlook.com",
  ])("%s is refused: there this way is closed", async (server) => {
    expect(await signIn({ server })).toMatchObject({ kind: "rejected", message: expect.stringContaining("signing in at Microsoft") });
    expect(stage.fake.requests).toBe(0);
  });

  test.each(["http://localhost/EWS/Exchange.asmx", "https://anna:hunter2@localhost/", "ftp://localhost"])(
    "%s is refused",
    async (server) => {
      expect(await signIn({ server })).toMatchObject({ kind: "rejected", message: expect.not.stringContaining("hunter2") });
    },
  );

  test("a certificate nobody vouches for ends it before a password goes out", async () => {
    expect(await signIn({ pinnedCertificate: "" })).toMatchObject({ kind: "rejected", message: expect.stringContaining("certificate") });
    expect(stage.fake.requests).toBe(0);
  });

  test("what a person types stands in XML as text, never as XML", async () => {
    const sharedMailbox = 'a"/><m:DeleteItem>\r\n&evil;\u0000</x>@sales.example';
    expect(await signIn({ sharedMailbox })).toMatchObject({ kind: "rejected", message: expect.stringContaining("no such mailbox") });
    expect(stage.fake.seen.map(({ operation }) => operation)).toEqual(["GetFolder"]);
    expect(stage.fake.violations).toEqual([]);
  });

  test("a shared mailbox is opened by its address, and told as closed where it is", async () => {
    const shared = stage.fake.addMailbox("team@sales.example");
    shared.addFolder("Bounces");
    await shared.put("inbox", Buffer.from(letter("team")), stage.fake.now());
    stage.fake.tick();
    const inbox = { ...stage.inbox, settings: { ...(stage.inbox.settings as object), sharedMailbox: "team@sales.example" } };
    expect(idsOf(await pullAll({ ...stage, inbox }))).toEqual(named("team"));
    const signedIn = await exchange.signIn(inbox, toolsOf(stage));
    expect(signedIn).toMatchObject({ address: "team@sales.example", addresses: ["team@sales.example"] });
    stage.fake.closed.add("team@sales.example");
    expect(await failureOf(exchange.signIn(inbox, toolsOf(stage)))).toMatchObject({
      kind: "auth",
      message: expect.stringContaining("Full Access"),
    });
  });
});
