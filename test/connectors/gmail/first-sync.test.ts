import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { searchWithin } from "../../../connectors/gmail/search-words.ts";
import { type GmailStage, idsOf, lastCursor, letter, openGmail, pullAll, timesAsked } from "./open-gmail.ts";

const lab = join(import.meta.dirname, "../../fixtures/lab-mails");
const day = 86_400_000;

let stage: GmailStage;
beforeEach(async () => {
  stage = await openGmail();
  stage.inbox = { ...stage.inbox, since: Date.now() - 30 * day };
});
afterEach(() => stage.google.stop());

const labNotices = (): Buffer[] =>
  readFileSync(join(lab, "labels.jsonl"), "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { file: string; is_bounce: boolean })
    .filter(({ is_bounce }) => is_bounce)
    .map(({ file }) => readFileSync(join(lab, "mails", file)));

test("of everything that lies there, sent mail and notices are opened, and nothing else", async () => {
  const notices = labNotices();
  for (const [n, notice] of notices.entries())
    stage.mailbox.put(notice, n % 5 === 0 ? ["SPAM"] : n % 7 === 0 ? ["TRASH"] : ["INBOX"], Date.now() - n * 60_000);
  for (let n = 0; n < 50; n++) stage.mailbox.put(letter(`ordinary-${n}`), ["INBOX"]);
  for (let n = 0; n < 5; n++) stage.mailbox.put(letter(`sent-${n}`), ["SENT"]);
  const pages = await pullAll(stage);
  expect(pages.every(({ backfill }) => backfill)).toBe(true);
  expect(idsOf(pages).slice(0, 5).toSorted()).toEqual([0, 1, 2, 3, 4].map((n) => `<sent-${n}@sales.example>`));
  expect(idsOf(pages)).toHaveLength(5 + notices.length);
  expect(timesAsked(stage, "gmail.users.messages.get")).toBe(5 + notices.length);
  expect(new Set(pages.flatMap(({ messages }) => messages.map(({ role }) => role)))).toEqual(new Set(["sent", "inbox", "junk", "other"]));
});

test("drafts and chats are never asked for", async () => {
  stage.mailbox.put(letter("draft", "X-Failed-Recipients: jan@customer.example\r\n").replace("Offer", "Undeliverable"), ["DRAFT"]);
  stage.mailbox.put(letter("chat").replace("Offer", "Undeliverable"), ["CHAT"]);
  await pullAll(stage);
  expect(timesAsked(stage, "gmail.users.messages.get")).toBe(0);
});

test("what comes while the mailbox is listed is found by the next look", async () => {
  stage.mailbox.put(letter("old"), ["SENT"]);
  let put = false;
  stage.google.script = ({ method }) => {
    if (method === "gmail.users.messages.list" && !put) stage.mailbox.put(letter("meanwhile"), ["INBOX"]);
    put ||= method === "gmail.users.messages.list";
    return null;
  };
  const pages = await pullAll(stage);
  expect(idsOf(pages)).toEqual(["<old@sales.example>"]);
  expect(stage.google.asked.find(({ method }) => method.startsWith("gmail"))?.method, "the position comes first").toBe(
    "gmail.users.getProfile",
  );
  expect(idsOf(await pullAll(stage, lastCursor(pages)))).toEqual(["<meanwhile@sales.example>"]);
});

test("it ends where the window ends, and goes on from any page after a stop, whatever shares a second", async () => {
  const now = Math.floor(Date.now() / 1000) * 1000;
  for (let n = 0; n < 250; n++) stage.mailbox.put(letter(n), ["SENT"], now - 5000 - Math.floor(n / 60) * 1000);
  stage.mailbox.put(letter("too-old"), ["SENT"], now - 31 * day);
  const pages = await pullAll(stage);
  expect(pages.map(({ messages }) => messages.length)).toEqual([50, 50, 50, 50, 50, 0]);
  stage.google.now = () => Date.now() + 60_000;
  for (const [index, { cursor }] of pages.entries()) {
    const rest = await pullAll(stage, cursor);
    expect(idsOf(rest).toSorted()).toEqual(idsOf(pages.slice(index + 1)).toSorted());
    stage.google.now = () => Date.now() + 60_000 * (index + 2);
  }
});

test("it tells how far it is", async () => {
  for (let n = 0; n < 120; n++) stage.mailbox.put(letter(n), ["SENT"], Date.now() - n * 1000);
  const progress = (await pullAll(stage)).map((page) => page.progress);
  expect(progress).toEqual([{ done: 50, total: null }, { done: 100, total: null }, { done: 0, total: null }, null]);
});

test("the letter's first words never leave Google, and only the fields of an envelope are asked for", async () => {
  stage.mailbox.put(letter(1, "X-Private: yes\r\n"), ["SENT"]);
  const [page] = await pullAll(stage);
  expect(page?.messages[0]?.headers.has("x-private")).toBe(false);
  const get = stage.google.asked.find(({ method }) => method === "gmail.users.messages.get");
  expect(get?.url.searchParams.get("fields")).not.toContain("snippet");
  expect(get?.url.searchParams.get("format")).toBe("metadata");
});

test("the search is no longer than an address may be", () => {
  expect(encodeURIComponent(searchWithin("notices", Date.now(), Date.now())).length).toBeLessThan(6000);
});
