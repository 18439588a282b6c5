import { appendFile, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { maildir } from "../../../connectors/maildir/connector.ts";
import type { ConnectedInbox, Cursor, Page, Session } from "../../../src/ports/connector.ts";
import { collect, testTools } from "../test-tools.ts";

let root = "";
let file = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "bounceline-mbox-"));
  file = join(root, "All mail.mbox");
});
afterEach(() => rm(root, { recursive: true, force: true }));

const body = (n: number, more = ""): string =>
  `Message-ID: <m${n}@sales.example>\nFrom: anna@sales.example\nSubject: Offer ${n}\n${more}\nText ${n}\n`;
const entry = (n: number, more = ""): string => `From 18492${n}@xxx Wed Nov 25 15:50:49 +0000 2026\n${body(n, more)}\n`;
const quote = (text: string): string => text.replace(/^(>*From )/gm, ">$1");

const session = (settings: { sentFolder?: string } = {}): Promise<Session> => {
  const inbox: ConnectedInbox = { id: "inb_1", address: "anna@sales.example", settings: { path: file, ...settings }, since: 0 };
  return maildir.open(inbox, testTools());
};
const pullAll = async (cursor: Cursor = null): Promise<Page[]> => collect((await session()).pull(cursor));
const ids = (pages: readonly Page[]): (string | undefined)[] =>
  pages.flatMap(({ messages }) => messages.map(({ headers }) => headers.get("message-id")?.[0]));
const last = (pages: readonly Page[]): Cursor => pages.at(-1)?.cursor ?? null;
const messages = (pages: readonly Page[]): Page["messages"] => pages.flatMap((page) => page.messages);

describe("an mbox file", () => {
  test("gives the exact bytes back: quoting undone, separator and its blank line gone, CRLF kept", async () => {
    const letters = [
      body(1, "\nHello\n\nFrom the desk of Anna\n>From quoted once\n>>From quoted twice\nfrom below\n"),
      body(2).replaceAll("\n", "\r\n"),
      "Message-ID: <m3@x>\n\nends without a line end",
      "Message-ID: <m4@x>\n\n8-bit \xe9 and blank lines at the end\n\n\n",
    ];
    const separator = "From x@y Wed Nov 25 15:50:49 2026\n";
    await writeFile(file, letters.map((letter) => separator + quote(letter) + (letter.endsWith("\n") ? "\n" : "\n\n")).join(""), "latin1");
    const open = await session();
    const refs = messages(await collect(open.pull(null))).map(({ ref }) => ref);
    const raw = await Promise.all(refs.map((ref) => open.fetchRaw(ref, { maxBytes: 1e6 })));
    expect(raw.map((bytes) => Buffer.from(bytes as Uint8Array).toString("latin1"))).toEqual(
      letters.map((letter) => (letter.endsWith("\n") ? letter : `${letter}\n`)),
    );
  });

  test("an unquoted From line in a letter does not tear it", async () => {
    await writeFile(file, `${entry(1, "\nParagraph\n\nFrom here on it gets better at 10:30 in 2026\nno field\n\nFrom\n")}${entry(2)}`);
    expect(ids(await pullAll())).toEqual(["<m1@sales.example>", "<m2@sales.example>"]);
  });

  test("labels of Google's export say what each message is, in any language, and drafts are left out", async () => {
    const label = (text: string): string => `X-Gmail-Labels: ${text}\n`;
    await writeFile(
      file,
      [label("Sent,Important"), label("=?UTF-8?Q?Wys=C5=82ane,Otwarte?="), label("Inbox,Unread"), label("Spam"), label("Drafts"), ""]
        .map((more, n) => entry(n, more))
        .join(""),
    );
    expect(messages(await pullAll()).map(({ role }) => role)).toEqual(["sent", "sent", "inbox", "junk", "all"]);
    await writeFile(file, entry(1, label("Lähetetyt")));
    expect(messages(await collect((await session({ sentFolder: "lähetetyt" })).pull(null)))[0]?.role).toBe("sent");
  });

  test("the separator's date is the time of arrival where no Received field tells it", async () => {
    await writeFile(file, entry(1));
    expect(messages(await pullAll())[0]?.receivedAt).toBe(Date.parse("2026-11-25T15:50:49Z"));
  });

  test("a file that grew continues where it ended, and what came is live", async () => {
    await writeFile(file, entry(1));
    const first = await pullAll();
    await appendFile(file, entry(2) + entry(3));
    const more = await pullAll(last(first));
    expect(ids(more)).toEqual(["<m2@sales.example>", "<m3@sales.example>"]);
    expect(ids(await pullAll(last(more)))).toEqual([]);
  });

  test.each([
    ["shrank", entry(2)],
    ["was rewritten", entry(2) + entry(3) + entry(4) + entry(5)],
  ])("a file that %s is listed again, with a warning", async (_what, content) => {
    await writeFile(file, entry(1) + entry(2));
    const first = await pullAll();
    const gone = messages(first)[0]?.ref ?? "";
    await writeFile(file, content);
    const again = await pullAll(last(first));
    expect(ids(again)[0]).toBe("<m2@sales.example>");
    expect(again[0]?.warnings).toMatchObject([{ code: "folder_rewritten" }]);
    expect(again.at(-1)?.mended).toMatchObject([{ code: "folder_rewritten" }]);
    expect(await (await session()).fetchRaw(gone, { maxBytes: 1e6 })).toBe("gone");
    expect(await pullAll(last(again))).toEqual([]);
  });

  test("every page's cursor continues behind that page", async () => {
    await writeFile(file, Array.from({ length: 500 }, (_, n) => entry(n)).join(""));
    const pages = await pullAll();
    expect(ids(pages)).toHaveLength(500);
    for (const [index, page] of pages.entries()) expect(ids(await pullAll(page.cursor))).toEqual(ids(pages.slice(index + 1)));
  });

  test("separators are found wherever they fall in a window, and memory stays flat on a large file", async () => {
    const handle = await open(file, "w");
    const filler = `${"x".repeat(78)}\n`;
    // Sizes that move the separator over the border of a window byte by byte.
    for (let n = 0; n < 60; n++) await handle.write(entry(n, `\n${filler.repeat(26_000)}${"y".repeat(n)}\n`));
    await handle.close();
    const before = process.memoryUsage().arrayBuffers;
    const pages = await pullAll();
    expect(ids(pages)).toHaveLength(60);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20e6);
  });

  test("a message over the limit is refused by its size, without reading it", async () => {
    await writeFile(file, entry(1, `\n${"x".repeat(5000)}\n`));
    const open = await session();
    const ref = messages(await collect(open.pull(null)))[0]?.ref ?? "";
    await expect(open.fetchRaw(ref, { maxBytes: 1000 })).rejects.toMatchObject({ kind: "rejected" });
  });
});
