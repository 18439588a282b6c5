import { Writable } from "node:stream";
import pino from "pino";
import { describe, expect, it } from "vitest";
import { deliverWebhook } from "../../src/deliver/deliver-webhook.ts";
import { eventTypes } from "../../src/deliver/event-types.ts";
import { newId } from "../../src/store/ids.ts";
import { ask, startServer } from "../api/server.ts";
import { now } from "../store/sample-mail.ts";
import { startReceiver, verify } from "./receiver.ts";
import { testDelivery } from "./test-delivery.ts";

const setUp = async () => {
  const world = await startServer();
  const receiver = await startReceiver();
  const as = (key: string) => (method: "GET" | "POST" | "PATCH" | "DELETE", path: string, body?: object) =>
    ask(world.server, key, method, `/v1/webhooks${path}`, body);
  const lines: string[] = [];
  const log = pino(new Writable({ write: (chunk, _encoding, done) => done(void lines.push(String(chunk))) }));
  const deps = testDelivery({ database: world.database, keys: world.keys, log });
  const deliver = (webhookId: string) => deliverWebhook(deps, { accountId: world.ours.accountId, webhookId }, new AbortController().signal);
  return { ...world, receiver, hooks: as(world.ours.write), reading: as(world.ours.read), deliver, lines };
};

