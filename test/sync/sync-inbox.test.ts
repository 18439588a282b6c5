import { expect, it } from "vitest";
import { ConnectorError } from "../../src/ports/connector.ts";
import type { Database } from "../../src/ports/database.ts";
import { readAddresses } from "../../src/store/addresses.ts";
import { listEngagements } from "../../src/store/engagements.ts";
import { changeState, createInbox, getInbox } from "../../src/store/inboxes.ts";
import { listNotices } from "../../src/store/notices.ts";
import { findTraces, readTrace } from "../../src/store/traces.ts";
import { takeOverTurns } from "../../src/store/turns.ts";
import { onBothEngines, openNew } from "../store/engines.ts";
import { demoMessage, makeWorld, now, ordinary, worldOf } from "./world.ts";

const sent = () => demoMessage("Sent/postfix-unknown-user");
const bounce = () => demoMessage("INBOX/postfix-unknown-user");
const hard = ["hard nobody@customer.example <ef34dd6403da449d.mwwavyoi@sales.example> v1 hard"];

/** What a worker does first that knows itself to be the only one: turns of one that died are nobody's. */
const startAnew = (database: Database, at: number): Promise<void> => database.transaction((tx) => takeOverTurns(tx, at));

onBothEngines("a turn", (engine) => {
  it("logs a bounce for the message and recipient it is about, and is watching then", async () => {
    const world = await makeWorld(await openNew(engine), { messages: [sent(), ordinary(1), bounce()], pageSize: 2 });
    expect(await world.turn()).toEqual({ kind: "done" });
    expect(await world.seen()).toEqual({
      bounces: hard,
      notices: ["matched INBOX/postfix-unknown-user"],
      events: ["address.ineligible", "contact.created", "engagement.created", "inbox.first_sync_completed"],
      cursor: 3,
      owed: 0,
      state: "watching",
    });
  });

  it("ties a bounce that lies on the same page as its message, whichever comes first", async () => {
    for (const messages of [
      [sent(), bounce()],
      [bounce(), sent()],
    ]) {
      const world = await makeWorld(await openNew(engine), { messages });
      await world.turn();
      expect((await world.seen()).bounces).toEqual(hard);
    }
  });

  it("ties a bounce that was there before its message was seen", async () => {
    const world = await makeWorld(await openNew(engine), { messages: [bounce()] });
    await world.turn();
    expect((await world.seen()).notices).toEqual(["waiting INBOX/postfix-unknown-user"]);
    world.mailbox.messages.push(sent());
    await world.turn();
    expect((await world.seen()).bounces).toEqual(hard);
  });

  it("reads nobody's ordinary mail", async () => {
    const fetched: unknown[] = [];
    const onCall = (call: string, ref?: string) => void (call === "fetch" && fetched.push(ref));
    const world = await makeWorld(await openNew(engine), { messages: [sent(), ordinary(1), ordinary(2), bounce()], onCall });
    await world.turn();
    expect(fetched).toEqual(["INBOX/postfix-unknown-user"]);
  });

  it("lists the same pages again without writing twice", async () => {
    const world = await makeWorld(await openNew(engine), { messages: [sent(), bounce(), ordinary(1)] });
    await world.turn();
    const before = await world.seen();
    await world.database.transaction((tx) => tx.updateTable("inboxes").set({ cursor: null }).where("id", "=", world.inbox.id).execute());
    await world.turn();
    expect(await world.seen()).toEqual(before);
  });

  it("tells the connector what was saved, so that a list read again costs no reads", async () => {
    const saved: string[][] = [];
    const onSaved = (refs: ReadonlySet<string>) => void saved.push([...refs]);
    const world = await makeWorld(await openNew(engine), {
      messages: [sent(), bounce()],
      onSaved,
    });
    await world.turn();
    world.mailbox.messages.push(ordinary(1));
    await world.database.transaction((tx) => tx.updateTable("inboxes").set({ cursor: null }).where("id", "=", world.inbox.id).execute());
    await world.turn();
    expect(saved.map((refs) => refs.toSorted())).toEqual([[], ["INBOX/postfix-unknown-user", "Sent/postfix-unknown-user"]]);
  });

  it("ends when its time is up and goes on at once where it was", async () => {
    let clock = now;
    const pass = (ms: number) => (call: string) => {
      if (call === "page") clock += ms;
    };
    const world = await makeWorld(
      await openNew(engine),
      {
        messages: [sent(), ordinary(1), ordinary(2), bounce()],
        pageSize: 2,
        onCall: pass(20_000),
      },
      () => clock,
    );
    expect(await world.turn()).toEqual({ kind: "done" });
    const slow = await makeWorld(
      await openNew(engine),
      {
        messages: [sent(), ordinary(1), ordinary(2), bounce()],
        pageSize: 2,
        onCall: pass(70_000),
      },
      () => clock,
    );
    expect(await slow.turn()).toEqual({ kind: "more" });
    expect((await slow.seen()).state).toBe("first_sync");
    const half = await getInbox(slow.database.read, slow.accountId, slow.inbox.id);
    expect([half?.nextPollAt, half?.progress]).toEqual([clock, { done: 2, total: 4 }]);
    expect(await slow.turn()).toEqual({ kind: "more" });
    expect(await slow.turn()).toEqual({ kind: "done" });
    expect(await slow.seen()).toMatchObject({ bounces: hard, state: "watching" });
  });
});

