import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { gmail } from "../../../connectors/gmail/connector.ts";
import { envelopeFields } from "../../../src/bounces/envelope.ts";
import { parseHeaderFields } from "../../../src/bounces/header-fields.ts";
import type { Cursor, Page } from "../../../src/ports/connector.ts";
import { failure, ok } from "../../fakes/google/answer.ts";
import { demoMailbox } from "../../fixtures/demo-mailbox.ts";
import { collect } from "../test-tools.ts";
import { failureOf, type GmailStage, idsOf, lastCursor, letter, openGmail, pullAll, timesAsked, toolsOf } from "./open-gmail.ts";

const day = 86_400_000;
const named = (...names: (string | number)[]): string[] => names.map((name) => `<${name}@sales.example>`);

let stage: GmailStage;
let cursor: Cursor;
beforeEach(async () => {
  stage = await openGmail();
  stage.google.quota.perUserPerMinute = 1_000_000;
  cursor = lastCursor(await pullAll(stage));
});
afterEach(() => stage.google.stop());

const look = async (from = cursor): Promise<Page[]> => {
  const pages = await pullAll(stage, from);
  cursor = lastCursor(pages) ?? from;
  return pages;
};

describe("the list of changes", () => {
  test("tells of new mail with its place, thread and time; each label has its folder", async () => {
    const at = Date.now() - 5000;
    const sent = stage.mailbox.put(letter("sent"), ["SENT", "INBOX"], at);
    stage.mailbox.put(letter("reply", "In-Reply-To: <sent@sales.example>\r\n"), ["INBOX"], at);
    stage.mailbox.put(letter("junk"), ["SPAM"], at);
    stage.mailbox.put(letter("filed"), ["Label_7"], at);
    stage.mailbox.put(letter("binned"), ["TRASH"], at);
    const pages = await look();
    expect(pages.map(({ folder, backfill }) => [folder.path, folder.role, backfill])).toEqual([
      ["Sent", "sent", false],
      ["Spam", "junk", false],
      ["Trash", "other", false],
      ["Inbox", "inbox", false],
      ["Archive", "other", false],
    ]);
    expect(pages[0]?.messages[0]).toMatchObject({ ref: sent.id, threadId: sent.threadId, receivedAt: at, size: sent.raw.length });
    expect(pages[3]?.messages[0]?.threadId).toBe(sent.threadId);
  });

  test("nothing new costs one request", async () => {
    const before = stage.google.asked.length;
    expect(await look()).toEqual([]);
    expect(stage.google.asked.slice(before).map(({ method }) => method)).toEqual(["gmail.users.history.list"]);
  });

  test("a change that is no news moves the position and costs nothing more", async () => {
    const { id } = stage.mailbox.put(letter(1));
    await look();
    stage.mailbox.label(id, [], ["UNREAD"]);
    stage.mailbox.label(id, ["STARRED"]);
    const gets = timesAsked(stage, "gmail.users.messages.get");
    expect((await look()).map(({ messages }) => messages)).toEqual([[]]);
    expect(timesAsked(stage, "gmail.users.messages.get")).toBe(gets);
    expect(await look()).toEqual([]);
  });

  test("pages without `history` but with a token are passed", async () => {
    stage.google.oddities.emptyHistoryPages = 3;
    stage.mailbox.put(letter(1));
    expect(idsOf(await look())).toEqual(named(1));
    expect(await look()).toEqual([]);
  });

  test("a list that never ends is a failure of Google's, not a loop of ours", async () => {
    stage.google.script = ({ method }) =>
      method === "gmail.users.history.list" ? ok({ historyId: "99999999", nextPageToken: "again" }) : null;
    expect(await failureOf(look())).toMatchObject({ kind: "unavailable" });
  });

  test("what is told twice is read once", async () => {
    stage.google.oddities.duplicateAdditions = true;
    for (let n = 0; n < 120; n++) stage.mailbox.put(letter(n));
    expect(idsOf(await look())).toHaveLength(120);
    expect(timesAsked(stage, "gmail.users.messages.get")).toBe(120);
  });

  test("a draft is skipped before it is read, or then where the list shows no labels; once sent, it counts", async () => {
    const { id } = stage.mailbox.put(letter("draft"), ["DRAFT"]);
    stage.mailbox.put(letter("chat"), ["CHAT"]);
    expect(idsOf(await look())).toEqual([]);
    expect(timesAsked(stage, "gmail.users.messages.get")).toBe(0);
    stage.google.oddities.bareHistory = true;
    stage.mailbox.put(letter("second-draft"), ["DRAFT"]);
    stage.mailbox.put(letter("mail"), ["INBOX"]);
    expect(idsOf(await look())).toEqual(named("mail"));
    stage.mailbox.label(id, ["SENT"], ["DRAFT"]);
    expect(idsOf(await look())).toEqual(named("draft"));
  });

  test("mail that comes back from spam or the archive is looked at again", async () => {
    const { id } = stage.mailbox.put(letter(1), ["SPAM"]);
    await look();
    stage.mailbox.label(id, ["INBOX"], ["SPAM"]);
    const pages = await look();
    expect(pages.map(({ folder, messages }) => [folder.path, messages[0]?.ref])).toEqual([["Inbox", id]]);
  });

  test("a message that was deleted meanwhile is left out, and gone", async () => {
    const { id } = stage.mailbox.put(letter("gone"));
    stage.mailbox.put(letter("there"));
    stage.mailbox.remove(id);
    expect(idsOf(await look())).toEqual(named("there"));
    const session = await gmail.open(stage.inbox, toolsOf(stage));
    expect(await session.fetchRaw(id, { maxBytes: 1000 })).toBe("gone");
  });

  test("1,200 changes come in pages, and from any page the rest", async () => {
    for (let n = 0; n < 1200; n++) stage.mailbox.put(letter(n));
    const pages = await look();
    expect(pages.map(({ messages }) => messages.length)).toEqual(Array(24).fill(50));
    const middle = pages[6]?.cursor ?? null;
    expect(idsOf(await pullAll(stage, middle))).toEqual(idsOf(pages.slice(7)));
  });

  test("a failure in the middle loses nothing: the position covers only what was read", async () => {
    for (let n = 0; n < 250; n++) stage.mailbox.put(letter(n));
    let gets = 0;
    stage.google.script = ({ method }) =>
      method === "gmail.users.messages.get" && ++gets > 150 ? failure(500, "backendError", "no") : null;
    const session = await gmail.open(stage.inbox, toolsOf(stage));
    const seen: Page[] = [];
    const pulling = (async () => {
      for await (const page of session.pull(cursor)) seen.push(page);
    })();
    expect(await failureOf(pulling)).toMatchObject({ kind: "unavailable" });
    stage.google.script = () => null;
    const rest = await pullAll(stage, lastCursor(seen));
    expect([...idsOf(seen), ...idsOf(rest)]).toEqual(named(...Array(250).keys()));
  });

  test("a single hiccup is got over", async () => {
    stage.mailbox.put(letter(1));
    for (const trouble of ["reset", failure(502, "badGateway", "no")] as const) {
      let failed = false;
      stage.google.script = ({ method }) => {
        if (method !== "gmail.users.history.list" || failed) return null;
        failed = true;
        return trouble;
      };
      expect(idsOf(await pullAll(stage, cursor))).toEqual(named(1));
    }
  });
});

