import { afterEach, describe, expect, test } from "vitest";
import { imap } from "../../../connectors/imap/connector.ts";
import type { Cursor, Page, Session } from "../../../src/ports/connector.ts";
import { type MailServer, sharedMailServer } from "../../setup/mail-server.ts";
import { sendMail } from "../../setup/send-mail.ts";
import { collect, testTools } from "../test-tools.ts";
import { letter, type Mailbox, makeMailbox } from "./mailbox.ts";

const server = await sharedMailServer();
const real = describe.skipIf("skipped" in server);

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

const mailbox = async (settings: object = {}): Promise<Mailbox> => {
  const made = await makeMailbox(server as MailServer, settings);
  opened.push(made);
  return made;
};
const session = async (box: Mailbox, more: Parameters<typeof testTools>[0] = {}): Promise<Session> => {
  const made = await imap.open(box.inbox, testTools({ secrets: box.secrets, ...more }));
  opened.unshift(made);
  return made;
};
const pullAll = async (box: Mailbox, cursor: Cursor = null): Promise<Page[]> => collect((await session(box)).pull(cursor));
const ids = (pages: readonly Page[]): string[] =>
  pages.flatMap(({ messages }) => messages.map(({ headers }) => headers.get("message-id")?.[0] ?? ""));
const numbered = (...numbers: number[]): string[] => numbers.map((n) => `<m${n}@sales.example>`);
const last = (pages: readonly Page[]): Cursor => pages.at(-1)?.cursor ?? null;
const warnings = (pages: readonly Page[]) => pages.flatMap((page) => page.warnings);
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

