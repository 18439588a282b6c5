import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { ConnectorError, type Hint, type Push, type Renewed } from "../../src/ports/connector.ts";
import type { Claim } from "../../src/store/fence.ts";
import { getInbox } from "../../src/store/inboxes.ts";
import { readPushWarning, readWatches, savePush } from "../../src/store/push-watches.ts";
import { claimInbox, finishTurn, pollNow } from "../../src/store/turns.ts";
import { disconnectInbox } from "../../src/sync/disconnect-inbox.ts";
import { createHints } from "../../src/sync/push-hints.ts";
import { startListening } from "../../src/sync/push-listen.ts";
import { type PushDeps, renewDueWatches } from "../../src/sync/push-watches.ts";
import { testTools } from "../connectors/test-tools.ts";
import { memoryConnector } from "../fakes/memory-connector.ts";
import { newKeys, openNew, quiet } from "../store/engines.ts";
import { makeWorld, now } from "./world.ts";

const hour = 3_600_000;
const hashOf = (secret: string): string => createHash("sha256").update(secret).digest("hex");

/** An inbox that is well, polled last long ago and next in an hour, with one watch that needs a secret and one that needs none. */
const stage = async (push: Partial<Push> = {}) => {
  const database = await openNew("sqlite");
  const { accountId, inbox } = await makeWorld(database, { messages: [] });
  let clock = now;
  let nudges = 0;
  const write = database.transaction;
  const rest = async (state: "watching" | "waiting" = "watching"): Promise<void> => {
    await write((tx) => pollNow(tx, accountId, inbox.id, clock));
    const claimed = await write((tx) => claimInbox(tx, accountId, inbox.id, { busyUntil: clock + hour }, clock));
    if (!claimed) throw new Error("not due");
    await write((tx) => finishTurn(tx, claimed.claim, { state, nextPollAt: clock + hour, failedPolls: 0 }, clock));
  };
  await rest();
  const watches = [
    { id: "open", secretHash: null, about: "mailbox", expiresAt: now + hour },
    { id: "closed", secretHash: hashOf("geheim"), about: "inbox", expiresAt: now + hour },
  ];
  await write((tx) => savePush(tx, accountId, inbox.id, { watches, renewAt: now + hour, warning: null }));
  const hints = createHints({ database, now: () => clock, nudge: () => void nudges++ });
  const whole: Push = { ready: () => true, renew: async () => ({ watches: [], renewAt: 0, warning: null }), stop: async () => {}, ...push };
  const deps: PushDeps = {
    database,
    keys: newKeys(),
    providers: ["memory"],
    loadConnector: async () => ({ ...memoryConnector({ messages: [] }), push: whole }),
    tools: (_provider, credentials) => testTools({ credentials }),
    appOf: () => ({ set: "up" }),
    pushUrl: (provider) => `https://bounceline.example/push/${provider}`,
    now: () => clock,
    log: quiet,
  };
  const due = async (): Promise<number> => ((await getInbox(database.read, accountId, inbox.id))?.nextPollAt ?? Number.NaN) - clock;
  return {
    database,
    accountId,
    inbox,
    hints,
    deps,
    rest,
    due,
    watches: () => readWatches(database.read, accountId, inbox.id),
    warning: () => readPushWarning(database.read, accountId, inbox.id),
    nudges: () => nudges,
    pass(ms: number): void {
      clock += ms;
    },
    take: (watchId: string, secret: string | null = null, wants: Hint["wants"] = "poll") => hints.take({ watchId, secret, wants }),
  };
};

test("a hint makes its inbox due, once, and not sooner than some seconds after the last look", async () => {
  const s = await stage();
  s.pass(1000);
  await Promise.all([s.take("open"), s.take("open"), s.take("closed", "geheim")]);
  expect(await s.due()).toBe(4000);
  expect(s.nudges()).toBe(1);
  s.pass(hour / 2);
  await s.rest();
  s.pass(hour / 2);
  await s.take("closed", "geheim");
  expect(await s.due()).toBe(0);
});

test("an unknown watch, a wrong secret, a missing one and one too many do nothing", async () => {
  const s = await stage();
  await s.take("unknown");
  await s.take("unknown", "geheim");
  await s.take("closed", "Geheim");
  await s.take("closed", "");
  await s.take("closed", null);
  await s.take("closed", hashOf("geheim"));
  await s.take("open", "");
  await s.take("open", "geheim");
  expect(await s.due()).toBe(hour);
  expect(s.nudges()).toBe(0);
});