describe("when Gmail has dropped its list of changes", () => {
  test("what came since is listed again, with a day's overlap, and the gap is told once", async () => {
    stage.mailbox.put(letter("known"), ["SENT"], Date.now() - 1000);
    await look();
    const lastLook = Date.now();
    stage.mailbox.put(letter("sent"), ["SENT"]);
    stage.mailbox.put(letter("ordinary"), ["INBOX"]);
    stage.mailbox.put(letter("junk"), ["SPAM"]);
    stage.mailbox.put(letter("older"), ["INBOX"], Date.now() - 2 * day);
    stage.mailbox.forgetChanges();
    stage.mailbox.put(letter("late"), ["INBOX"]);
    const pages = await look();
    expect(idsOf(pages).toSorted()).toEqual(named("junk", "known", "late", "ordinary", "sent"));
    expect(idsOf(pages)[0], "Sent first").toMatch(/known|sent/);
    expect(pages.every(({ backfill, messages }) => !backfill || messages.length === 0)).toBe(true);
    const gaps = pages.flatMap((page) => page.gaps);
    expect(gaps).toHaveLength(1);
    expect(gaps[0]?.from).toBeLessThanOrEqual(lastLook);
    expect(gaps[0]?.to).toBeGreaterThanOrEqual(lastLook);
    expect(await look()).toEqual([]);
  });

  test("the gap and the new position are told before anything is listed: a stop in the middle starts nothing over", async () => {
    for (let n = 0; n < 150; n++) stage.mailbox.put(letter(n));
    stage.mailbox.forgetChanges();
    stage.mailbox.put(letter("late"));
    const session = await gmail.open(stage.inbox, toolsOf(stage));
    let first: Page | undefined;
    for await (const page of session.pull(cursor)) {
      first = page;
      break;
    }
    expect(first).toMatchObject({ messages: [], gaps: [{ folder: "" }] });
    const rest = await pullAll(stage, first?.cursor ?? null);
    expect(idsOf(rest)).toHaveLength(151);
    expect(rest.flatMap(({ gaps }) => gaps)).toEqual([]);
  });

  test("in a mailbox where nothing happened nothing is lost, though its newest id is too old as well", async () => {
    stage.mailbox.forgetChanges();
    for (let n = 0; n < 3; n++) {
      const before = stage.google.asked.length;
      expect(await look()).toEqual([]);
      expect(stage.google.asked.slice(before).map(({ method }) => method)).toEqual(["gmail.users.history.list", "gmail.users.getProfile"]);
    }
    stage.mailbox.put(letter("first-in-months"));
    expect(idsOf(await look())).toEqual(named("first-in-months"));
    expect(await look()).toEqual([]);
  });

  test("again at every look: each lists only what came since, and ends", async () => {
    for (let n = 0; n < 4; n++) {
      stage.mailbox.put(letter(n));
      stage.mailbox.forgetChanges();
      stage.mailbox.put(letter(`${n}-late`));
      expect(idsOf(await look())).toEqual(expect.arrayContaining(named(n, `${n}-late`)));
    }
  });

  test("again before the last list was read: both are one list, however often it happens", async () => {
    for (let n = 0; n < 120; n++) stage.mailbox.put(letter(n));
    let position = cursor;
    for (let loss = 0; loss < 3; loss++) {
      stage.mailbox.put(letter(`late${loss}`));
      stage.mailbox.forgetChanges();
      const session = await gmail.open(stage.inbox, toolsOf(stage));
      for await (const page of session.pull(position)) {
        position = page.cursor;
        if (page.gaps.length > 0) break;
      }
    }
    const before = stage.google.asked.length;
    const pages: Page[] = [];
    // A turn that ends after each page: what was read in an earlier one is known by the position alone.
    for (let went = true; went; ) {
      const session = await gmail.open(stage.inbox, toolsOf(stage));
      went = false;
      for await (const page of session.pull(position)) {
        position = page.cursor;
        pages.push(page);
        went = true;
        break;
      }
    }
    expect(new Set(idsOf(pages))).toEqual(new Set(named(...Array.from({ length: 120 }, (_, n) => n), "late0", "late1", "late2")));
    expect(stage.google.asked.slice(before).filter(({ method }) => method === "gmail.users.messages.get").length).toBeLessThan(2 * 123);
  });

  test("what was saved before is listed, but not read again", async () => {
    for (let n = 0; n < 120; n++) stage.mailbox.put(letter(n));
    const saved = new Set((await look()).flatMap(({ messages }) => messages.map(({ ref }) => ref)));
    stage.mailbox.put(letter("late"));
    stage.mailbox.forgetChanges();
    const before = timesAsked(stage, "gmail.users.messages.get");
    const session = await gmail.open(stage.inbox, toolsOf(stage));
    const pages = await collect(session.pull(cursor, async (refs) => new Set(refs.filter((ref) => saved.has(ref)))));
    expect(idsOf(pages)).toEqual(named("late"));
    expect(timesAsked(stage, "gmail.users.messages.get") - before).toBe(1);
    cursor = lastCursor(pages);
    expect(await look()).toEqual([]);
  });

  test("another mailbox's position is one Gmail does not know", async () => {
    const other = { ...(cursor as object), historyId: "18446744073709551615" } as Cursor;
    stage.mailbox.put(letter(1));
    expect(idsOf(await look(other))).toEqual(named(1));
  });
});