onBothEngines("what goes wrong with one message", (engine) => {
  it("never stops the inbox: a message that cannot be fetched is owed, and read when it can be", async () => {
    let broken = true;
    const onCall = (call: string, ref?: string) => {
      if (broken && call === "fetch" && ref?.includes("mailbox-full")) throw new ConnectorError("unavailable", "the server hung up");
    };
    let clock = now;
    const messages = [demoMessage("INBOX/postfix-mailbox-full-552"), sent(), bounce(), demoMessage("Sent/postfix-mailbox-full-552")];
    const world = await makeWorld(await openNew(engine), { messages, onCall }, () => clock);
    expect(await world.turn()).toEqual({ kind: "done" });
    expect((await world.seen()).bounces).toEqual(hard);
    expect(await world.seen()).toMatchObject({ owed: 1, cursor: 4, state: "watching" });
    broken = false;
    clock += 60_000;
    await world.turn();
    expect((await world.seen()).owed).toBe(0);
    expect((await world.seen()).bounces).toHaveLength(2);
  });

  it("sets aside, with its reason, what can never be fetched", async () => {
    let clock = now;
    const onCall = (call: string) => {
      if (call === "fetch") throw new ConnectorError("rejected", "the server cannot show this message");
    };
    const world = await makeWorld(await openNew(engine), { messages: [bounce(), ordinary(1)], onCall }, () => clock);
    for (let turn = 0; turn < 12; turn += 1) {
      expect(await world.turn()).toEqual({ kind: "done" });
      clock += 86_400_000;
    }
    expect(await world.seen()).toMatchObject({ owed: 0, cursor: 2 });
    const trace = await readTrace(world.database.read, world.accountId, world.inbox.id, "INBOX/postfix-unknown-user");
    expect(trace?.outcome).toBe("unreachable");
    expect(trace?.steps.at(-1)?.because).toBe("It could not be opened in 9 attempts: the server cannot show this message");
  });

  it("sets aside a message over the limit without fetching it", async () => {
    const huge = { ...bounce(), ref: "huge" };
    let fetched = 0;
    const world = await makeWorld(await openNew(engine), {
      messages: [huge, sent()],
      onCall: (call) => {
        if (call === "fetch") fetched += 1;
      },
    });
    await world.turn({ deps: { maxMessageBytes: 1_000 } });
    const trace = await readTrace(world.database.read, world.accountId, world.inbox.id, "huge");
    expect([trace?.outcome, fetched]).toEqual(["too_big", 0]);
    expect((await world.seen()).state).toBe("watching");
  });

  it("records a message that was deleted before it could be opened", async () => {
    const world = await makeWorld(await openNew(engine), { messages: [bounce()] });
    world.mailbox.onCall = (call) => {
      if (call === "fetch") world.mailbox.messages = [];
    };
    await world.turn();
    const [trace] = await findTraces(world.database.read, world.accountId, "<20261125155050.525FB240BC8@postfix.relay.test>");
    expect(trace?.outcome).toBe("gone_before_read");
  });

  it("sets aside a message that took its worker down twice, and reads the others", async () => {
    const database = await openNew(engine);
    let clock = now;
    const poison = { ...demoMessage("INBOX/postfix-spam-at-data"), ref: "poison" };
    const messages = [sent(), poison, bounce()];
    // A worker that dies leaves what it had begun as it was: nothing is released, nothing is saved.
    const die = (call: string, ref?: string) => (call === "fetch" && ref === "poison" ? new Promise<void>(() => {}) : undefined);
    const world = await makeWorld(database, { messages, onCall: die }, () => clock);
    const begun = () =>
      database.read
        .selectFrom("owed")
        .select(["attempts", "crashes"])
        .where("ref", "=", "poison")
        .where("begun", "=", 1)
        .executeTakeFirst();
    // The first time it was begun together with the bounce behind it, so nobody knows which of the two it was.
    void world.turn();
    await expect.poll(begun).toEqual({ attempts: 1, crashes: 0 });
    // The second time it was alone. The next turn leaves it be for a while.
    await startAnew(database, clock);
    void world.turn();
    await expect.poll(begun).toEqual({ attempts: 2, crashes: 0 });
    await startAnew(database, clock);
    expect(await world.turn()).toEqual({ kind: "done" });
    clock += 300_000;
    void world.turn();
    await expect.poll(begun).toEqual({ attempts: 3, crashes: 1 });
    const survivor = worldOf(database, world.accountId, world.inbox, { messages }, () => clock);
    await startAnew(database, clock);
    await survivor.turn();
    clock += 300_000;
    expect(await survivor.turn()).toEqual({ kind: "done" });
    const trace = await readTrace(database.read, world.accountId, world.inbox.id, "poison");
    expect(trace?.steps.at(-1)?.because).toBe("It took the process down 2 times while it was read; set aside.");
    expect((await survivor.seen()).bounces).toEqual(hard);
    // Listing the page again does not touch it again.
    await database.transaction((tx) => tx.updateTable("inboxes").set({ cursor: null }).where("id", "=", world.inbox.id).execute());
    const touched: (string | undefined)[] = [];
    survivor.mailbox.onCall = (call, ref) => void (call === "fetch" && touched.push(ref));
    await survivor.turn();
    expect(touched).toEqual([]);
  });

  it("does not hold a database that fails against the messages that were being read", async () => {
    const database = await openNew(engine);
    let clock = now;
    let failing = true;
    // Whether a turn hears of it in the middle, or its end fails as well: its worker lives.
    for (const endFails of [false, true]) {
      failing = true;
      const world = await makeWorld(database, { messages: [sent(), bounce()] }, () => clock);
      let saves = 0;
      const broken: Database = {
        ...database,
        transaction: (fn) => {
          saves += 1;
          // Each turn claims the inbox and begins the attempt; then comes the page, and then the end of the turn.
          if (failing && (saves === 3 || (endFails && saves > 3))) throw new Error("Connection terminated unexpectedly");
          return database.transaction(fn);
        },
      };
      for (let turns = 0; turns < 6; turns += 1) {
        saves = 0;
        await world.turn({ before: turns > 0 && endFails ? "threw" : "ended", deps: { database: broken } }).catch(() => {});
        clock += 24 * 3_600_000;
      }
      const owed = await database.read.selectFrom("owed").select(["attempts", "crashes"]).executeTakeFirst();
      // One whose turn's end failed as well is found begun by the next turn, and tried in the one after.
      expect(owed).toEqual({ attempts: endFails ? 4 : 6, crashes: 0 });
      failing = false;
      for (const before of ["threw", "ended"] as const) {
        await world.turn({ before });
        clock += 24 * 3_600_000;
      }
      expect(await world.seen()).toMatchObject({ bounces: hard, owed: 0 });
      await database.transaction((tx) => tx.deleteFrom("owed").execute());
    }
  });

  it("sets a message aside, in the end, whose turn fails each time it is read, and reads the others", async () => {
    const database = await openNew(engine);
    let clock = now;
    const messages = [sent(), { ...demoMessage("INBOX/postfix-spam-at-data"), ref: "poison" }, bounce()];
    const world = await makeWorld(database, { messages }, () => clock);
    // Whatever of it the database does not take.
    const failing: Database = {
      ...database,
      transaction: (fn) =>
        database.transaction(async (tx) => {
          const result = await fn(tx);
          const stored = await tx.selectFrom("notices").select("ref").where("ref", "=", "poison").executeTakeFirst();
          if (stored) throw new Error("a fault of ours");
          return result;
        }),
    };
    for (let turns = 1; (await world.seen()).owed > 0 || turns === 1; turns += 1) {
      await world.turn({ deps: { database: failing } });
      // Tried by itself it keeps nothing else from being read.
      if (turns === 2) expect((await world.seen()).bounces).toEqual(hard);
      expect(clock).toBeLessThan(now + 5 * 86_400_000);
      clock += 2 * 3_600_000;
    }
    const trace = await readTrace(database.read, world.accountId, world.inbox.id, "poison");
    expect(trace?.steps.at(-1)?.because).toBe("It was read 9 times, and what was found could not be saved; set aside.");
    expect(await world.seen()).toMatchObject({ owed: 0, cursor: 3, state: "watching" });
  });

  it("reads later what a page could not tell of, each message as what it is, and nothing waits for it", async () => {
    const database = await openNew(engine);
    let clock = now;
    let down = true;
    const messages = [sent(), ordinary(1), bounce(), ordinary(2)];
    const world = await makeWorld(database, { messages, unread: (ref) => ref !== "ordinary-2" }, () => clock);
    world.mailbox.onCall = (call) => {
      if (call === "fetch" && down) throw new ConnectorError("unavailable", "The connection broke.");
    };
    const verdicts = async () =>
      Object.fromEntries(
        (await database.read.selectFrom("seen_messages").select(["ref", "verdict"]).execute()).map(({ ref, verdict }) => [ref, verdict]),
      );
    expect(await world.turn()).toEqual({ kind: "done" });
    expect(await world.seen()).toMatchObject({ cursor: 4, owed: 3, state: "watching" });
    expect(await verdicts()).toMatchObject({ "ordinary-2": "other", "ordinary-1": "owed" });
    // Hours of a bad network set nothing aside.
    for (let tries = 0; tries < 3; tries += 1) {
      clock += 3_600_000;
      await world.turn();
      expect(await world.seen()).toMatchObject({ owed: 3, bounces: [] });
    }
    down = false;
    clock += 24 * 3_600_000;
    await world.turn();
    expect(await world.seen()).toMatchObject({ bounces: hard, notices: ["matched INBOX/postfix-unknown-user"], owed: 0 });
    expect(await verdicts()).toEqual({
      "Sent/postfix-unknown-user": "sent",
      "ordinary-1": "other",
      "INBOX/postfix-unknown-user": "notice",
      "ordinary-2": "other",
    });
    // Listed again, and again not told: what was read stays as it was.
    await database.transaction((tx) => tx.updateTable("inboxes").set({ cursor: null }).where("id", "=", world.inbox.id).execute());
    await world.turn();
    expect(await world.seen()).toMatchObject({ bounces: hard, owed: 0 });
  });

  it("sets aside, in the end, what can never be read", async () => {
    const database = await openNew(engine);
    let clock = now;
    const world = await makeWorld(database, { messages: [bounce()], unread: () => true }, () => clock);
    world.mailbox.onCall = (call) => {
      if (call === "fetch") throw new ConnectorError("unavailable", "It cannot be given.");
    };
    for (let turns = 1; turns === 1 || (await world.seen()).owed > 0; turns += 1) {
      await world.turn();
      clock += 2 * 3_600_000;
      expect(clock).toBeLessThan(now + 5 * 86_400_000);
    }
    expect((await readTrace(database.read, world.accountId, world.inbox.id, "INBOX/postfix-unknown-user"))?.steps.at(-1)?.because).toBe(
      "It could not be opened in 9 attempts: It cannot be given.",
    );
  });

  it("does not touch what took its worker down again while it is not due, though its page is listed again", async () => {
    const database = await openNew(engine);
    const messages = [sent(), { ...bounce(), ref: "poison" }];
    const world = await makeWorld(database, { messages, onCall: (call) => (call === "fetch" ? new Promise<void>(() => {}) : undefined) });
    void world.turn();
    await expect.poll(async () => (await database.read.selectFrom("owed").select("begun").executeTakeFirst())?.begun).toBe(1);
    const fetched: (string | undefined)[] = [];
    const survivor = worldOf(database, world.accountId, world.inbox, {
      messages,
      onCall: (call, ref) => void (call === "fetch" && fetched.push(ref)),
    });
    await startAnew(database, now);
    expect(await survivor.turn()).toEqual({ kind: "done" });
    expect(fetched).toEqual([]);
    expect(await survivor.seen()).toMatchObject({ owed: 1, cursor: 2 });
  });

  it("does not count a stopped turn against the messages it was reading", async () => {
    const stopping = new AbortController();
    const world = await makeWorld(await openNew(engine), { messages: [sent(), bounce()] });
    world.mailbox.onCall = (call) => {
      if (call === "fetch") {
        stopping.abort();
        throw stopping.signal.reason;
      }
    };
    expect(await world.turn({ signal: stopping.signal })).toEqual({ kind: "more" });
    expect(await world.database.read.selectFrom("owed").selectAll().execute()).toEqual([]);
    delete world.mailbox.onCall;
    await world.turn();
    expect((await world.seen()).bounces).toEqual(hard);
  });
});