test("a hint does not break into a wait the provider asked for", async () => {
  const s = await stage();
  await s.rest("waiting");
  s.pass(hour / 2);
  await s.take("open");
  expect(await s.due()).toBe(hour / 2);
});

test("a hint during a turn takes nothing from the turn, and is made good after it", async () => {
  const s = await stage();
  s.pass(hour);
  const begin = () => s.database.transaction((tx) => claimInbox(tx, s.accountId, s.inbox.id, { busyUntil: now + 9 * hour }, s.deps.now()));
  const end = (claim: Claim | undefined, state: "watching" | "waiting") => {
    if (!claim) throw new Error("not due");
    const nextPollAt = s.deps.now() + hour;
    return s.database.transaction((tx) => finishTurn(tx, claim, { state, nextPollAt, failedPolls: 0 }, s.deps.now()));
  };
  const first = await begin();
  await s.take("open");
  expect(await begin()).toBeNull();
  await end(first?.claim, "watching");
  expect(await s.due()).toBe(5000);
  s.pass(5000);
  const second = await begin();
  await s.take("open");
  await end(second?.claim, "waiting");
  expect(await s.due()).toBe(hour);
});

test("watches are renewed when due, and what is held is handed to the connector", async () => {
  const asked: unknown[] = [];
  const renewed: Renewed = {
    watches: [{ id: "new", secretHash: null, about: "mailbox", expiresAt: now + 9 * hour }],
    renewAt: now + 5 * hour,
    warning: null,
  };
  const s = await stage({
    renew: async (inbox, _tools, place) => {
      asked.push([inbox.id, place.url, place.held.map(({ id }) => id)]);
      return renewed;
    },
  });
  await renewDueWatches(s.deps);
  expect(asked).toEqual([]);
  s.pass(hour);
  await renewDueWatches(s.deps);
  await renewDueWatches(s.deps);
  expect(asked).toEqual([[s.inbox.id, "https://bounceline.example/push/memory", ["closed", "open"]]]);
  expect(await s.watches()).toEqual(renewed.watches);
  await s.take("new", null, "renew");
  await renewDueWatches(s.deps);
  expect(asked).toHaveLength(2);
});

test("a provider that refuses is a warning: what is held stays, and it is asked again in an hour", async () => {
  let asked = 0;
  const s = await stage({
    renew: async () => {
      asked += 1;
      throw new ConnectorError("rejected", "There are too many.");
    },
  });
  s.pass(hour - 1);
  await s.take("open", null, "renew");
  await renewDueWatches(s.deps);
  expect((await s.watches()).map(({ id }) => id)).toEqual(["closed", "open"]);
  expect(await s.warning()).toBe("There are too many.");
  expect((await getInbox(s.database.read, s.accountId, s.inbox.id))?.state).toBe("watching");
  await renewDueWatches(s.deps);
  expect(asked).toBe(1);
  s.pass(hour);
  await renewDueWatches(s.deps);
  expect(asked).toBe(2);
  expect(await s.watches()).toEqual([]);
});

test("disconnecting ends the watches, and does so without the provider too", async () => {
  const stopped: string[] = [];
  const s = await stage({
    stop: async (_inbox, _tools, held) => {
      stopped.push(...held.map(({ id }) => id));
      throw new ConnectorError("unavailable", "It does not answer.");
    },
  });
  const { inbox } = await disconnectInbox(s.deps, s.inbox, "the test");
  expect(inbox.state).toBe("disconnected");
  expect(stopped).toEqual(["closed", "open"]);
  expect(await s.watches()).toEqual([]);
  await s.take("open");
  expect(s.nudges()).toBe(0);
});

test("a provider that is not set up is neither watched nor listened to", async () => {
  const s = await stage({
    ready: () => false,
    renew: () => Promise.reject(new Error("asked")),
    listen: () => Promise.reject(new Error("asked")),
  });
  s.pass(2 * hour);
  await renewDueWatches(s.deps);
  await startListening(s.deps, s.hints.take).stop();
  expect(await s.warning()).toBe(null);
});
