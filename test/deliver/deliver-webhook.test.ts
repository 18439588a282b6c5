import { expect, test } from "vitest";
import { deliverWebhook } from "../../src/deliver/deliver-webhook.ts";
import { listDeadLetters, queueDeadLetters, queueLetter } from "../../src/store/webhook-letters.ts";
import { claimWebhook, saveWebhookStep } from "../../src/store/webhook-turns.ts";
import { deleteWebhook, rotateWebhookSecret, updateWebhook } from "../../src/store/webhooks.ts";
import { onBothEngines } from "../store/engines.ts";
import { startReceiver, verify } from "./receiver.ts";
import { newWorld, upTo } from "./world.ts";

const hour = 3_600_000;

onBothEngines("delivering events", (engine) => {
  test("every event comes once and in order, signed so that the standard's own package accepts it", async () => {
    const world = await newWorld(engine);
    const receiver = await startReceiver();
    const { webhook, secret } = await world.endpoint({ url: receiver.url });
    await world.happen(120, { data: { words: "zażółć" } });
    await world.deliver();
    expect(receiver.accepted()).toEqual(upTo(120));
    expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"])).size).toBe(120);
    for (const one of receiver.received) expect(verify(secret, one)).toEqual(one.body);
    const [first] = receiver.received;
    expect(first?.headers["webhook-id"]).toBe(first?.body.id);
    expect(first?.headers["content-type"]).toContain("application/json");
    expect(() => verify(`whsec_${Buffer.from("x".repeat(32)).toString("base64")}`, first as never)).toThrow();
    expect(await world.look(webhook.id)).toMatchObject({ position: 120, lastDeliveredSequence: 120, attempts: 0, lastError: null });
    expect(receiver.connections()).toBeLessThan(10);
  });

  test("a filter lets through types and groups, and what it leaves out is passed over without a request", async () => {
    const world = await newWorld(engine);
    const [some, noBackfill, later] = [await startReceiver(), await startReceiver(), await startReceiver()];
    await world.endpoint({ url: some.url, types: ["connect_link.*", "address.eligible"] });
    await world.endpoint({ url: noBackfill.url, includeBackfill: false });
    for (const type of ["engagement.created", "connect_link.failed", "address.ineligible", "address.eligible", "connectXlink.failed"])
      await world.happen(1, { type });
    await world.happen(1, { backfill: true });
    const { webhook } = await world.endpoint({ url: later.url });
    await world.endpoint({ url: later.url, after: 4 });
    await world.deliver();
    expect(some.accepted()).toEqual([2, 4]);
    expect(noBackfill.accepted()).toEqual([1, 2, 3, 4, 5]);
    expect(later.accepted()).toEqual([5, 6]);
    expect(await world.look(webhook.id)).toMatchObject({ position: 6, lastDeliveredSequence: null });
  });

  test("a refused event makes its endpoint wait, longer each time, and is followed by the next only when it was accepted", async () => {
    const world = await newWorld(engine);
    const receiver = await startReceiver();
    const { webhook } = await world.endpoint({ url: receiver.url });
    await world.happen(3);
    receiver.answers((one, response) => void response.writeHead(one.body.sequence === 2 ? 500 : 204).end("out of order"));
    await world.deliver();
    expect(receiver.received.map(({ body }) => body.sequence)).toEqual([1, 2]);
    expect(await world.look(webhook.id)).toMatchObject({
      position: 1,
      attempts: 1,
      dueAt: world.clock.now + 5_000,
      failingSince: world.clock.now,
      lastError: "answered 500: out of order",
    });
    const waits: number[] = [];
    for (let i = 0; i < 7; i += 1) {
      const { dueAt } = await world.look(webhook.id);
      waits.push(dueAt - world.clock.now);
      world.clock.now = dueAt - 1;
      await world.deliver();
      expect(receiver.received).toHaveLength(2 + i);
      world.clock.now = dueAt;
      await world.deliver();
      expect(receiver.received).toHaveLength(3 + i);
    }
    expect(waits).toEqual([5_000, 30_000, 120_000, 600_000, 1_800_000, hour, hour]);
    receiver.answers(200);
    world.clock.now += hour;
    await world.deliver();
    expect(receiver.accepted()).toEqual([1, 2, 3]);
    const ids = receiver.received.filter(({ body }) => body.sequence === 2).map(({ headers }) => headers["webhook-id"]);
    expect(new Set(ids).size).toBe(1);
    expect(await world.look(webhook.id)).toMatchObject({ position: 3, attempts: 0, failingSince: null, lastError: null });
  });

  test("the failures of one event are not counted against the next", async () => {
    const world = await newWorld(engine);
    const receiver = await startReceiver();
    const { webhook } = await world.endpoint({ url: receiver.url });
    await world.happen(2);
    receiver.answers(500);
    await world.deliver();
    world.clock.now += 71 * hour;
    await world.deliver();
    world.clock.now += 2 * hour;
    receiver.answers((one, response) => void response.writeHead(one.body.sequence === 1 ? 200 : 500).end());
    await world.deliver();
    const { now: at } = world.clock;
    expect(await world.look(webhook.id)).toMatchObject({ position: 1, attempts: 1, failingSince: at, dueAt: at + 5_000 });
  });

  test("after three days an event is a dead letter, order goes on, and a dead letter can be replayed", async () => {
    const world = await newWorld(engine);
    const receiver = await startReceiver();
    const { webhook } = await world.endpoint({ url: receiver.url });
    await world.happen(2);
    receiver.answers((one, response) => void response.writeHead(one.body.sequence === 1 ? 400 : 200).end());
    const begun = world.clock.now;
    while ((await world.look(webhook.id)).position < 2) {
      await world.deliver();
      world.clock.now = Math.max((await world.look(webhook.id)).dueAt, world.clock.now);
    }
    expect((world.clock.now - begun) / hour).toBeGreaterThanOrEqual(72);
    expect((world.clock.now - begun) / hour).toBeLessThan(74);
    expect(receiver.accepted()).toEqual([2]);
    const { data } = await listDeadLetters(world.database.read, world.accountId, webhook.id);
    expect(data).toMatchObject([
      { sequence: 1, type: "engagement.created", error: "answered 400", eventId: receiver.received[0]?.body.id },
    ]);

    const replay = () => world.database.transaction((tx) => queueDeadLetters(tx, world.accountId, webhook.id, world.clock.now));
    expect(await replay()).toBe(1);
    await world.deliver();
    await world.happen(1);
    await world.deliver();
    // A refused replay holds nothing up.
    expect(receiver.accepted()).toEqual([2, 3]);
    receiver.answers(200);
    world.clock.now += 5_000;
    await world.deliver();
    expect(receiver.accepted()).toEqual([2, 3, 1]);
    expect((await listDeadLetters(world.database.read, world.accountId, webhook.id)).data).toEqual([]);
    expect(await replay()).toBe(0);
  });

  test("a replayed event that is refused for three days is a dead letter again", async () => {
    const world = await newWorld(engine);
    const receiver = await startReceiver();
    const { webhook } = await world.endpoint({ url: receiver.url });
    await world.happen(2);
    await world.deliver();
    receiver.answers(500);
    await world.database.transaction((tx) => queueLetter(tx, world.accountId, webhook.id, 1, world.clock.now));
    for (let i = 0; i < 200; i += 1) {
      await world.deliver();
      world.clock.now += hour;
    }
    expect(receiver.received.length).toBeGreaterThan(70);
    expect(receiver.received.length).toBeLessThan(90);
    expect((await listDeadLetters(world.database.read, world.accountId, webhook.id)).data).toMatchObject([{ sequence: 1 }]);
    expect(await world.look(webhook.id)).toMatchObject({ position: 2, attempts: 0 });
  });

  test("replay from a sequence sends everything after it again, with the same ids; one event is sent beside the order", async () => {
    const world = await newWorld(engine);
    const receiver = await startReceiver();
    const { webhook } = await world.endpoint({ url: receiver.url });
    await world.happen(5);
    await world.deliver();
    const change = (changes: Parameters<typeof updateWebhook>[3]) =>
      world.database.transaction((tx) => updateWebhook(tx, world.accountId, webhook.id, changes, world.clock.now));
    await change({ replayAfter: 3 });
    await world.deliver();
    await world.database.transaction((tx) => queueLetter(tx, world.accountId, webhook.id, 2, world.clock.now));
    await world.deliver();
    expect(receiver.accepted()).toEqual([1, 2, 3, 4, 5, 4, 5, 2]);
    expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"])).size).toBe(5);
    expect((await change({ replayAfter: 9 }))?.position).toBe(5);
    const none = await world.database.transaction((tx) => queueLetter(tx, world.accountId, webhook.id, 99, world.clock.now));
    expect(none).toBe(false);
  });

  test("after a rotation both secrets verify until the overlap is over, then only the new one", async () => {
    const world = await newWorld(engine);
    const receiver = await startReceiver();
    const { webhook, secret: old } = await world.endpoint({ url: receiver.url });
    const rotate = (overlapMs: number) =>
      world.database.transaction((tx) => rotateWebhookSecret(tx, world.keys, world.accountId, webhook.id, { overlapMs }, world.clock.now));
    const next = async () => {
      await world.happen(1);
      await world.deliver();
      return receiver.received.at(-1) as never;
    };
    const made = await rotate(hour);
    const both = await next();
    expect(verify(old, both)).toEqual(verify(made?.secret ?? "", both));
    world.clock.now += hour;
    const one = await next();
    expect(verify(made?.secret ?? "", one)).toBeTruthy();
    expect(() => verify(old, one)).toThrow("No matching signature");
    const sudden = await rotate(0);
    const last = await next();
    expect(verify(sudden?.secret ?? "", last)).toBeTruthy();
    expect(() => verify(made?.secret ?? "", last)).toThrow("No matching signature");
  });

  test("410 disables the endpoint, and the other endpoints are told", async () => {
    const world = await newWorld(engine);
    const [leaving, staying] = [await startReceiver(), await startReceiver()];
    const { webhook } = await world.endpoint({ url: leaving.url });
    await world.endpoint({ url: staying.url });
    await world.happen(2);
    leaving.answers(410);
    await world.deliver();
    expect(leaving.received).toHaveLength(1);
    expect(await world.look(webhook.id)).toMatchObject({ enabled: false, disabledBecause: "gone", position: 0 });
    expect(staying.received.at(-1)?.body).toMatchObject({
      sequence: 3,
      type: "webhook.disabled",
      data: { webhookId: webhook.id, because: "gone" },
    });
    leaving.answers(200);
    await world.database.transaction((tx) => updateWebhook(tx, world.accountId, webhook.id, { enabled: true }, world.clock.now));
    await world.deliver();
    expect(leaving.accepted()).toEqual([1, 2, 3]);
  });

  test("a receiver that is full names its wait, and nothing is sent before", async () => {
    const world = await newWorld(engine);
    const receiver = await startReceiver();
    const { webhook } = await world.endpoint({ url: receiver.url });
    await world.happen(1);
    receiver.answers((_, response) => void response.writeHead(429, { "retry-after": "900" }).end());
    await world.deliver();
    expect((await world.look(webhook.id)).dueAt).toBe(world.clock.now + 900_000);
  });

  test("one worker at a time: a second finds nothing to claim, and a lost claim writes nothing", async () => {
    const world = await newWorld(engine);
    const receiver = await startReceiver();
    const { webhook } = await world.endpoint({ url: receiver.url });
    await world.happen(20);
    const due = { accountId: world.accountId, webhookId: webhook.id };
    const signal = new AbortController().signal;
    await Promise.all([1, 2, 3].map(() => deliverWebhook(world.deps, due, signal)));
    expect(receiver.received.map(({ body }) => body.sequence)).toEqual(upTo(20));

    await world.happen(1);
    const claim = (at: number) => world.database.transaction((tx) => claimWebhook(tx, due, { busyUntil: at + 30_000 }, at));
    const dead = await claim(world.clock.now);
    expect(await claim(world.clock.now + 29_999)).toBeNull();
    const successor = await claim(world.clock.now + 30_000);
    const step = { kind: "taken", sequence: 21, busyUntil: 0 } as const;
    const save = (of: typeof dead) => world.database.transaction((tx) => saveWebhookStep(tx, of?.claim as never, step, world.clock.now));
    expect(await save(dead)).toBe(false);
    expect((await world.look(webhook.id)).position).toBe(20);
    expect(await save(successor)).toBe(true);
  });

  test("a change or a deletion while a request is under way wins", async () => {
    const world = await newWorld(engine);
    const receiver = await startReceiver();
    const { webhook } = await world.endpoint({ url: receiver.url });
    await world.happen(3);
    const during = (fn: () => Promise<unknown>) =>
      receiver.answers(async (_, response) => {
        await fn();
        response.writeHead(200).end();
      });
    const { accountId, database } = world;
    during(() => database.transaction((tx) => updateWebhook(tx, accountId, webhook.id, { enabled: false }, world.clock.now)));
    await world.deliver();
    expect(await world.look(webhook.id)).toMatchObject({ enabled: false, disabledBecause: "asked", position: 0 });
    expect(receiver.received).toHaveLength(1);
    await database.transaction((tx) => updateWebhook(tx, accountId, webhook.id, { enabled: true }, world.clock.now));
    during(() => database.transaction((tx) => deleteWebhook(tx, accountId, webhook.id)));
    await world.deliver();
    expect(receiver.received).toHaveLength(2);
  });

  test("stopping lets the request under way end, and gives the endpoint back at once", async () => {
    const world = await newWorld(engine);
    const receiver = await startReceiver();
    const { webhook } = await world.endpoint({ url: receiver.url });
    await world.happen(3);
    const stopping = new AbortController();
    receiver.answers((_, response) => {
      stopping.abort();
      setTimeout(() => response.writeHead(200).end(), 100);
    });
    await world.deliver(stopping.signal);
    expect(await world.look(webhook.id)).toMatchObject({ position: 1, attempts: 0 });
    receiver.answers(200);
    await world.deliver();
    expect(receiver.received.map(({ body }) => body.sequence)).toEqual([1, 2, 3]);
  });
});