onBothEngines("what goes wrong with an inbox", (engine) => {
  it.each([
    ["auth", "reconnect_needed", null, "inbox.attention_required"],
    ["rate_limited", "waiting", now + 900_000, undefined],
    ["unavailable", "unreachable", now + 900_000, undefined],
  ] as const)("%s becomes its state, nothing is lost, and it goes on after", async (kind, state, nextPollAt, event) => {
    const database = await openNew(engine);
    const world = await makeWorld(database, { messages: [sent(), ordinary(1), ordinary(2), bounce()], pageSize: 3 });
    let pages = 0;
    world.mailbox.onCall = (call) => {
      if (call === "page" && ++pages === 2) throw new ConnectorError(kind, "words for people", { retryAfterMs: 900_000 });
    };
    expect(await world.turn()).toMatchObject({ kind: "failed", error: kind });
    const inbox = await getInbox(database.read, world.accountId, world.inbox.id);
    expect(inbox).toMatchObject({ state, nextPollAt, failedPolls: kind === "rate_limited" ? 0 : 1 });
    expect(inbox?.stateDetail).toMatchObject({ error: "words for people" });
    const before = await world.seen();
    expect(before).toMatchObject({ cursor: 3 });
    expect(before.events.includes(event ?? "inbox.attention_required")).toBe(event !== undefined);
    await database.transaction((tx) => changeState(tx, world.accountId, world.inbox.id, { state: "watching", nextPollAt: now }, now));
    await world.turn();
    expect((await world.seen()).bounces).toEqual(hard);
  });

  it("a fault of ours backs off, and shows no text of the error", async () => {
    const world = await makeWorld(await openNew(engine), {
      messages: [sent()],
    });
    world.mailbox.onCall = () => {
      throw new TypeError("secret-token in a stack");
    };
    expect(await world.turn()).toMatchObject({ kind: "failed", error: "bug" });
    const inbox = await getInbox(world.database.read, world.accountId, world.inbox.id);
    expect(JSON.stringify(inbox)).not.toContain("secret-token");
    expect(inbox?.nextPollAt).toBe(now + 30_000);
  });

  it("lists again from before the newest mail when the provider no longer knows the position, and tells of the gap", async () => {
    const database = await openNew(engine);
    const world = await makeWorld(database, { messages: [sent(), ordinary(1)] });
    await world.turn();
    world.mailbox.messages.push(bounce());
    let expired = true;
    world.mailbox.onCall = (call) => {
      if (call === "page" && expired) {
        expired = false;
        throw new ConnectorError("cursor_expired", "the list of changes is gone");
      }
    };
    await world.turn();
    expect((await world.seen()).events).toContain("inbox.gap_found");
    expect((await world.seen()).cursor).toBeNull();
    await world.turn();
    expect((await world.seen()).bounces).toEqual(hard);
  });

  it("a pause in the middle of a turn: nothing more is written under the old fence", async () => {
    const database = await openNew(engine);
    const world = await makeWorld(database, { messages: [sent(), ordinary(1), ordinary(2), bounce()], pageSize: 3 });
    let pages = 0;
    world.mailbox.onCall = async (call) => {
      if (call === "page" && ++pages === 2) {
        await database.transaction((tx) => changeState(tx, world.accountId, world.inbox.id, { state: "paused", nextPollAt: null }, now));
      }
    };
    expect(await world.turn()).toBeNull();
    expect(await world.seen()).toMatchObject({ state: "paused", cursor: 3, bounces: [] });
  });

  it("an inbox that is not due, paused or gone is left alone", async () => {
    const database = await openNew(engine);
    const world = await makeWorld(database, { messages: [sent()] });
    await database.transaction((tx) => changeState(tx, world.accountId, world.inbox.id, { state: "paused", nextPollAt: null }, now));
    expect(await world.turn()).toBeNull();
  });
});