describe("webhooks by the API", () => {
  it("are made with a secret that is shown once, listed, changed and deleted", async () => {
    const { hooks, reading, receiver } = await setUp();
    const made = await hooks("POST", "", { url: receiver.url, description: "CRM", types: ["engagement.*"], includeBackfill: false });
    expect(made.status).toBe(201);
    expect(made.json).toMatchObject({
      object: "webhook",
      url: receiver.url,
      description: "CRM",
      types: ["engagement.*"],
      includeBackfill: false,
      enabled: true,
      state: "delivering",
      lastDeliveredSequence: null,
      pending: 0,
      lastError: null,
      nextAttemptAt: null,
    });
    expect(made.json.secret).toMatch(/^whsec_[\w+/]{43}=$/);
    const { id, secret } = made.json;
    for (const path of ["", `/${id}`]) {
      const shown = await reading("GET", path);
      expect(shown.status).toBe(200);
      expect(shown.text).toContain(id);
      expect(shown.text).not.toContain(secret);
      expect(shown.text).not.toContain('"secret"');
    }
    const changed = await hooks("PATCH", `/${id}`, { enabled: false, types: ["*"] });
    expect(changed.json).toMatchObject({ enabled: false, state: "disabled", disabledBecause: "asked", types: ["*"], description: "CRM" });
    expect((await reading("POST", "", { url: receiver.url })).status).toBe(403);
    expect((await hooks("DELETE", `/${id}`)).json).toEqual({ id, object: "webhook", deleted: true });
    expect((await hooks("GET", `/${id}`)).status).toBe(404);
    expect((await hooks("DELETE", `/${id}`)).status).toBe(404);
  });

  it("an address inside, without TLS or with credentials, and a filter that nothing passes, are told at the field", async () => {
    const { hooks } = await setUp();
    const wrong = [
      { url: "https://10.0.0.1/" },
      { url: "http://hooks.example/" },
      { url: "https://user:hush@hooks.example/" },
      { url: "https://no-such-host.test/" },
    ];
    for (const body of wrong) {
      const answer = await hooks("POST", "", body);
      expect(answer.status).toBe(422);
      expect(answer.json.errors).toMatchObject([{ pointer: "/body/url" }]);
      expect(answer.text).not.toMatch(/hush/);
    }
    const typo = await hooks("POST", "", { url: "https://hooks.example/", types: ["engagement.creatd"] });
    expect(typo.json).toMatchObject({ status: 422, errors: [{ pointer: "/body/types" }] });
    const { id } = (await hooks("POST", "", { url: "https://hooks.example/" })).json;
    expect((await hooks("PATCH", `/${id}`, { url: "https://127.0.0.2/" })).status).toBe(422);
  });

  it("show how far they have come, and send the bodies that GET /v1/events shows", async () => {
    const { hooks, receiver, deliver, server, ours } = await setUp();
    const { id, secret } = (await hooks("POST", "", { url: receiver.url, after: 0 })).json;
    const { data: log } = (await ask(server, ours.read, "GET", "/v1/events")).json;
    expect(log.length).toBeGreaterThan(1);
    expect((await hooks("GET", `/${id}`)).json).toMatchObject({ pending: log.length, position: 0 });
    receiver.answers((one, response) => void response.writeHead(one.body.sequence === 2 ? 503 : 200).end("busy"));
    await deliver(id);
    expect((await hooks("GET", `/${id}`)).json).toMatchObject({
      state: "failing",
      lastDeliveredSequence: 1,
      pending: log.length - 1,
      attempts: 1,
      lastError: "answered 503: busy",
      failingSince: new Date(now).toISOString(),
      nextAttemptAt: new Date(now + 5_000).toISOString(),
    });
    receiver.answers(200);
    await hooks("PATCH", `/${id}`, { description: "again" });
    await deliver(id);
    expect((await hooks("GET", `/${id}`)).json).toMatchObject({ state: "delivering", pending: 0, lastDeliveredSequence: log.length });
    const bodies = receiver.received.filter((one, i, all) => all.findIndex((o) => o.body.id === one.body.id) === i);
    expect(bodies.map(({ body }) => body)).toEqual(log);
    for (const one of bodies) verify(secret, one);
    expect(eventTypes).toEqual(expect.arrayContaining(bodies.map(({ body }) => body.type)));
  });

  it("a test event of any type goes out at once, says that it is one, and tells what the receiver did", async () => {
    const { hooks, receiver, server, ours } = await setUp();
    const { id, secret } = (await hooks("POST", "", { url: receiver.url })).json;
    const plain = await hooks("POST", `/${id}/test`, {});
    expect(plain.json).toMatchObject({ object: "webhook_test", type: "webhook.test", accepted: true, status: 200, error: null });
    await hooks("POST", `/${id}/test`, { type: "engagement.created" });
    expect(receiver.received[1]?.body).toMatchObject({ type: "engagement.created", sequence: 0, data: { test: true, engagement: {} } });
    verify(secret, receiver.received[1] as never);
    receiver.answers(404);
    expect((await hooks("POST", `/${id}/test`, {})).json).toMatchObject({
      accepted: false,
      status: 404,
      error: "answered 404: status 404",
    });
    expect((await hooks("POST", `/${id}/test`, { type: "toString" })).status).toBe(422);
    const { data } = (await ask(server, ours.read, "GET", "/v1/events?limit=200")).json;
    expect(data.filter((one: { data: { test?: boolean } }) => one.data.test)).toEqual([]);
  });

  it("a test that is accepted ends the wait after failures", async () => {
    const { hooks, receiver, deliver } = await setUp();
    const { id } = (await hooks("POST", "", { url: receiver.url, after: 0 })).json;
    receiver.answers(500);
    await deliver(id);
    receiver.answers(200);
    await hooks("POST", `/${id}/test`, {});
    expect((await hooks("GET", `/${id}`)).json).toMatchObject({ state: "delivering", nextAttemptAt: null });
    await deliver(id);
    expect((await hooks("GET", `/${id}`)).json).toMatchObject({ pending: 0 });
  });

  it("replay goes back, sends one event, or the dead letters", async () => {
    const { hooks, receiver, deliver, database } = await setUp();
    const { id } = (await hooks("POST", "", { url: receiver.url, after: 0 })).json;
    await deliver(id);
    const newest = receiver.accepted().length;
    expect((await hooks("POST", `/${id}/replay`, { after: newest - 1 })).json).toEqual({ queued: 1 });
    expect((await hooks("POST", `/${id}/replay`, { sequence: 1 })).json).toEqual({ queued: 1 });
    await deliver(id);
    expect(receiver.accepted().slice(newest)).toEqual([newest, 1]);
    expect((await hooks("POST", `/${id}/replay`, { after: newest + 1 })).status).toBe(422);
    expect((await hooks("POST", `/${id}/replay`, { sequence: 999 })).status).toBe(404);
    expect((await hooks("POST", `/${id}/replay`, {})).status).toBe(422);
    await hooks("POST", `/${id}/replay`, { sequence: 2 });
    await database.transaction((tx) => tx.updateTable("webhook_letters").set({ due_at: null, error: "answered 400" }).execute());
    expect((await hooks("GET", `/${id}/dead-letters`)).json).toMatchObject({
      data: [{ object: "dead_letter", sequence: 2, eventId: receiver.received[1]?.body.id, error: "answered 400" }],
      nextCursor: null,
    });
    expect((await hooks("POST", `/${id}/replay`, { deadLetters: true })).json).toEqual({ queued: 1 });
    await deliver(id);
    expect(receiver.accepted().at(-1)).toBe(2);
    expect((await hooks("GET", `/${id}/dead-letters`)).json.data).toEqual([]);
  });

  it("rotation shows the new secret once, and both sign meanwhile", async () => {
    const { hooks, receiver } = await setUp();
    const { id, secret: old } = (await hooks("POST", "", { url: receiver.url })).json;
    const rotated = (await hooks("POST", `/${id}/rotate-secret`, { overlapHours: 1 })).json;
    expect(rotated.secret).not.toBe(old);
    expect(rotated.previousSecretUntil).toBe(new Date(now + 3_600_000).toISOString());
    await hooks("POST", `/${id}/test`, {});
    const [one] = receiver.received;
    for (const secret of [old, rotated.secret]) expect(verify(secret, one as never)).toBeTruthy();
  });

  it("secrets, tokens of the address and the receiver's words reach neither log, nor table, nor answer", async () => {
    const { hooks, receiver, deliver, database, lines } = await setUp();
    const made = (await hooks("POST", "", { url: `${receiver.url}?token=hush-hush`, after: 0 })).json;
    receiver.answers(
      (one, response) => void response.writeHead(500).end(`called ?token=hush-hush with ${one.headers["webhook-signature"]} SAID`),
    );
    await deliver(made.id);
    expect(lines.join("")).toContain(made.id);
    expect(lines.join("")).not.toMatch(/hush|whsec|v1,|SAID/);
    const [row] = await database.read.selectFrom("webhooks").selectAll().where("id", "=", made.id).execute();
    expect(row?.last_error).toContain("SAID");
    expect(row?.last_error).not.toMatch(/hush|v1,/);
    expect(JSON.stringify(row)).not.toContain(made.secret.slice(6, 20));
  });

  it("an account has at most fifty", async () => {
    const { hooks, database } = await setUp();
    await hooks("POST", "", { url: "https://hooks.example/" });
    const [first] = await database.read.selectFrom("webhooks").selectAll().execute();
    const more = Array.from({ length: 49 }, () => ({ ...(first as NonNullable<typeof first>), id: newId("whk", now) }));
    await database.transaction((tx) => tx.insertInto("webhooks").values(more).execute());
    expect((await hooks("POST", "", { url: "https://hooks.example/" })).status).toBe(409);
  });
});
