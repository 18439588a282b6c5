import { afterEach, beforeEach, expect, test } from "vitest";
import { exchange } from "../../../connectors/exchange/connector.ts";
import type { Cursor, Page } from "../../../src/ports/connector.ts";
import { idsOf, lastCursor, letter, named } from "../letters.ts";
import { type Exchange, openExchange, pullAll, toolsOf } from "./open-exchange.ts";

let stage: Exchange;
beforeEach(async () => {
  stage = await openExchange();
  stage.fake.schemes = ["Basic"];
});
afterEach(() => stage.close());

const times = (operation: string): number => stage.fake.seen.filter((each) => each.operation === operation).length;
const putMany = async (folder: string, from: number, to: number): Promise<void> => {
  for (let n = from; n <= to; n++) await stage.put(folder, letter(n));
};
const gapsOf = (pages: readonly Page[]): string[] => pages.flatMap(({ gaps }) => gaps.map(({ folder }) => folder));

test("a quiet poll is one question a folder", async () => {
  const first = await pullAll(stage);
  Object.assign(stage.fake, { seen: [], requests: 0 });
  expect(await pullAll(stage, lastCursor(first))).toEqual([]);
  expect(stage.fake.seen.map(({ operation }) => operation)).toEqual(Array(4).fill("SyncFolderItems"));
  expect(stage.fake.requests, "and one more to learn how to sign in").toBe(5);
});

test("1,000 new messages are 5 questions for changes, two of them for the inbox, and 21 for what they are", async () => {
  const first = await pullAll(stage);
  await putMany("inbox", 1, 1000);
  stage.fake.seen = [];
  const pages = await pullAll(stage, lastCursor(first));
  expect(new Set(idsOf(pages)).size).toBe(1000);
  expect(pages.every(({ backfill }) => !backfill)).toBe(true);
  expect([times("SyncFolderItems"), times("GetItem")]).toEqual([5, 21]);
}, 60_000);

test("a first sync of 1,000: followed, counted, listed newest first", async () => {
  await putMany("inbox", 1, 1000);
  const pages = await pullAll(stage);
  expect(idsOf(pages)).toEqual(named(...Array.from({ length: 1000 }, (_, index) => 1000 - index)));
  expect(pages.filter(({ messages }) => messages.length > 0).every(({ backfill }) => backfill)).toBe(true);
  expect([times("GetFolder"), times("FindFolder"), times("SyncFolderItems"), times("FindItem"), times("GetItem")]).toEqual([
    1, 1, 5, 12, 20,
  ]);
}, 60_000);

test("more than 512 changes come in several answers, and from any of them nothing is lost", async () => {
  const first = await pullAll(stage);
  await putMany("inbox", 1, 600);
  const pages = await pullAll(stage, lastCursor(first));
  expect(new Set(idsOf(pages)).size).toBe(600);
  const counts = stage.fake.seen
    .filter(({ operation }) => operation === "SyncFolderItems")
    .map(({ xml }) => /MaxChangesReturned>(\d+)/.exec(xml)?.[1]);
  expect(new Set(counts)).toEqual(new Set(["512"]));
  const [middle] = pages;
  expect(idsOf([...(middle ? [middle] : []), ...(await pullAll(stage, middle?.cursor ?? null))]).toSorted()).toEqual(
    idsOf(pages).toSorted(),
  );
}, 60_000);

test("flags, updates and removals are no mail", async () => {
  await putMany("inbox", 1, 2);
  const first = await pullAll(stage);
  stage.box.markRead(stage.box.find("<1@sales.example>"));
  stage.box.changes.push({ folderId: stage.box.folder("inbox").id, id: stage.box.find("<1@sales.example>").id, kind: "update" });
  stage.box.remove(stage.box.find("<2@sales.example>"));
  expect(idsOf(await pullAll(stage, lastCursor(first)))).toEqual([]);
});

