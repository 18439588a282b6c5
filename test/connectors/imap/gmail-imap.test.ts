import { createHash, randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { gmailImap } from "../../../connectors/imap/gmail-imap.ts";
import type { Cursor, Page } from "../../../src/ports/connector.ts";
import { allMail } from "../../fakes/gmail-imap.ts";
import { grantError } from "../../fakes/google/answer.ts";
import { collect } from "../test-tools.ts";
import { letter } from "./mailbox.ts";
import { type GmailImapStage, mailScope, openGmailImap, toolsOf } from "./open-gmail-imap.ts";

let stage: GmailImapStage;
beforeEach(async () => {
  stage = await openGmailImap();
});
afterEach(() => stage.close());

const pullAll = async (cursor: Cursor = null): Promise<Page[]> => {
  const session = await gmailImap.open(stage.inbox, toolsOf(stage));
  return collect(session.pull(JSON.parse(JSON.stringify(cursor)))).finally(() => session.close());
};
const messages = (pages: readonly Page[]): Page["messages"] => pages.flatMap((page) => page.messages);
const told = (pages: readonly Page[]): string[] =>
  messages(pages).map(({ headers, role, folder }) => `${headers.get("message-id")?.[0]} ${role} ${folder}`);
const last = (pages: readonly Page[]): Cursor => pages.at(-1)?.cursor ?? null;
const tokensAsked = (): number => stage.google.asked.filter(({ method }) => method === "token").length;
const logIns = (): string[] => stage.server.commands.filter((line) => / AUTHENTICATE | LOGIN /.test(line));

describe("labels are folders, and one message lies under several", () => {
  test("all mail and spam are read, sent mail first, each message once; drafts and the bin are not", async () => {
    stage.server.file(letter("sent"), ["\\Sent"]);
    stage.server.file(letter("in"), ["\\Inbox", "Work"]);
    stage.server.file(letter("archived"), []);
    stage.server.file(letter("draft"), ["\\Draft"]);
    stage.server.file(letter("spam"), ["\\Spam"]);
    stage.server.file(letter("bin"), ["\\Trash"]);
    const pages = await pullAll();
    expect(told(pages)).toEqual([
      "<msent@sales.example> sent [Gmail]/Sent Mail",
      `<min@sales.example> inbox ${allMail}`,
      `<marchived@sales.example> all ${allMail}`,
      "<mspam@sales.example> junk [Gmail]/Spam",
    ]);
    expect(pages.flatMap(({ gaps, warnings }) => [...gaps, ...warnings])).toEqual([]);
    expect(await pullAll(last(pages))).toEqual([]);
  });

  test("a ref is Gmail's own number: the same when spam turns out to be none, and it opens the message wherever it lies", async () => {
    const raw = letter("notice");
    const id = stage.server.file(raw, ["\\Spam"]);
    const first = await pullAll();
    expect(messages(first).map(({ ref }) => ref)).toEqual([`x-gm-msgid:${id}`]);
    const [moved] = stage.server.folders.get("[Gmail]/Spam")?.messages.splice(0) ?? [];
    stage.server.put(allMail, raw);
    const there = stage.server.folders.get(allMail)?.messages.at(-1);
    if (there && moved?.gmail) there.gmail = { ...moved.gmail, labels: ["\\Inbox"] };
    const second = await pullAll(last(first));
    expect(messages(second).map(({ ref, role }) => [ref, role])).toEqual([[`x-gm-msgid:${id}`, "inbox"]]);
    const session = await gmailImap.open(stage.inbox, toolsOf(stage));
    expect(Buffer.from((await session.fetchRaw(`x-gm-msgid:${id}`, { maxBytes: 1e6 })) as Uint8Array).toString()).toBe(raw);
    expect(await session.fetchRaw("x-gm-msgid:17", { maxBytes: 1e6 })).toBe("gone");
    await session.close();
  });

  test("a notice is opened in the bin, too", async () => {
    const id = stage.server.file(letter("notice"), ["\\Trash"]);
    const session = await gmailImap.open(stage.inbox, toolsOf(stage));
    expect(await session.fetchRaw(`x-gm-msgid:${id}`, { maxBytes: 1e6 })).toBeInstanceOf(Uint8Array);
    await session.close();
  });

  test("a message looked for is told once, and watched if one of its labels is", async () => {
    stage.server.file(letter("in"), ["\\Inbox", "Work"]);
    const session = await gmailImap.open(stage.inbox, toolsOf(stage));
    const found = (await session.find?.("<min@sales.example>")) ?? [];
    expect(found.map(({ envelope, watched }) => [envelope.ref.startsWith("x-gm-msgid:"), watched])).toEqual([[true, true]]);
    await session.close();
  });

  test("All Mail that is hidden: the inbox is read, and people are told what is not seen", async () => {
    stage.server.folders.delete(allMail);
    stage.server.file(letter("in"), ["\\Inbox"]);
    stage.server.folders.delete(allMail);
    const { folders, warnings } = await gmailImap.signIn(stage.inbox, toolsOf(stage));
    expect(folders.map(({ path, role }) => [path, role])).toEqual([
      ["[Gmail]/Sent Mail", "sent"],
      ["INBOX", "inbox"],
      ["[Gmail]/Spam", "junk"],
    ]);
    expect(warnings).toMatchObject([{ code: "all_mail_hidden" }]);
    expect(told(await pullAll())).toEqual(["<min@sales.example> inbox INBOX"]);
  });

  test("Sent Mail that is hidden: what was sent is told apart by its label", async () => {
    stage.server.file(letter("sent"), ["\\Sent"]);
    stage.server.folders.delete("[Gmail]/Sent Mail");
    expect(told(await pullAll())).toEqual([`<msent@sales.example> sent ${allMail}`]);
  });

  test("a message's page at Gmail is named by the same number in hexadecimal", () => {
    expect(gmailImap.describe.openUrl?.("anna@sales.example", "x-gm-msgid:1278455344230334865")).toBe(
      "https://mail.google.com/mail/u/anna%40sales.example/#all/11bdfc5cae0c8191",
    );
  });
});

describe("signing in by token", () => {
  test("a token is fetched, used and kept; no password is ever sent", async () => {
    await pullAll();
    await pullAll();
    expect(tokensAsked()).toBe(1);
    expect(logIns().every((line) => line.includes("AUTHENTICATE XOAUTH2 "))).toBe(true);
  });

  test("a token that ended in the middle of a pull: the server says goodbye, another is fetched, nothing is lost or told twice", async () => {
    for (let n = 1; n <= 450; n++) stage.server.file(letter(n), ["\\Inbox"]);
    let fetches = 0;
    stage.server.script = ({ name }, socket) => {
      if (name !== "UID FETCH" || ++fetches !== 2) return null;
      stage.google.oauth.endAccess();
      socket.end("* BYE Session expired, please login again.\r\n");
      return "handled";
    };
    const pages = await pullAll();
    expect(new Set(messages(pages).map(({ ref }) => ref)).size).toBe(450);
    expect(messages(pages)).toHaveLength(450);
    expect(tokensAsked()).toBe(2);
  });

  test("a token the server refuses is renewed once; if the next is refused too, its owner has to sign in again", async () => {
    await pullAll();
    stage.google.oauth.endAccess();
    await pullAll();
    expect(tokensAsked()).toBe(2);
    stage.server.checkToken = () => ({ status: "400", schemes: "Bearer", scope: mailScope });
    const before = logIns().length;
    await expect(pullAll()).rejects.toMatchObject({ name: "ConnectorError", kind: "auth" });
    await expect(pullAll()).rejects.toThrow("imap.gmail.com no longer takes the sign-in.");
    expect(logIns().length - before).toBe(4);
  });

  test.each([
    [{ status: "insufficient_scope" }, "auth", "missing_permission"],
    [{ status: "invalid_token" }, "auth", null],
    [{ status: "500" }, "unavailable", null],
  ] as const)("an error of %j means %s", async (error, kind, outcome) => {
    stage.server.checkToken = () => error;
    await expect(pullAll()).rejects.toMatchObject({ name: "ConnectorError", kind, outcome });
  });

  test.each([
    ["NO [ALERT] Too many simultaneous connections. (Failure)", "rate_limited"],
    [
      "NO [ALERT] Your account is not enabled for IMAP use. Please visit your Gmail settings page and enable your account for IMAP access. (Failure)",
      "rejected",
    ],
    ["NO [UNAVAILABLE] Temporary System Error", "unavailable"],
  ])("a sign-in answered by %s is no reason for another token", async (words, kind) => {
    stage.server.script = ({ tag, name }) => (name === "AUTHENTICATE" ? [`${tag} ${words}`] : null);
    await expect(pullAll()).rejects.toMatchObject({ name: "ConnectorError", kind });
    expect(tokensAsked()).toBe(1);
  });

  test("a mailbox that is let in and then not opened (Exchange Online)", async () => {
    stage.server.script = ({ tag, name }) => (name === "LIST" ? [`${tag} BAD User is authenticated but not connected.`] : null);
    await expect(pullAll()).rejects.toMatchObject({ kind: "rejected", message: expect.stringContaining("IMAP is switched on") });
  });

  test("a consent that has ended: sign in again; a busy token endpoint: no reason to", async () => {
    stage.google.script = ({ method }) => (method === "token" ? { status: 503, body: "busy" } : null);
    await expect(pullAll()).rejects.toMatchObject({ kind: "unavailable" });
    stage.google.script = ({ method }) => (method === "token" ? grantError("invalid_grant", "Token has been expired or revoked.") : null);
    await expect(pullAll()).rejects.toMatchObject({ kind: "auth", message: expect.stringContaining("Sign in at Google again") });
    expect(logIns()).toEqual([]);
  });

  test("a server without sign-in by token is said to be one, and no token is sent to it", async () => {
    stage.server.checkToken = null;
    await expect(pullAll()).rejects.toMatchObject({ kind: "rejected", message: expect.stringContaining("XOAUTH2") });
    expect(logIns()).toEqual([]);
  });

  test("tokens stand in no error and no log", async () => {
    const said: string[] = [];
    const note = (fields: object, message: string): void => void said.push(JSON.stringify(fields) + message);
    stage.server.checkToken = () => ({ status: "400" });
    const tools = toolsOf(stage, { log: { debug: note, info: note, warn: note, error: note } });
    const error = await gmailImap.signIn(stage.inbox, tools).catch((thrown: unknown) => thrown);
    const all = said.join() + JSON.stringify(error, Object.getOwnPropertyNames(error)) + String((error as Error).stack);
    expect(all).toContain("imap.gmail.com");
    for (const word of ["ya29.", "1//0", Buffer.from("auth=Bearer").toString("base64").slice(0, 12)]) expect(all).not.toContain(word);
  });
});

test("new mail is told at once, archived notices too", async () => {
  const session = await gmailImap.open(stage.inbox, toolsOf(stage));
  const stop = await session.watch?.(() => {});
  expect(stage.server.commands.filter((line) => / EXAMINE /.test(line)).map((line) => line.replace(/^\S+ /, ""))).toEqual([
    `EXAMINE "${allMail}"`,
  ]);
  await stop?.();
  await session.close();
});

describe("the consent at Google", () => {
  const redirectUri = "https://bounceline.example/oauth/callback";
  const codeVerifier = randomBytes(48).toString("base64url");
  const codeChallenge = createHash("sha256").update(codeVerifier).digest("base64url");
  const { authorize } = gmailImap;
  const page = (): URL => new URL(authorize?.url(stage.app, { state: "s1", codeChallenge, redirectUri, loginHint: null }) ?? "");

  test("asks for mail and for whose it is, and a code tells the address", async () => {
    stage.google.oauth.client.redirectUris = [redirectUri];
    expect(page().searchParams.get("scope")).toBe("https://mail.google.com/ openid email");
    const { headers } = stage.google.oauth.page(page().searchParams);
    const code = new URL(headers?.location ?? "").searchParams.get("code") ?? "";
    const exchanged = await authorize?.exchange({ code, codeVerifier, redirectUri }, toolsOf(stage));
    expect(exchanged?.address).toBe("anna@sales.example");
    stage.secrets = exchanged?.secrets as GmailImapStage["secrets"];
    expect((await gmailImap.signIn(stage.inbox, toolsOf(stage))).address).toBe("anna@sales.example");
  });

  test("without leave to read mail: missing_permission", async () => {
    stage.google.oauth.client.redirectUris = [redirectUri];
    stage.google.oauth.person.unticks = [mailScope];
    const { headers } = stage.google.oauth.page(page().searchParams);
    const code = new URL(headers?.location ?? "").searchParams.get("code") ?? "";
    await expect(authorize?.exchange({ code, codeVerifier, redirectUri }, toolsOf(stage))).rejects.toMatchObject({
      outcome: "missing_permission",
    });
  });
});