onBothEngines("two inboxes of one account", (engine) => {
  it("that receive the same notice at the same time log it once", async () => {
    const database = await openNew(engine);
    const first = await makeWorld(database, { messages: [sent(), bounce()] });
    const other = await database.transaction((tx) =>
      createInbox(tx, first.accountId, { provider: "memory", address: "team@sales.example", since: 0, nextPollAt: now }, now),
    );
    const second = worldOf(database, first.accountId, other, { messages: [{ ...bounce(), ref: "copy" }] });
    await Promise.all([first.turn(), second.turn()]);
    // Whichever came first, a copy that was seen before the sent message was known is tied by it.
    expect((await first.seen()).bounces).toEqual(hard);
    const { data } = await listNotices(database.read, first.accountId);
    expect(data).toHaveLength(1);
    expect((await first.seen()).events.filter((type) => type === "engagement.created")).toHaveLength(1);
  });
});

/** A letter from `from` that answers the message with this id. */
const answer = (from: string, messageId: string, at: number, more = "") => ({
  ref: `answer-${from}-${at}`,
  role: "inbox" as const,
  raw: Buffer.from(
    `From: ${from}\r\nTo: sales@sales.example\r\nSubject: Re: Offer\r\nMessage-ID: <a${at}@customer.example>\r\nIn-Reply-To: ${messageId}\r\n${more}\r\nThanks\r\n`,
  ),
  receivedAt: at,
});