test("mail that was moved into a watched folder is told there", async () => {
  await stage.put("drafts", letter(1));
  const first = await pullAll(stage);
  stage.box.move(stage.box.find("<1@sales.example>"), "junkemail");
  expect(idsOf(await pullAll(stage, lastCursor(first)))).toEqual(named(1));
});

test("drafts are passed over", async () => {
  await stage.put("sentitems", letter(1), { isDraft: true });
  await stage.put("sentitems", letter(2));
  expect(idsOf(await pullAll(stage))).toEqual(named(2));
});

test("ids that differ by case alone are different messages", async () => {
  await putMany("inbox", 1, 8);
  const messages = (await pullAll(stage)).flatMap((page) => page.messages);
  const lower = messages.map(({ ref }) => ref.toLowerCase());
  expect(new Set(lower).size).toBeLessThan(messages.length);
  const session = await exchange.open(stage.inbox, toolsOf(stage));
  for (const { ref, headers } of messages) {
    const bytes = await session.fetchRaw(ref, { maxBytes: 1e6 });
    expect(Buffer.from(bytes as Uint8Array).toString()).toContain(headers.get("message-id")?.[0]);
  }
  await session.close();
});

test("a position the server has forgotten: what came meanwhile is listed again by date, with a gap on record", async () => {
  for (let n = 1; n <= 3; n++) await stage.put("inbox", letter(n), { receivedAt: Date.now() - (4 - n) * 3 * 3_600_000 });
  const first = await pullAll(stage);
  stage.box.generation++;
  await stage.put("inbox", letter(4));
  const pages = await pullAll(stage, lastCursor(first));
  expect(idsOf(pages), "and nothing older than an hour before").toEqual(named(4));
  expect(pages.filter(({ messages }) => messages.length > 0).every(({ backfill }) => !backfill)).toBe(true);
  expect(gapsOf(pages).toSorted()).toEqual(["Bounces", "Inbox", "Junk Email", "Sent Items"]);
  expect(await pullAll(stage, lastCursor(pages))).toEqual([]);
});

test("a position forgotten in the middle of a first sync: nothing is lost, nothing comes twice", async () => {
  await putMany("inbox", 1, 450);
  const session = await exchange.open(stage.inbox, toolsOf(stage));
  const before: Page[] = [];
  for await (const page of session.pull(null)) {
    before.push(page);
    if (page.messages.length > 0) break;
  }
  await session.close();
  stage.box.generation++;
  await stage.put("inbox", letter(451));
  const after = await pullAll(stage, lastCursor(before));
  const all = [...idsOf(before), ...idsOf(after)];
  expect(new Set(all).size).toBe(451);
  expect(idsOf(after)[0]).toBe("<451@sales.example>");
}, 60_000);

test("a server that keeps forgetting is told as failing, and is not listed again and again", async () => {
  const first = await pullAll(stage);
  stage.fake.script = ({ operation }) => (operation === "SyncFolderItems" ? { refusal: { code: "ErrorInvalidSyncStateData" } } : null);
  const cursor: Cursor = lastCursor(first);
  await expect(pullAll(stage, cursor)).rejects.toMatchObject({ kind: "unavailable", message: expect.stringContaining("keeps forgetting") });
});

test("a folder that was away and is back under another id is read on from where it was left, with a gap", async () => {
  await stage.put("Bounces", letter(1), { receivedAt: Date.now() - 10 * 3_600_000 });
  const first = await pullAll(stage);
  stage.box.removeFolder("Bounces");
  const away = await pullAll(stage, lastCursor(first));
  expect(away.flatMap(({ warnings }) => warnings).map(({ folder }) => folder)).toEqual(["Bounces"]);
  stage.box.addFolder("Bounces");
  await stage.put("Bounces", letter(1), { receivedAt: Date.now() - 10 * 3_600_000 });
  await stage.put("Bounces", letter(2));
  const back = await pullAll(stage, lastCursor(away));
  expect(idsOf(back)).toEqual(named(2));
  expect(back.filter(({ messages }) => messages.length > 0).map(({ backfill }) => backfill)).toEqual([false]);
  expect(gapsOf(back)).toEqual(["Bounces"]);
  expect(await pullAll(stage, lastCursor(back))).toEqual([]);
});

