/**
 * A small sync is stopped at its k-th effect (a call of the connector or a statement of the database), for every k: from there on
 * nothing happens any more, as after a kill. Then it is opened again and finished. The end must be the same for all k.
 */
import { expect, it } from "vitest";
import { openDatabase } from "../../src/store/open.ts";
import { emptyPlace, newKeys, onBothEngines, quiet } from "../store/engines.ts";
import { demoMessage, makeWorld, now, ordinary, type World, worldOf } from "./world.ts";

class Stopped extends Error {}

/** Counts effects, and lets none happen from the k-th on. */
const stopAt = (k: number) => {
  let effects = 0;
  let counting = false;
  return {
    effect: () => {
      if (!counting) return;
      effects += 1;
      if (effects >= k) throw new Stopped();
    },
    start: () => {
      counting = true;
    },
    count: () => effects,
  };
};

/** A notice beside its message, a delay, and on the next page what followed it. */
const messages = () => [
  demoMessage("INBOX/postfix-unknown-user"),
  demoMessage("Sent/postfix-unknown-user"),
  demoMessage("Sent/exim-mailbox-full-452-expired"),
  demoMessage("INBOX/exim-mailbox-full-452-expired.delay"),
  demoMessage("INBOX/exim-mailbox-full-452-expired"),
  ordinary(1),
];

/** Turn after turn until everything is read. What was being read alone when it stopped is left be for five minutes. */
const untilDone = async (world: World, pass: (ms: number) => void): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) {
    const end = await world.turn();
    if (end?.kind === "done" && (await world.seen()).owed === 0) return;
    pass(300_000);
  }
  throw new Error("the sync did not come to its end in ten turns");
};

onBothEngines("a sync that is stopped at any effect", (engine) => {
  const run = async (k: number): Promise<{ effects: number; end: Awaited<ReturnType<World["seen"]>> }> => {
    const place = await emptyPlace(engine);
    const keys = newKeys();
    const stop = stopAt(k);
    const open = (onStatement?: () => void) => openDatabase({ ...place, keys, log: quiet, now: () => now, connections: 2, onStatement });
    const first = await open(stop.effect);
    const world = await makeWorld(first, { messages: messages(), pageSize: 2, onCall: stop.effect });
    stop.start();
    await world.turn().catch((error: unknown) => {
      if (!(error instanceof Stopped)) throw error;
    });
    await first.close();
    const again = await open();
    let clock = now;
    const finished = worldOf(again, world.accountId, world.inbox, { messages: messages(), pageSize: 2 }, () => clock);
    await untilDone(finished, (ms) => {
      clock += ms;
    });
    const end = await finished.seen();
    await again.close();
    return { effects: stop.count(), end };
  };

  it("comes to the same end for every k", { timeout: 240_000 }, async () => {
    const whole = await run(Number.POSITIVE_INFINITY);
    expect(whole.end.bounces).toEqual([
      "hard nobody@customer.example <ef34dd6403da449d.mwwavyoi@sales.example> v1 hard",
      "soft fulltemp@customer.example <b49148fc710af116.mwwaw01l@sales.example> v2 pending>soft",
    ]);
    expect(whole.end).toMatchObject({ owed: 0, cursor: 6, state: "watching" });
    expect(whole.effects).toBeGreaterThan(60);
    const ends = new Map<string, number[]>();
    for (let k = 1; k <= whole.effects; k += 1) {
      const end = JSON.stringify((await run(k)).end);
      ends.set(end, [...(ends.get(end) ?? []), k]);
    }
    expect([...ends.keys()]).toEqual([JSON.stringify(whole.end)]);
  });
});