test("a quiet mailbox writes its position once a day", async () => {
  const later = { now: () => Date.now() + 25 * 3_600_000 };
  const pages = await pullAll(stage, cursor, later);
  expect(pages.map(({ messages }) => messages)).toEqual([[]]);
  expect(await pullAll(stage, lastCursor(pages), later)).toEqual([]);
});

test("a monstrous message is cut off under way, not taken into memory", async () => {
  const { id } = stage.mailbox.put(letter("huge") + "x".repeat(3_000_000));
  const session = await gmail.open(stage.inbox, toolsOf(stage));
  expect(await failureOf(session.fetchRaw(id, { maxBytes: 100_000 }))).toMatchObject({ kind: "rejected" });
  expect(timesAsked(stage, "gmail.users.messages.get")).toBe(1);
  expect(await session.fetchRaw(id, { maxBytes: 4_000_000 })).toHaveLength(3_000_000 + letter("huge").length);
});

describe("a message Gmail fails over", () => {
  const failOver = (id: string): void => {
    stage.google.script = ({ method, url }) =>
      method === "gmail.users.messages.get" && url.pathname.endsWith(id) ? failure(500, "backendError", "Internal error") : null;
  };

  test("holds up nothing, and is read as soon as it can be", async () => {
    for (const n of [1, 2, 3]) stage.mailbox.put(letter(n));
    failOver([...stage.mailbox.messages.keys()][1] ?? "");
    expect(idsOf(await look())).toEqual(named(1, 3));
    expect(await look(), "it is asked for again, and fails again").toEqual([]);
    stage.mailbox.put(letter(4));
    expect(idsOf(await look())).toEqual(named(4));
    stage.google.script = () => null;
    const pages = await look();
    expect(pages.map(({ backfill, gaps }) => [backfill, gaps])).toEqual([[false, []]]);
    expect(idsOf(pages)).toEqual(named(2));
    expect(await look()).toEqual([]);
  });

  test("is told after a day to be read as it comes, once", async () => {
    for (const n of [1, 2]) stage.mailbox.put(letter(n));
    const [id = ""] = stage.mailbox.messages.keys();
    failOver(id);
    await look();
    const later = { now: () => Date.now() + 25 * 3_600_000 };
    const pages = await pullAll(stage, cursor, later);
    expect(pages.flatMap(({ gaps }) => gaps)).toEqual([]);
    expect(pages.flatMap(({ unread = [] }) => unread)).toEqual([{ ref: id, folder: "Inbox", role: "inbox", receivedAt: null }]);
    expect(await pullAll(stage, pages.at(-1)?.cursor ?? null, later)).toEqual([]);
    stage.google.script = () => null;
    const session = await gmail.open(stage.inbox, toolsOf(stage));
    expect(Buffer.from((await session.fetchRaw(id, { maxBytes: 1e6 })) as Uint8Array).toString()).toBe(letter(1));
  });

  test("alone, or with many others, it is Gmail that fails", async () => {
    stage.mailbox.put(letter(1));
    stage.google.script = ({ method }) => (method === "gmail.users.messages.get" ? failure(500, "backendError", "no") : null);
    expect(await failureOf(look())).toMatchObject({ kind: "unavailable" });
    for (let n = 2; n < 12; n++) stage.mailbox.put(letter(n));
    let gets = 0;
    stage.google.script = ({ method }) => (method === "gmail.users.messages.get" && ++gets > 2 ? failure(500, "backendError", "no") : null);
    expect(await failureOf(look())).toMatchObject({ kind: "unavailable" });
    stage.google.script = () => null;
    expect(idsOf(await look())).toHaveLength(11);
  });
});

