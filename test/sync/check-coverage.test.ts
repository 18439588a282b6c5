import { expect, test } from "vitest";
import { type Connector, ConnectorError } from "../../src/ports/connector.ts";
import { readEvents } from "../../src/store/events.ts";
import { changeState, getInbox } from "../../src/store/inboxes.ts";
import { beginCheck, type CoverageDeps, checkCoverage } from "../../src/sync/check-coverage.ts";
import { testTools } from "../connectors/test-tools.ts";
import { type MemoryMailbox, memoryConnector } from "../fakes/memory-connector.ts";
import { makeNotice, makeSent } from "../fixtures/make-mail.ts";
import { newKeys, onBothEngines, openNew, quiet } from "../store/engines.ts";
import { makeWorld, now, ordinary, type World } from "./world.ts";

const hour = 3_600_000;
const message = (ref: string, raw: string, role: "inbox" | "sent" = "inbox", receivedAt = now - 2 * hour) => ({
  ref,
  role,
  raw: Buffer.from(raw),
  receivedAt,
});

const depsOf = (world: World, connector: Connector = memoryConnector(world.mailbox)): CoverageDeps => ({
  database: world.database,
  keys: newKeys(),
  loadConnector: async () => connector,
  tools: (_provider, credentials, signal) => testTools({ credentials, signal }),
  now: () => now,
  log: quiet,
});

const start = async (engine: "sqlite" | "postgres"): Promise<World> => {
  const mailbox: MemoryMailbox = { messages: [message("s1", makeSent(1, new Date(now)), "sent"), ordinary(1)] };
  const world = await makeWorld(await openNew(engine), mailbox);
  await world.turn();
  return world;
};

const check = (world: World, deps = depsOf(world)) => checkCoverage(deps, world.accountId, world.inbox.id);

onBothEngines("a comparison with the provider", (engine) => {
  test("finds nothing missing where all was seen", async () => {
    const world = await start(engine);
    expect(await check(world)).toMatchObject({ providerCount: 2, ourCount: 2, gap: 0, missing: [], note: null, checkedAt: now });
  });

  test("finds what no page told of, tells it, and the next turn judges it as its page would have: only the suspect is opened", async () => {
    const world = await start(engine);
    const before = await world.seen();
    // They lie before the position, where no poll looks again.
    world.mailbox.messages.unshift(
      message("n1", makeNotice(1, new Date(now))),
      ordinary(2),
      message("s2", makeSent(2, new Date(now)), "sent"),
    );
    world.mailbox.messages.push(
      message("old", "Subject: x\r\n\r\n", "inbox", now - 40 * 24 * hour),
      message("new", "Subject: x\r\n\r\n", "inbox", now),
    );
    expect(await check(world)).toMatchObject({
      gap: 3,
      providerCount: 5,
      ourCount: 2,
      missing: [{ ref: "n1", folder: "inbox" }, { ref: "s2" }, { ref: "ordinary-2" }],
    });
    expect(await world.seen()).toMatchObject({ owed: 3, cursor: before.cursor, state: "watching" });
    const events = await readEvents(world.database.read, world.accountId, 0, 100);
    expect(events.at(-1)).toMatchObject({
      type: "inbox.gap_found",
      data: { inboxId: world.inbox.id, gap: { because: "3 messages of the mailbox had no record here; queued to be read." } },
    });
    expect((await check(world))?.gap).toBe(0);
    const fetched: string[] = [];
    world.mailbox.messages.splice(5);
    world.mailbox.onCall = (call, ref) => void (call === "fetch" && fetched.push(ref ?? ""));
    await world.turn();
    expect(fetched).toEqual(["n1"]);
    const after = await world.seen();
    expect([after.bounces, after.owed]).toEqual([["hard u1@customer.example <m1@sales.example> v1 hard"], 0]);
    expect((await readEvents(world.database.read, world.accountId, 0, 100)).filter(({ type }) => type === "inbox.gap_found")).toHaveLength(
      1,
    );
  });

  test("counts what a connector does not tell because it was saved", async () => {
    const world = await start(engine);
    const asking: Connector = {
      ...memoryConnector(world.mailbox),
      open: async () => ({
        async *pull(_cursor, saved) {
          await saved?.(["s1", "ordinary-1", "strange"]);
          yield* [];
        },
        fetchRaw: async () => "gone",
        close: async () => {},
      }),
    };
    expect(await check(world, depsOf(world, asking))).toMatchObject({ providerCount: 2, ourCount: 2, gap: 0 });
  });

  test("ends where the provider asks to wait: with a note, and no failure of the inbox", async () => {
    const world = await start(engine);
    world.mailbox.pageSize = 1;
    let pages = 0;
    world.mailbox.onCall = (call) => {
      if (call === "page" && ++pages === 2) throw new ConnectorError("rate_limited", "slow down");
    };
    expect(await check(world)).toMatchObject({ note: "rate_limited", providerCount: 1, ourCount: 1 });
    world.mailbox.onCall = () => {
      throw new ConnectorError("auth", "not you");
    };
    expect(await check(world)).toMatchObject({ note: "failed", detail: "not you" });
    expect((await world.seen()).state).toBe("watching");
    expect(await getInbox(world.database.read, world.accountId, world.inbox.id)).toMatchObject({ failedPolls: 0 });
  });

  test("is one at a time, and none of an inbox that is paused, in its first sync or somebody else's", async () => {
    const world = await start(engine);
    const deps = depsOf(world);
    const { accountId, database } = world;
    const gate = Promise.withResolvers<void>();
    world.mailbox.onCall = () => gate.promise;
    const begun = await beginCheck(deps, accountId, world.inbox.id);
    expect(await beginCheck(deps, accountId, world.inbox.id)).toBeNull();
    gate.resolve();
    await begun?.done;
    expect((await check(world))?.gap).toBe(0);
    for (const [state, note] of [
      ["paused", "not_polled"],
      ["first_sync", "first_sync"],
    ] as const) {
      await database.transaction((tx) => changeState(tx, accountId, world.inbox.id, { state, nextPollAt: null }, now));
      // What was found before stays to be seen.
      expect(await check(world)).toMatchObject({ note, gap: 0, checkedAt: now });
    }
    expect(await checkCoverage(deps, "acc_other", world.inbox.id)).toBeNull();
  });
});
