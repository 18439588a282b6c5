import { expect, test } from "vitest";
import type { Database } from "../../src/ports/database.ts";
import { forgetOld } from "../../src/store/forget-old.ts";
import { listNearMisses } from "../../src/store/near-misses.ts";
import { type SavedMessage, savePage } from "../../src/store/save-page.ts";
import { countBouncesBy, countBouncesByTime, countNotices, countPendingByHour } from "../../src/store/support-figures.ts";
import { countUntied, listUntied } from "../../src/store/untied-notices.ts";
import { expireWaiting } from "../../src/store/waiting-notices.ts";
import { onBothEngines, openNew } from "./engines.ts";
import { accountWithInboxes, delayed, delivered, envelope, notice, now, outcome, page, sentMessage } from "./sample-mail.ts";

const hour = 3_600_000;
const day = 24 * hour;

const inboxOf = async (database: Database) => {
  const [claim] = await accountWithInboxes(database);
  if (!claim) throw new Error("no inbox");
  return claim;
};

/** A letter and the notice about it, which came some time ago. */
const bounce = (name: string, ago: number, one = outcome(`${name}@customer.example`)): SavedMessage[] => {
  const letter = sentMessage(name, [one.address]);
  const kind = one.action === "delayed" ? "delay" : "failure";
  return [
    { ...letter, sent: { ...(letter.sent as NonNullable<SavedMessage["sent"]>), sentAt: now - ago - hour } },
    notice(name, [one], {
      receivedAt: now - ago,
      report: { kind, notice: { messageId: null, from: null, subject: null, date: now - ago } },
    }),
  ];
};

onBothEngines("the figures of the last days", (engine) => {
  test("count bounces by time, category, domain and inbox, and what is pending by its age; older ones are left out", async () => {
    const database = await openNew(engine);
    const { accountId, inboxId, ...claim } = await inboxOf(database);
    const full = outcome("full@bank.example", { category: "mailbox_full", reason: "mailboxfull" });
    const messages = [
      ...bounce("a", hour),
      ...bounce("b", hour),
      ...bounce("c", 2 * day, full),
      ...bounce("d", 5 * hour, delayed("d@bank.example")),
      ...bounce("old", 31 * day),
    ];
    await savePage(database, page({ accountId, inboxId, ...claim }, messages));
    const since = now - 30 * day;
    const byTime = await countBouncesByTime(database.read, accountId, since);
    expect(byTime.map(({ at, state, count }) => [(now - at) / hour, state, count]).sort((a, b) => Number(a[0]) - Number(b[0]))).toEqual([
      [1, "hard", 2],
      [5, "pending", 1],
      [48, "hard", 1],
    ]);
    const by = async (column: "category" | "recipient_domain" | "inbox_id") =>
      (await countBouncesBy(database.read, accountId, column, since)).map(({ value, state, count }) => `${value} ${state} ${count}`).sort();
    expect(await by("category")).toEqual(["mailbox_full hard 1", "temporary_technical pending 1", "unknown_user hard 2"]);
    expect(await by("recipient_domain")).toEqual(["bank.example hard 1", "bank.example pending 1", "customer.example hard 2"]);
    expect(await by("inbox_id")).toEqual([`${inboxId} hard 3`, `${inboxId} pending 1`]);
    expect(await countPendingByHour(database.read, accountId)).toEqual([{ at: now - 5 * hour, count: 1 }]);
  });

  test("count notices by what became of them", async () => {
    const database = await openNew(engine);
    const claim = await inboxOf(database);
    const receipt = notice("r", [delivered("r@customer.example")], { report: { kind: "delivery_receipt" } });
    await savePage(database, page(claim, [...bounce("a", hour), notice("waits"), receipt, ...bounce("old", 8 * day)]));
    const counted = await countNotices(database.read, claim.accountId, now - 7 * day);
    expect(counted.map(({ state, kind, count }) => `${state} ${kind} ${count}`).sort()).toEqual([
      "matched failure 1",
      "no_bounce delivery_receipt 1",
      "waiting failure 1",
    ]);
  });
});

