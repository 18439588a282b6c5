import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { startDelivery } from "../../src/cli/start-delivery.ts";
import { inProcess } from "../../src/jobs/in-process.ts";
import { upsertAccount } from "../../src/store/accounts.ts";
import { appendEvents } from "../../src/store/events.ts";
import { openDatabase } from "../../src/store/open.ts";
import { loadKeys } from "../../src/store/secrets.ts";
import { createWebhook } from "../../src/store/webhooks.ts";
import { emptyPlace, onBothEngines, quiet, temporaryDirectory } from "../store/engines.ts";
import { type Receiver, startReceiver } from "./receiver.ts";
import { newWorld, upTo, type World } from "./world.ts";

const startIn = (world: World, endpointsAtOnce = 4) => startDelivery(inProcess, world.deps, { endpointsAtOnce, lookEveryMs: 20 });
const realTime = { now: Date.now, timeoutMs: 1_000 };

const until = async (holds: () => boolean | Promise<boolean>, ms = 15_000): Promise<void> => {
  const end = Date.now() + ms;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error("it did not come about");
    await pause(10);
  }
};

/** Milliseconds from now until the receiver has accepted so many more. */
const timeFor = async (receiver: Receiver, count: number): Promise<number> => {
  const begun = performance.now();
  const wanted = receiver.accepted().length + count;
  await until(() => receiver.accepted().length >= wanted);
  return performance.now() - begun;
};

onBothEngines("the daemon's delivery", (engine) => {
  test("receivers that hang or answer 500 slow nobody else", async () => {
    // Receivers are given as long as in life: whoever waited for one of those that hang would be late by seconds.
    const world = await newWorld(engine, { now: Date.now, timeoutMs: 20_000 });
    const [healthy, broken, hanging] = [await startReceiver(), await startReceiver(), await startReceiver()];
    broken.answers(500);
    hanging.answers(() => {});
    await world.endpoint({ url: healthy.url });
    const delivery = startIn(world, 6);
    await world.happen(100);
    const alone = await timeFor(healthy, 100);

    // More of them than there are places.
    for (let i = 0; i < 14; i += 1) await world.endpoint({ url: hanging.url });
    for (let i = 0; i < 3; i += 1) await world.endpoint({ url: broken.url });
    await world.happen(1);
    await until(() => hanging.received.length === 14 && broken.received.length === 3);
    await world.happen(100);
    const beside = await timeFor(healthy, 100);
    expect(healthy.accepted()).toEqual(upTo(201));
    expect(hanging.received).toHaveLength(14);
    if (process.env.FIGURES) console.log(engine, { alone: Math.round(alone), beside: Math.round(beside) });
    expect(beside).toBeLessThan(10_000);
    await delivery.stop();
  });

  test("a receiver killed and brought back has every sequence in order, and each once by webhook-id", { timeout: 30_000 }, async () => {
    const world = await newWorld(engine, realTime);
    const first = await startReceiver();
    const { webhook } = await world.endpoint({ url: first.url });
    const delivery = startIn(world);
    await world.happen(300);
    // It dies in the middle, with a request that it has taken and not answered.
    first.answers((one, response) => {
      if (one.body.sequence === 50) void first.stop();
      else setTimeout(() => response.writeHead(200).end(), 1);
    });
    await until(async () => (await world.look(webhook.id)).attempts > 0);
    await world.happen(20);
    const second = await startReceiver({ port: first.port });
    await world.database.transaction((tx) => tx.updateTable("webhooks").set({ due_at: 0 }).execute());
    await until(() => second.accepted().at(-1) === 320);
    const got = [...first.received, ...second.received];
    expect(got.length).toBeGreaterThan(320);
    const unique = new Map(got.map(({ headers, body }) => [headers["webhook-id"], body.sequence]));
    expect([...unique.values()]).toEqual(upTo(320));
    expect(second.accepted()).toEqual([...second.accepted()].sort((a, b) => a - b));
    await delivery.stop();
    expect(await world.look(webhook.id)).toMatchObject({ position: 320, attempts: 0, lastError: null });
  });

  test("two workers share the endpoints, and each event comes once and in order", async () => {
    const world = await newWorld(engine, realTime);
    const receivers = await Promise.all(upTo(6).map(() => startReceiver()));
    for (const { url } of receivers) await world.endpoint({ url });
    const workers = [startIn(world), startIn(world)];
    for (let i = 0; i < 5; i += 1) {
      await world.happen(10);
      await pause(30);
    }
    await until(() => receivers.every((each) => each.accepted().length >= 50));
    await Promise.all(workers.map((each) => each.stop()));
    for (const each of receivers) expect(each.accepted()).toEqual(upTo(50));
  });

  test("a worker killed in the middle loses nothing: the next goes on when the lease is over", { timeout: 60_000 }, async () => {
    const place = await emptyPlace(engine);
    const keyFile = join(temporaryDirectory(), "key");
    const keys = loadKeys({ keyFile, allowCreate: true });
    const open = () => openDatabase({ ...place, keys, log: quiet, now: Date.now });
    const receiver = await startReceiver();
    const total = 1_500;
    const first = await open();
    const { id } = await first.transaction((tx) => upsertAccount(tx, { name: "Acme" }, Date.now()));
    await first.transaction((tx) => createWebhook(tx, keys, id, { url: receiver.url }, Date.now()));
    const events = upTo(total).map(() => ({ type: "contact.created", backfill: false, data: {} }));
    await first.transaction((tx) => appendEvents(tx, id, events, Date.now()));
    await first.close();
    const run = () =>
      spawn(process.execPath, [new URL("./deliver-until-killed.ts", import.meta.url).pathname, JSON.stringify(place), keyFile], {
        stdio: ["ignore", "inherit", "inherit"],
      });
    for (const reached of [100, 400, 800]) {
      const worker = run();
      const exit = once(worker, "exit");
      await until(() => receiver.accepted().length >= reached);
      await pause(Math.random() * 20);
      worker.kill("SIGKILL");
      await exit;
      expect(receiver.accepted().length).toBeLessThan(total);
      const database = await open();
      // The lease of the dead one, which is over after half a minute.
      await database.transaction((tx) => tx.updateTable("webhooks").set({ busy_until: 0 }).execute());
      await database.close();
    }
    const last = run();
    await until(() => receiver.accepted().at(-1) === total, 30_000);
    last.kill("SIGKILL");
    const unique = new Map(receiver.received.map(({ headers, body }) => [headers["webhook-id"], body.sequence]));
    expect([...unique.values()]).toEqual(upTo(total));
    // Once more than once at most per kill: the position follows each event.
    expect(receiver.received.length).toBeLessThanOrEqual(total + 3);
  });
});