test("a folder inside another is found by its path, folders without mail are not offered", async () => {
  stage.box.addFolder("Returned", "inbox");
  const inbox = { ...stage.inbox, settings: { ...(stage.inbox.settings as object), extraFolders: ["inbox/returned"] } };
  await stage.put("Returned", letter(1));
  expect(idsOf(await pullAll({ ...stage, inbox }))).toEqual(named(1));
  const paths = await exchange.listFolders?.(stage.inbox, toolsOf(stage));
  expect(paths).toEqual(["Bounces", "Deleted Items", "Drafts", "Inbox", "Inbox/Returned", "Junk Email", "Sent Items"]);
});

test("more mail in one second than a page holds is read to its end", async () => {
  const receivedAt = Date.now() - 3_600_000;
  for (let n = 1; n <= 1300; n++) await stage.put("inbox", letter(n), { receivedAt });
  const pages = await pullAll(stage);
  expect(new Set(idsOf(pages)).size).toBe(1300);
  expect(idsOf(pages)).toHaveLength(1300);
}, 60_000);

test.each(["REPORT.IPM.Note.NDR", "REPORT.IPM.Note.DR", "REPORT.IPM.Note.Delayed", "REPORT.IPM.Note.IPNRN"])(
  "the class %s is told, which makes it suspect in every language",
  async (itemClass) => {
    await stage.put("inbox", letter(1, "Content-Language: pl\r\n"), { itemClass });
    const [message] = (await pullAll(stage)).flatMap((page) => page.messages);
    expect(message?.hints.messageClass).toBe(itemClass);
  },
);

test("a header is told whole, X- fields too; mail that never was on the wire by Exchange's own fields", async () => {
  await stage.put("inbox", letter(1, "X-Failed-Recipients: jan@customer.example\r\nReferences: <a@x.example>\r\n\t<b@x.example>\r\n"));
  await stage.put("sentitems", letter(2, "Cc: Ewa <ewa@customer.example>\r\n"), { neverOnWire: true });
  const messages = (await pullAll(stage)).flatMap((page) => page.messages);
  const [sent, received] = messages;
  expect(received?.headers.get("x-failed-recipients")).toEqual(["jan@customer.example"]);
  expect(received?.headers.get("references")).toEqual(["<a@x.example> <b@x.example>"]);
  expect(Object.fromEntries(sent?.headers ?? [])).toMatchObject({
    "message-id": ["<2@sales.example>"],
    from: ['"Anna" <anna@sales.example>'],
    to: ["jan@customer.example"],
    cc: ['"Ewa" <ewa@customer.example>'],
    subject: ["Offer 2"],
  });
});

test("the recipients of Exchange's own notice are those it could not reach", async () => {
  await stage.put("inbox", letter(1), { itemClass: "REPORT.IPM.Note.NDR", neverOnWire: true, storedTo: ["jan@customer.example"] });
  const [message] = (await pullAll(stage)).flatMap((page) => page.messages);
  expect(message?.headers.get("x-failed-recipients")).toEqual(["jan@customer.example"]);
  expect(message?.headers.has("to")).toBe(false);
});

test("a message is looked for by its Message-ID in all folders, in one question, and told with where it lies", async () => {
  stage.box.addFolder("Offers", "inbox");
  await stage.put("Offers", letter(1));
  await stage.put("sentitems", letter(1));
  await stage.put("inbox", letter(2));
  const session = await exchange.open(stage.inbox, toolsOf(stage));
  const found = await session.find?.("<1@sales.example>");
  expect(found?.map(({ envelope, watched }) => [envelope.folder, envelope.role, watched]).toSorted()).toEqual([
    ["Inbox/Offers", "other", false],
    ["Sent Items", "sent", true],
  ]);
  expect(times("FindItem")).toBe(1);
  expect(await session.find?.('<1@sales.example"/>&>')).toEqual([]);
  await session.close();
});
