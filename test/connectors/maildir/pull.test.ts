import { mkdir, mkdtemp, readFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { maildir } from "../../../connectors/maildir/connector.ts";
import type { ConnectedInbox, Cursor, Json, Page } from "../../../src/ports/connector.ts";
import { collect, testTools } from "../test-tools.ts";

const mail = (n: number, more = ""): string =>
  `Received: from x by y; Wed, 25 Nov 2026 15:${String(n % 60).padStart(2, "0")}:00 +0000\r\nMessage-ID: <m${n}@sales.example>\r\nFrom: anna@sales.example\r\nSubject: Offer ${n}\r\n${more}\r\nText ${n}\r\n`;

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "bounceline-maildir-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const inboxAt = (settings: Json, since = 0): ConnectedInbox => ({ id: "inb_1", address: "anna@sales.example", settings, since });
const tools = (): ReturnType<typeof testTools> => testTools({ now: () => Date.parse("2026-11-25T17:00:00Z") });

const pullAll = async (inbox: ConnectedInbox, cursor: Cursor = null): Promise<Page[]> => {
  const session = await maildir.open(inbox, tools());
  return collect(session.pull(cursor));
};
const ids = (pages: readonly Page[]): string[] =>
  pages.flatMap(({ messages }) => messages.map(({ headers }) => headers.get("message-id")?.[0] ?? ""));
const last = (pages: readonly Page[]): Cursor => pages.at(-1)?.cursor ?? null;

describe("a directory of .eml files", () => {
  test("subfolders tell the roles, Sent comes first, and drafts are left out", async () => {
    for (const folder of ["INBOX", "Wysłane", "Spam", "Drafts", "Bounces"]) {
      await mkdir(join(root, folder));
      await writeFile(join(root, folder, "1.eml"), mail(1));
    }
    const { folders, warnings } = await maildir.signIn(inboxAt({ path: root }), tools());
    expect(folders).toEqual([
      { path: "Wysłane", role: "sent" },
      { path: "INBOX", role: "inbox" },
      { path: "Spam", role: "junk" },
      { path: "Bounces", role: "other" },
    ]);
    expect(warnings).toEqual([]);
    expect((await pullAll(inboxAt({ path: root }))).map(({ folder }) => folder.path)).toEqual(["Wysłane", "INBOX", "Spam", "Bounces"]);
  });

  test("a setting names the Sent folder; one that is not there is a warning", async () => {
    await mkdir(join(root, "Letters"));
    await writeFile(join(root, "Letters", "1.eml"), mail(1));
    expect((await maildir.signIn(inboxAt({ path: root, sentFolder: "letters" }), tools())).folders).toEqual([
      { path: "Letters", role: "sent" },
    ]);
    expect((await maildir.signIn(inboxAt({ path: root, sentFolder: "Post" }), tools())).warnings).toMatchObject([
      { code: "folder_missing" },
    ]);
    expect((await pullAll(inboxAt({ path: root })))[0]?.warnings).toMatchObject([{ code: "sent_folder_unknown" }]);
  });

  test("mail from before the first sync's window is passed over, and the pull still ends with a cursor that covers it", async () => {
    await writeFile(join(root, "1.eml"), mail(1));
    const pages = await pullAll(inboxAt({ path: root }, Date.parse("2026-11-26")));
    expect(ids(pages)).toEqual([]);
    expect(await pullAll(inboxAt({ path: root }, Date.parse("2026-11-26")), last(pages))).toEqual([]);
  });

  test("mail moved in with an old file time is found", async () => {
    await writeFile(join(root, "1.eml"), mail(1));
    const first = await pullAll(inboxAt({ path: root }));
    await writeFile(join(root, "2.eml"), mail(2));
    await utimes(join(root, "2.eml"), 1, 1);
    expect(ids(await pullAll(inboxAt({ path: root }), last(first)))).toEqual(["<m2@sales.example>"]);
  });

  test("more than a page of files that share one change time are each read once, from any page's cursor", async () => {
    await Promise.all(Array.from({ length: 450 }, (_, n) => writeFile(join(root, `${n}.eml`), mail(n))));
    const pages = await pullAll(inboxAt({ path: root }));
    expect(new Set(ids(pages)).size).toBe(450);
    expect(ids(pages)).toHaveLength(450);
    for (const [index, page] of pages.entries()) {
      expect(ids(await pullAll(inboxAt({ path: root }), page.cursor))).toEqual(ids(pages.slice(index + 1)));
    }
  });
});

describe("a Maildir", () => {
  beforeEach(async () => {
    for (const folder of ["", ".Sent", ".Junk"])
      for (const part of ["cur", "new", "tmp"]) await mkdir(join(root, folder, part), { recursive: true });
  });

  test("has its subfolders as Maildir++ names them", async () => {
    const { folders } = await maildir.signIn(inboxAt({ path: root }), tools());
    expect(folders).toEqual([
      { path: "Sent", role: "sent" },
      { path: "INBOX", role: "inbox" },
      { path: "Junk", role: "junk" },
    ]);
  });

  test("the ref outlives the move from new to cur and every change of flags", async () => {
    await writeFile(join(root, "new", "1764086400.M1P2.host"), mail(1));
    const session = await maildir.open(inboxAt({ path: root }), tools());
    const pages = await collect(session.pull(null));
    const ref = pages.flatMap(({ messages }) => messages)[0]?.ref ?? "";
    await rename(join(root, "new", "1764086400.M1P2.host"), join(root, "cur", "1764086400.M1P2.host:2,S"));
    expect(await session.fetchRaw(ref, { maxBytes: 1e6 })).toEqual(await readFile(join(root, "cur", "1764086400.M1P2.host:2,S")));
    const again = await collect(session.pull(last(pages)));
    expect(again.flatMap(({ messages }) => messages.map((message) => message.ref))).toEqual([ref]);
    await rm(join(root, "cur", "1764086400.M1P2.host:2,S"));
    expect(await session.fetchRaw(ref, { maxBytes: 1e6 })).toBe("gone");
  });

  test("a ref cannot leave its folder", async () => {
    const session = await maildir.open(inboxAt({ path: root }), tools());
    for (const ref of ["INBOX#..%2F..%2Fetc%2Fpasswd", "..%2F..#passwd", "nonsense", "INBOX#%ff"])
      expect(await session.fetchRaw(ref, { maxBytes: 1e6 })).toBe("gone");
  });
});

test("a path with nothing there says so, and an empty one is refused at sign-in", async () => {
  await expect(maildir.open(inboxAt({ path: join(root, "no") }), tools())).rejects.toMatchObject({
    kind: "unavailable",
    message: expect.stringContaining("There is nothing at"),
  });
  await mkdir(join(root, "cur"));
  await writeFile(join(root, "cur", "notes.txt"), "");
  await expect(maildir.signIn(inboxAt({ path: root }), tools())).rejects.toMatchObject({ kind: "rejected" });
  await expect(maildir.open(inboxAt({ path: "relative" }), tools())).rejects.toMatchObject({ kind: "rejected" });
});

test("new files are told at once, as a hint", async () => {
  await mkdir(join(root, "INBOX"));
  await writeFile(join(root, "INBOX", "1.eml"), mail(1));
  const session = await maildir.open(inboxAt({ path: root }), tools());
  let hints = 0;
  const stop = await session.watch?.(() => {
    hints++;
  });
  await writeFile(join(root, "INBOX", "2.eml"), mail(2));
  await expect.poll(() => hints).toBeGreaterThan(0);
  await stop?.();
});