onBothEngines("notices that are not tied", (engine) => {
  test("come with those a message probably fits first, then the newest; page by page, by state and by inbox", async () => {
    const database = await openNew(engine);
    const [claim, other] = await accountWithInboxes(database, 2);
    if (!claim || !other) throw new Error("no inboxes");
    const { accountId } = claim;
    const nameless = notice(null, [outcome("jan@customer.example")], {
      ...{ ref: "fits", receivedAt: now - 30 * 60_000 },
      report: { original: { messageId: null, subject: null, from: null, to: [], references: [], date: null, foundIn: null } },
    });
    // Its words look like a suggestion, and are only words.
    const words = '"suggestions":[{"sentMessageId":"x"}]';
    const nasty = notice("nasty", [outcome(`"${words}"@x.example`, { diagnostic: words })], { receivedAt: now - 3000 });
    await savePage(
      database,
      page(claim, [sentMessage("m1"), nameless, notice("n1", [outcome("kim@x.example")], { receivedAt: now - 2000 }), nasty]),
    );
    await savePage(database, page(other, [notice("n2", [outcome("eva@x.example")], { receivedAt: now - 1000 })]));
    await expireWaiting(database, accountId, now + 73 * hour);
    await savePage(database, page(other, [notice("n3", [outcome("ola@x.example")], { receivedAt: now - 4000 })]));
    const refs = async (options: Parameters<typeof listUntied>[2]) =>
      (await listUntied(database.read, accountId, options)).data.map(({ ref }) => ref);
    const all = ["fits", "bounce-n2", "bounce-n1", "bounce-nasty", "bounce-n3"];
    expect(await refs({})).toEqual(all);
    const first = await listUntied(database.read, accountId, { limit: 2 });
    const second = await listUntied(database.read, accountId, { limit: 10, cursor: first.nextCursor });
    expect([...first.data, ...second.data].map(({ ref }) => ref)).toEqual(await refs({}));
    expect(second.nextCursor).toBeNull();
    expect(await refs({ state: "waiting" })).toEqual(["bounce-n3"]);
    expect((await refs({ inboxIds: [other.inboxId] })).toSorted()).toEqual(["bounce-n2", "bounce-n3"]);
    expect(await refs({ inboxIds: [] })).toEqual([]);
    expect(await countUntied(database.read, accountId)).toEqual(
      new Map([
        ["unmatched", 1],
        ["not_ours", 3],
        ["waiting", 1],
      ]),
    );
    expect((await countUntied(database.read, accountId, [other.inboxId])).get("not_ours")).toBe(1);
  });
});

onBothEngines("near misses", (engine) => {
  test("are counted by what wrote them, with the newest as an example, and forgotten with the header facts", async () => {
    const database = await openNew(engine);
    const claim = await inboxOf(database);
    const { accountId, inboxId } = claim;
    const gateway = { from: "Gateway <mailer-daemon@gw.bank.example>", "content-type": "multipart/mixed" };
    const message = (ref: string, fields: Record<string, string>, more: Partial<SavedMessage>): SavedMessage => ({
      envelope: { ...envelope(ref), headers: new Map(Object.entries(fields).map(([name, value]) => [name, [value]])) },
      verdict: "opened",
      facts: {},
      trace: { outcome: "ordinary", steps: [] },
      ...more,
    });
    await savePage(database, page(claim, [message("g1", gateway, {}), message("g2", gateway, {})]));
    const away = { from: "Jan <jan@customer.example>", "auto-submitted": "auto-replied" };
    const later = [
      message("g3", gateway, {}),
      message("away", away, { verdict: "other" }),
      message("lunch", { from: "Jan <jan@customer.example>" }, { verdict: "other" }),
    ];
    await savePage(database, { ...page(claim, later), now: now + 1000 });
    expect(await listNearMisses(database.read, accountId, now - day)).toEqual([
      {
        ...{ kind: "ordinary", type: "multipart/mixed", signs: ["machine_from"], domain: "gw.bank.example" },
        ...{ count: 3, newestAt: now + 1000, example: { inboxId, ref: "g3" } },
      },
      { kind: null, type: "text/plain", signs: [], domain: "", count: 1, newestAt: now + 1000, example: { inboxId, ref: "away" } },
    ]);
    expect(await listNearMisses(database.read, accountId, now + 500)).toMatchObject([{ count: 1 }, { count: 1 }]);
    await database.transaction((tx) => forgetOld(tx, accountId, now + 31 * day));
    expect(await listNearMisses(database.read, accountId, 0)).toEqual([]);
  });
});