describe("what is no answer of Google's", () => {
  const html = "<html><body>Please sign in to the hotel's network</body></html>";

  test("is not taken for an empty mailbox, a deleted message or a lost list of changes", async () => {
    stage.mailbox.put(letter("old"), ["SENT"], Date.now() - 60_000);
    for (const answer of [
      { status: 200, body: html },
      { status: 404, body: html },
      { status: 200, body: '{"messages": [{"id": "19' },
      ok({}),
    ]) {
      for (const method of ["gmail.users.getProfile", "gmail.users.messages.get"]) {
        stage.google.script = (asked) => (asked.method === method ? answer : null);
        expect(await failureOf(pullAll(stage)), `${method} ${answer.status}`).toMatchObject({ kind: "unavailable" });
      }
    }
    for (const answer of [
      { status: 200, body: html },
      { status: 404, body: html },
    ]) {
      stage.google.script = ({ method }) =>
        method === "gmail.users.messages.list" || method === "gmail.users.history.list" ? answer : null;
      expect(await failureOf(pullAll(stage))).toMatchObject({ kind: "unavailable" });
      expect(await failureOf(look())).toMatchObject({ kind: "unavailable" });
    }
    stage.google.script = () => null;
    expect(idsOf(await look())).toEqual(named("old"));
  });
});

test("the header fields of real notices are told as they stand in them", async () => {
  const notices = demoMailbox();
  for (const raw of notices.values()) stage.mailbox.put(raw);
  const told = (await look()).flatMap(({ messages }) => messages);
  expect(told).toHaveLength(notices.size);
  for (const { ref, headers } of told) {
    const written = parseHeaderFields(stage.mailbox.messages.get(ref)?.raw ?? Buffer.of());
    expect(headers).toEqual(new Map([...written].filter(([name]) => (envelopeFields as readonly string[]).includes(name))));
  }
});
