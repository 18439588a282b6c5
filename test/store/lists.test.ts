import { expect, test } from "vitest";
import { idKey } from "../../src/bounces/keys.ts";
import { type EngagementSort, listEngagements } from "../../src/store/engagements.ts";
import { eraseAccount, eraseInbox, searchAccount, searchInbox } from "../../src/store/erase.ts";
import { forgetOld } from "../../src/store/forget-old.ts";
import { getInbox } from "../../src/store/inboxes.ts";
import { listNotices } from "../../src/store/notices.ts";
import { registerSentMessages } from "../../src/store/register-sent-messages.ts";
import { savePage } from "../../src/store/save-page.ts";
import { findSeen } from "../../src/store/seen-messages.ts";
import { listSendRecipients } from "../../src/store/send-recipients.ts";
import { findSentByIds, findSentToRecipients, getSentMessage, listSentMessages } from "../../src/store/sent-messages.ts";
import { readTrace } from "../../src/store/traces.ts";
import { onBothEngines, openNew } from "./engines.ts";
import { accountWithInboxes, notice, now, ordinary, outcome, page, sentMessage, wholeDatabase } from "./sample-mail.ts";

onBothEngines("lists and what is kept", (engine) => {
  /** Five hard bounces, two of them at the same moment, and a soft one. */
  const start = async (inboxes = 1) => {
    const database = await openNew(engine);
    const claims = await accountWithInboxes(database, inboxes);
    const [claim] = claims;
    if (!claim) throw new Error("no inbox");
    const names = ["a", "b", "c", "d", "e"];
    const bounces = names.map((name, i) =>
      notice(name, [outcome(`${name}@x.example`, name === "e" ? { type: "soft", category: "spam" } : {})], {
        ref: `n${i}`,
        receivedAt: now - 1000 + Math.floor(i / 2) * 100,
      }),
    );
    await savePage(database, page(claim, [...names.map((name) => sentMessage(name, [`${name}@x.example`])), ...bounces, ordinary("m")]));
    return { database, claims, claim, accountId: claim.accountId };
  };

  test.each(["occurredAt", "-occurredAt", "updatedAt", "-updatedAt"] satisfies EngagementSort[])(
    "sorted by %s, pages meet without gap or overlap",
    async (sort) => {
      const { database, accountId } = await start();
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const list: Awaited<ReturnType<typeof listEngagements>> = await listEngagements(database.read, accountId, {
          sort,
          limit: 2,
          cursor,
        });
        seen.push(...list.data.map(({ id }) => id));
        cursor = list.nextCursor;
      } while (cursor);
      const all = (await listEngagements(database.read, accountId, { sort })).data;
      expect(seen).toEqual(all.map(({ id }) => id));
      expect(new Set(seen).size).toBe(5);
      const times = all.map((engagement) => (sort.endsWith("occurredAt") ? engagement.occurredAt : engagement.updatedAt));
      expect(times).toEqual(times.toSorted((x, y) => (sort.startsWith("-") ? y - x : x - y)));
    },
  );

  test("letters to a recipient are those sent between two times, a release's that kept no time with the recipient too", async () => {
    const { database, accountId, claim } = await start();
    const sentAt = (name: string, at: number) => {
      const message = sentMessage(name, ["busy@x.example"]);
      if (message.sent) message.sent.sentAt = at;
      return message;
    };
    await savePage(
      database,
      page(claim, [sentAt("early", now - 900), sentAt("between", now - 500), sentAt("old-release", now - 400), sentAt("late", now - 100)]),
    );
    const [old] = [...(await findSentByIds(database.read, accountId, [idKey("<old-release@sales.example>")])).values()].flat();
    expect(old?.id).toBeTruthy();
    await database.transaction((tx) =>
      tx
        .updateTable("sent_recipients")
        .set({ sent_at: 9_007_199_254_740_991 })
        .where("sent_message_id", "=", old?.id ?? "")
        .execute(),
    );
    const found = await findSentToRecipients(database.read, accountId, ["busy@x.example"], { after: now - 900, before: now - 100 });
    expect(found.map((message) => message.sentAt - now)).toEqual([-400, -500]);
  });

  test("engagements are found by state, category, recipient, time, inbox and contact", async () => {
    const { database, accountId, claim } = await start();
    const count = async (filter: Parameters<typeof listEngagements>[2]) =>
      (await listEngagements(database.read, accountId, filter)).data.length;
    const [soft] = (await listEngagements(database.read, accountId, { state: ["soft"] })).data;
    expect(soft).toMatchObject({ category: "spam" });
    expect([
      await count({ state: ["hard"] }),
      await count({ category: ["spam", "policy"] }),
      await count({ recipientKey: "a@x.example" }),
      await count({ occurredSince: now - 800 }),
      await count({ updatedSince: now + 1 }),
      await count({ inboxId: claim.inboxId, backfill: false }),
      await count({ sentMessageId: soft?.sentMessageId, sendId: "s" }),
      await count({ contactId: soft?.contactId }),
    ]).toEqual([4, 1, 1, 1, 0, 5, 0, 1]);
  });

  test("sent messages are found by any id, and listed newest first", async () => {
    const { database, accountId, claim } = await start();
    const found = await findSentByIds(database.read, accountId, ["a@sales.example", "provider-b@mail.example", "unknown"]);
    expect([...found.keys()].sort()).toEqual(["a@sales.example", "provider-b@mail.example"]);
    const [message] = found.get("a@sales.example") ?? [];
    expect(message).toMatchObject({
      inboxId: claim.inboxId,
      folder: "Sent",
      recipients: [{ addressKey: "a@x.example", address: "a@x.example", role: "to", name: null }],
    });
    expect(await getSentMessage(database.read, accountId, message?.id ?? "")).toEqual(message);
    const first = await listSentMessages(database.read, accountId, { limit: 3, inboxId: claim.inboxId });
    const second = await listSentMessages(database.read, accountId, { limit: 3, cursor: first.nextCursor });
    expect(new Set([...first.data, ...second.data].map(({ id }) => id)).size).toBe(5);
  });

  test("a send shows what became of each recipient", async () => {
    const { database, accountId, claim } = await start();
    const registered = ["p", "q", "r"].map(
      (name) =>
        ({ ...sentMessage(name, [`${name}@x.example`]).sent, kind: "marketing", sendId: "send-1", externalId: name }) as Parameters<
          typeof registerSentMessages
        >[2][number],
    );
    await database.transaction((tx) => registerSentMessages(tx, accountId, registered, now));
    await savePage(database, page(claim, [notice("q", [outcome("q@x.example")])]));
    const all = await listSendRecipients(database.read, accountId, { sendId: "send-1" }, { limit: 2 });
    expect(all.data).toMatchObject([
      { address: "p@x.example", state: null },
      { address: "q@x.example", state: "hard", externalId: "q" },
    ]);
    expect(
      (await listSendRecipients(database.read, accountId, { sendId: "send-1" }, { limit: 2, cursor: all.nextCursor })).data,
    ).toMatchObject([{ address: "r@x.example" }]);
    expect((await listSendRecipients(database.read, accountId, { sendId: "send-1" }, { state: ["hard", "soft"] })).data).toHaveLength(1);
  });

  test("three people at one domain who fail alike are told of each other, whichever page they are on; the soft one is not", async () => {
    const { database, accountId } = await start();
    const first = await listEngagements(database.read, accountId, { limit: 1, sort: "occurredAt" });
    expect(first.data.map(({ failsAlike }) => failsAlike)).toEqual([true]);
    const all = (await listEngagements(database.read, accountId)).data;
    expect(all.map(({ state, failsAlike }) => [state, failsAlike])).toEqual(all.map(({ state }) => [state, state === "hard"]));
  });

  test.each([
    ["the same one again and one other are two", ["jan", "jan", "eva"], {}, false],
    ["three people", ["jan", "eva", "ola"], {}, true],
    ["three people with other words", ["jan", "eva", "ola"], { reason: "hostunknown" }, false],
    ["three people, one long before", ["jan", "eva", "ola"], { receivedAt: now - 8 * 86_400_000 }, false],
  ])("%s", async (_, names, last, expected) => {
    const database = await openNew(engine);
    const [claim] = await accountWithInboxes(database);
    if (!claim) throw new Error("no inbox");
    const mail = names.flatMap((name, i) => {
      const isLast = i === names.length - 1;
      const { receivedAt = now - 1000, ...outcomes } = (isLast ? last : {}) as { receivedAt?: number; reason?: string };
      const to = `${name}@customer.example`;
      return [sentMessage(`m${i}`, [to]), notice(`m${i}`, [outcome(to, outcomes)], { ref: `n${i}`, receivedAt })];
    });
    await savePage(database, page(claim, mail));
    const { data } = await listEngagements(database.read, claim.accountId);
    expect(data.find(({ recipient }) => recipient.address.startsWith("jan"))?.failsAlike).toBe(expected);
  });

  test("notices are listed by state and kind, newest first", async () => {
    const { database, accountId } = await start();
    const first = await listNotices(database.read, accountId, { limit: 3, state: ["matched"] });
    const second = await listNotices(database.read, accountId, { limit: 3, kind: ["failure"], cursor: first.nextCursor });
    const times = [...first.data, ...second.data].map(({ receivedAt }) => receivedAt);
    expect(times).toHaveLength(5);
    expect(times).toEqual(times.toSorted((x, y) => y - x));
  });

  test("a message is explained by its Message-ID or by the provider's id", async () => {
    const { database, accountId, claim } = await start();
    expect(await findSeen(database.read, accountId, "<N1@notices.example>")).toMatchObject([
      { ref: "n1", verdict: "notice", inboxId: claim.inboxId },
    ]);
    expect(await readTrace(database.read, accountId, claim.inboxId, "n1")).toMatchObject({
      outcome: "bounce",
      steps: [{ step: "format" }],
    });
    expect(await readTrace(database.read, accountId, claim.inboxId, "m")).toBeNull();
  });

  test("what was kept long enough is forgotten, and the timeline stays", async () => {
    const { database, accountId } = await start();
    const day = 86_400_000;
    await database.transaction((tx) => forgetOld(tx, accountId, now + 31 * day));
    expect((await findSeen(database.read, accountId, "<m@notices.example>"))[0]).toMatchObject({ verdict: "other", facts: null });
    expect(await database.read.selectFrom("notice_sources").select("notice_id").execute()).toHaveLength(5);
    await database.transaction((tx) => forgetOld(tx, accountId, now + 91 * day));
    const { notice_sources, traces, events, engagements } = await wholeDatabase(database);
    expect([notice_sources, traces, events].map((rows) => rows?.length)).toEqual([0, 0, 0]);
    expect(engagements).toHaveLength(5);
  });

  test("an erased inbox leaves nothing of its mail, and the other inbox's stays", async () => {
    const { database, claims, accountId } = await start(2);
    const [mine, other] = claims;
    if (!mine || !other) throw new Error("no inboxes");
    await savePage(database, page(other, [sentMessage("z", ["z@x.example"]), notice("z", [outcome("z@x.example")])]));
    await database.transaction((tx) => eraseInbox(tx, accountId, mine.inboxId, "key:k", now));
    const { events, inboxes, erasures, ...rest } = await wholeDatabase(database);
    const traces = ["a@x.example", "provider-a@mail.example", mine.inboxId].filter((word) => JSON.stringify(rest).includes(word));
    expect(traces).toEqual([]);
    expect((await listEngagements(database.read, accountId)).data).toMatchObject([{ recipient: { address: "z@x.example" } }]);
    expect(rest.contacts).toHaveLength(1);
    expect(await getInbox(database.read, accountId, mine.inboxId)).toMatchObject({ state: "erased", address: "", owner: null });
    expect(events?.length).toBe(17 + 1);
    expect(events?.filter((row) => row.includes(mine.inboxId)).map((row) => JSON.parse(row).type)).toEqual(["inbox.erased"]);
    expect(events?.join()).not.toContain("a@x.example");
    expect(erasures?.map((row) => JSON.parse(row).removed)).toMatchObject([expect.stringContaining('"engagements":5')]);
    expect(await searchInbox(database.read, accountId, mine.inboxId)).toEqual({});
    expect(inboxes).toHaveLength(2);
    await expect(savePage(database, page(mine, [ordinary("m")]))).rejects.toThrow();
  });

  test("an erased account leaves one row that says so", async () => {
    const { database, accountId } = await start(2);
    const [others] = await accountWithInboxes(database);
    const before = await wholeDatabase(database);
    await database.transaction((tx) => eraseAccount(tx, accountId, "key:k", now));
    const after = await wholeDatabase(database);
    const left = Object.entries(after).flatMap(([table, rows]) => rows.filter((row) => row.includes(accountId)).map(() => table));
    expect(left).toEqual(["accounts", "erasures"]);
    expect(await searchAccount(database.read, accountId)).toEqual({});
    expect(after.inboxes).toEqual(before.inboxes?.filter((row) => row.includes(others?.accountId ?? "")));
  });
});