real("a real mailbox by IMAP", () => {
  test("signing in tells the addresses and the folders, found by special use", async () => {
    const box = await mailbox();
    expect(await imap.signIn(box.inbox, testTools({ secrets: box.secrets }))).toEqual({
      address: box.address,
      addresses: [box.address],
      folders: [
        { path: "Sent", role: "sent" },
        { path: "INBOX", role: "inbox" },
        { path: "Junk", role: "junk" },
      ],
      warnings: [],
      limits: [],
    });
  });

  test("a message is found by its Message-ID wherever it lies, and told whether that is watched", async () => {
    const box = await mailbox({ extraFolders: ["Bounces"] });
    await box.owner.mailboxCreate("Bounces");
    await box.owner.mailboxCreate("Archive");
    for (const folder of ["INBOX", "Bounces", "Archive"]) await box.append(folder, letter(folder === "Archive" ? 12 : 1));
    await box.append("Archive", letter(1));
    const before = await box.snapshot();
    const found = (await (await session(box)).find?.("<m1@sales.example>")) ?? [];
    expect(found.map(({ envelope, watched }) => [envelope.folder, watched]).sort()).toEqual([
      ["Archive", false],
      ["Bounces", true],
      ["INBOX", true],
    ]);
    expect(await (await session(box)).find?.("<none@sales.example>")).toEqual([]);
    expect(await box.snapshot()).toBe(before);
    expect(found.every(({ envelope }) => ids([{ messages: [envelope] } as unknown as Page])[0] === "<m1@sales.example>")).toBe(true);
  });

  test("STARTTLS works as well as TLS", async () => {
    const box = await mailbox({ security: "starttls", port: (server as MailServer).imap.starttlsPort });
    await box.append("INBOX", letter(1));
    expect(ids(await pullAll(box))).toEqual(numbered(1));
  });

  test("the certificate is verified after STARTTLS too", async () => {
    const { starttlsPort, ca } = (server as MailServer).imap;
    const wrong = await mailbox({ security: "starttls", port: starttlsPort, pinnedCertificate: ca });
    await expect(imap.signIn(wrong.inbox, testTools({ secrets: wrong.secrets }))).rejects.toMatchObject({ kind: "rejected" });
    const unknown = await mailbox({ security: "starttls", port: starttlsPort, pinnedCertificate: undefined });
    await expect(imap.signIn(unknown.inbox, testTools({ secrets: unknown.secrets }))).rejects.toThrow(
      "issued by nobody this machine knows",
    );
  });

  test("an envelope holds what triage needs and what the server knows", async () => {
    const box = await mailbox();
    const at = new Date("2026-11-25T12:34:56Z");
    const raw = letter(1, "X-Failed-Recipients: nobody@customer.example\r\nX-Other: not asked for\r\nReferences: <a@b>\r\n <c@d>\r\n");
    const uid = await box.append("INBOX", raw, at);
    const [message] = (await pullAll(box)).flatMap(({ messages }) => messages);
    expect(message).toMatchObject({ folder: "INBOX", role: "inbox", receivedAt: at.getTime(), size: raw.length, hints: {} });
    expect(message?.ref).toMatch(new RegExp(`^\\d+:${uid}:INBOX$`));
    expect(message?.headers.get("x-failed-recipients")).toEqual(["nobody@customer.example"]);
    expect(message?.headers.get("references")).toEqual(["<a@b> <c@d>"]);
    expect(message?.headers.has("x-other")).toBe(false);
  });

  test("the first pull reads Sent first, newest first, only as far back as the window reaches, and marks it backfill", async () => {
    const box = await mailbox();
    for (const n of [1, 2, 3]) await box.append("INBOX", letter(n), new Date(Date.now() - (4 - n) * 86_400_000));
    await box.append("Sent", letter(9), new Date(Date.now() - 3_600_000));
    const pages = await collect(
      (await imap.open({ ...box.inbox, since: Date.now() - 2.5 * 86_400_000 }, testTools({ secrets: box.secrets }))).pull(null),
    );
    expect(ids(pages)).toEqual(numbered(9, 2, 3));
    expect(pages.map(({ folder, backfill }) => [folder.role, backfill])).toEqual([
      ["sent", true],
      ["inbox", true],
    ]);
    expect(pages.at(-1)?.progress).toBeNull();
  });

  test("what comes after the first pull is live, in every watched folder, Sent first", async () => {
    const box = await mailbox({ extraFolders: ["Bounces"] });
    await box.owner.mailboxCreate("Bounces");
    const first = await pullAll(box);
    await box.append("Junk", letter(1));
    await box.append("Bounces", letter(2));
    await box.append("INBOX", letter(3));
    await box.append("Sent", letter(4));
    const pages = await pullAll(box, last(first));
    expect(pages.map(({ folder, backfill }) => [folder.role, backfill])).toEqual([
      ["sent", false],
      ["inbox", false],
      ["junk", false],
      ["other", false],
    ]);
    expect(ids(pages)).toEqual(numbered(4, 3, 1, 2));
    expect(await pullAll(box, last(pages))).toEqual([]);
  });

  test("live comes before backfill when a first sync was interrupted, and nothing is lost or read twice from any page's cursor", async () => {
    const box = await mailbox();
    for (const n of range(1, 450)) await box.append("INBOX", letter(n), new Date(Date.now() - 3_600_000));
    const whole = await pullAll(box);
    expect(whole.map(({ messages }) => messages.length)).toEqual([200, 200, 50]);
    expect(whole[0]?.progress).toEqual({ done: 200, total: 450 });
    expect(new Set(ids(whole)).size).toBe(450);
    await box.append("INBOX", letter(451));
    for (const [index, page] of whole.entries()) {
      expect(ids(await pullAll(box, page.cursor))).toEqual([...numbered(451), ...ids(whole.slice(index + 1))]);
    }
  }, 60_000);

  test("a window that reaches further back reads what was left out", async () => {
    const box = await mailbox();
    await box.append("INBOX", letter(1), new Date(Date.now() - 20 * 86_400_000));
    const since = (days: number) => ({ ...box, inbox: { ...box.inbox, since: Date.now() - days * 86_400_000 } });
    const narrow = await pullAll(since(10));
    expect(ids(narrow)).toEqual([]);
    expect(ids(await pullAll(since(30), last(narrow)))).toEqual(numbered(1));
  });

  test("a folder made anew under other numbers is listed again, with a warning, and its messages have other refs", async () => {
    const box = await mailbox({ extraFolders: ["Bounces"] });
    await box.owner.mailboxCreate("Bounces");
    await box.append("Bounces", letter(1));
    const first = await pullAll(box);
    await box.owner.mailboxDelete("Bounces");
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await box.owner.mailboxCreate("Bounces");
    for (const n of range(1, 3)) await box.append("Bounces", letter(n));
    const again = await pullAll(box, last(first));
    expect(ids(again)).toEqual(numbered(1, 2, 3));
    expect(warnings(again)).toMatchObject([{ code: "folder_renumbered", folder: "Bounces" }]);
    expect(again.flatMap(({ mended = [] }) => mended)).toEqual([{ code: "folder_renumbered", folder: "Bounces" }]);
    const refOf = (pages: readonly Page[]): string | undefined =>
      pages.flatMap(({ messages }) => messages).find(({ folder }) => folder === "Bounces")?.ref;
    expect(refOf(first)).not.toBe(refOf(again));
    expect(await (await session(box)).fetchRaw(refOf(first) ?? "", { maxBytes: 1e6 })).toBe("gone");
    expect(await pullAll(box, last(again))).toEqual([]);
  });

  test("a named folder that is not there is told once, and read when it comes", async () => {
    const box = await mailbox({ extraFolders: ["Bounces"], sentFolder: "Post" });
    await box.append("INBOX", letter(1));
    const first = await pullAll(box);
    expect(warnings(first).map(({ code, folder }) => [code, folder])).toEqual([
      ["folder_missing", "Post"],
      ["folder_missing", "Bounces"],
    ]);
    expect(await pullAll(box, last(first))).toEqual([]);
    await box.owner.mailboxCreate("Bounces");
    await box.owner.mailboxCreate("Post");
    await box.append("Post", letter(2));
    const second = await pullAll(box, last(first));
    expect(second[0]?.folder).toEqual({ path: "Post", role: "sent" });
    expect(ids(second)).toEqual(numbered(2));
    await box.owner.mailboxDelete("Bounces");
    expect(warnings(await pullAll(box, last(second)))).toMatchObject([{ code: "folder_missing", folder: "Bounces" }]);
  });

  test("folder names with spaces, quotes and other scripts", async () => {
    const names = ['Odrzucone "ważne" & inne', "送信済み 2026", "a:b:c", "100%"];
    const box = await mailbox({ extraFolders: names });
    for (const [n, name] of names.entries()) {
      await box.owner.mailboxCreate(name);
      await box.append(name, letter(n));
    }
    const open = await session(box);
    const messages = (await collect(open.pull(null))).flatMap((page) => page.messages);
    expect(messages.map(({ folder }) => folder)).toEqual(names);
    for (const [n, { ref }] of messages.entries())
      expect(Buffer.from((await open.fetchRaw(ref, { maxBytes: 1e6 })) as Uint8Array).toString()).toBe(letter(n));
  });

  test("a body comes byte for byte, in the middle of a pull, also when it is larger than a piece", async () => {
    const box = await mailbox();
    const odd = Buffer.concat([Buffer.from(letter(1)), Buffer.from([0x80, 0xff, 0xfe]), Buffer.from("\r\n.\r\n \r\n")]);
    const large = Buffer.from(letter(2) + "0123456789abcdef\r\n".repeat(600_000));
    await box.append("INBOX", odd);
    await box.append("Sent", large);
    const open = await session(box);
    const bodies: Uint8Array[] = [];
    for await (const { messages } of open.pull(null))
      for (const { ref } of messages) bodies.push((await open.fetchRaw(ref, { maxBytes: 50e6 })) as Uint8Array);
    expect(bodies).toHaveLength(2);
    expect(large.equals(bodies[0] as Uint8Array)).toBe(true);
    expect(odd.equals(bodies[1] as Uint8Array)).toBe(true);
  });

  test("a message of 30 MB is refused by its size, and the session goes on", async () => {
    const box = await mailbox();
    await box.append("INBOX", Buffer.concat([Buffer.from(letter(1)), Buffer.alloc(30e6, `${"x".repeat(76)}\r\n`)]));
    await box.append("INBOX", letter(2));
    const open = await session(box);
    const [big, small] = (await collect(open.pull(null))).flatMap(({ messages }) => messages);
    await expect(open.fetchRaw(big?.ref ?? "", { maxBytes: 25e6 })).rejects.toMatchObject({
      kind: "rejected",
      message: expect.stringContaining("more than the 25000000"),
    });
    expect(Buffer.from((await open.fetchRaw(small?.ref ?? "", { maxBytes: 1e6 })) as Uint8Array).toString()).toBe(letter(2));
  }, 60_000);

  test("an expunged message is gone, and so is one of a removed folder", async () => {
    const box = await mailbox({ extraFolders: ["Bounces"] });
    await box.owner.mailboxCreate("Bounces");
    await box.append("INBOX", letter(1));
    await box.append("Bounces", letter(2));
    const open = await session(box);
    const refs = (await collect(open.pull(null))).flatMap(({ messages }) => messages.map(({ ref }) => ref));
    await box.owner.mailboxOpen("INBOX");
    await box.owner.messageDelete("1:*");
    await box.owner.mailboxDelete("Bounces");
    for (const ref of [...refs, "nonsense", "1:1:INBOX"]) expect(await open.fetchRaw(ref, { maxBytes: 1e6 })).toBe("gone");
  });

  test("nothing in the mailbox changes: not a flag, not a number, not a folder", async () => {
    const box = await mailbox();
    for (const folder of ["INBOX", "Sent", "Junk"])
      for (const flags of [[], ["\\Seen"], ["\\Flagged", "\\Answered"]])
        await box.append(folder, letter(folder + flags), new Date(), flags);
    const before = await box.snapshot();
    await imap.signIn(box.inbox, testTools({ secrets: box.secrets }));
    const open = await session(box);
    for await (const { messages } of open.pull(null)) for (const { ref } of messages) await open.fetchRaw(ref, { maxBytes: 1e6 });
    const stop = await open.watch?.(() => {});
    const answers = await imap.probe(box.inbox, testTools({ secrets: box.secrets }));
    await stop?.();
    expect(answers.filter(({ holds }) => holds === false)).toEqual([]);
    expect(await box.snapshot()).toBe(before);
  });

  test("new mail is told at once by IDLE, as a hint", async () => {
    const box = await mailbox();
    const open = await session(box);
    let hints = 0;
    const stop = await open.watch?.(() => {
      hints++;
    });
    await new Promise((resolve) => setTimeout(resolve, 400));
    await box.append("INBOX", letter(1));
    await expect.poll(() => hints, { timeout: 5000 }).toBeGreaterThan(0);
    await stop?.();
  });

  test("a refused letter comes back through a real mail server, and both it and the sent copy are pulled", async () => {
    const box = await mailbox();
    const first = await pullAll(box);
    const raw = letter("round").replace("jan@", "nobody@");
    await box.append("Sent", raw, new Date(), ["\\Seen"]);
    await sendMail((server as MailServer).smtp, { from: box.address, to: ["nobody@customer.example"], raw });
    const came = async (): Promise<Page["messages"]> => (await pullAll(box, last(first))).flatMap(({ messages }) => messages);
    await expect.poll(async () => (await came()).length, { timeout: 15_000, interval: 300 }).toBe(2);
    const [sent, notice] = await came();
    expect(sent).toMatchObject({ role: "sent" });
    expect(notice?.role).toBe("inbox");
    expect(notice?.headers.get("content-type")?.[0]).toContain("report-type=delivery-status");
    expect(notice?.headers.get("return-path")).toEqual(["<>"]);
    const bytes = Buffer.from((await (await session(box)).fetchRaw(notice?.ref ?? "", { maxBytes: 1e6 })) as Uint8Array).toString();
    expect(bytes).toContain("550 5.1.1 <nobody@customer.example>");
    expect(bytes).toContain("<mround@sales.example>");
  });
});