onBothEngines("a reply", (engine) => {
  const nobody = "<ef34dd6403da449d.mwwavyoi@sales.example>";
  const health = async (database: Database, accountId: string) =>
    (await readAddresses(database.read, accountId, ["nobody@customer.example"])).get("nobody@customer.example");

  it("of the recipient makes an address usable that bounced before, and a later bounce ends that again", async () => {
    const world = await makeWorld(await openNew(engine), { messages: [sent(), bounce()] });
    await world.turn();
    expect(await health(world.database, world.accountId)).toMatchObject({ eligible: false });
    world.mailbox.messages.push(answer("nobody@customer.example", nobody, now - 60_000));
    await world.turn();
    expect(await health(world.database, world.accountId)).toMatchObject({ eligible: true, lastSignOfLife: now - 60_000 });
    expect((await world.seen()).events).toContain("address.eligible");
    expect((await world.seen()).bounces).toEqual(hard);
  });

  it("from before the bounce, from somebody else, or written by a machine changes nothing", async () => {
    const messages = [
      sent(),
      bounce(),
      answer("nobody@customer.example", nobody, now - 7_200_000),
      answer("stranger@customer.example", nobody, now - 60_000),
      answer("nobody@customer.example", nobody, now - 50_000, "Auto-Submitted: auto-replied\r\n"),
    ];
    const world = await makeWorld(await openNew(engine), { messages, pageSize: 2 });
    await world.turn();
    expect(await health(world.database, world.accountId)).toMatchObject({ eligible: false });
    // Yet who has answered before exists, and the bounce is told with that sign.
    const bounces = await listEngagements(world.database.read, world.accountId);
    expect(bounces.data.map((engagement) => engagement.hasReplied)).toEqual([true]);
  });

  it("closes a delay of the message it answers as delivered", async () => {
    const messages = [demoMessage("Sent/postfix-greylist-expired"), demoMessage("INBOX/postfix-greylist-expired.delay")];
    const world = await makeWorld(await openNew(engine), { messages });
    await world.turn();
    const messageId = (await world.seen()).bounces[0]?.split(" ")[2] ?? "";
    world.mailbox.messages.push(answer("grey@customer.example", messageId, now - 60_000));
    await world.turn();
    expect((await world.seen()).bounces).toEqual([`delivered grey@customer.example ${messageId} v2 pending>delivered`]);
  });
});

onBothEngines("a forged notice for a real message", (engine) => {
  it("is on the timeline and changes no address, until a second notice says the same", async () => {
    const forged = Buffer.from(
      bounce()
        .raw.toString()
        .replace(
          "From: Mail Delivery System <MAILER-DAEMON@postfix.relay.test>",
          "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        )
        .replace(/^/, "Authentication-Results: mx.sales.example; dmarc=fail header.from=googlemail.com\r\n"),
    );
    const world = await makeWorld(await openNew(engine), { messages: [sent(), { ...bounce(), ref: "forged", raw: forged }] });
    await world.turn();
    const health = async () =>
      (await readAddresses(world.database.read, world.accountId, ["nobody@customer.example"])).get("nobody@customer.example");
    expect((await world.seen()).bounces).toEqual(hard);
    expect(await health()).toBeUndefined();
    const second = Buffer.from(bounce().raw.toString().replace("Date: Wed, 25 Nov 2026 15:50:50", "Date: Wed, 25 Nov 2026 15:55:50"));
    world.mailbox.messages.push({ ...bounce(), ref: "true", raw: second });
    await world.turn();
    expect(await health()).toMatchObject({ eligible: false });
  });
});
