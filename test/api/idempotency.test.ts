import { spawn } from "node:child_process";
import { once } from "node:events";
import pino from "pino";
import { describe, expect, it } from "vitest";
import { buildServer } from "../../src/cli/build-server.ts";
import { loadConfig } from "../../src/cli/config.ts";
import { openHouse } from "../../src/cli/house.ts";
import { ConnectorError } from "../../src/ports/connector.ts";
import { upsertAccount } from "../../src/store/accounts.ts";
import { createApiKey } from "../../src/store/api-keys.ts";
import { createInbox } from "../../src/store/inboxes.ts";
import { temporaryDirectory } from "../store/engines.ts";
import { now } from "../sync/world.ts";
import { ask, startServer, type TestServer } from "./server.ts";

const keyed = { "idempotency-key": "8e03978e-40d5-43dd-bc93-6894a57f9324" };
const link = { expectedAddress: "anna@sales.example" };

const links = ({ database }: Pick<TestServer, "database">) => database.read.selectFrom("connect_links").select("id").execute();

describe("Idempotency-Key", () => {
  it("the same request again is answered as it was, secret and all, and happens once", async () => {
    const test = await startServer();
    const { server, ours } = test;
    const first = await ask(server, ours.write, "POST", "/v1/connect-links", link, keyed);
    const again = await ask(server, ours.write, "POST", "/v1/connect-links", link, keyed);
    expect([first.status, first.headers["idempotency-replayed"]]).toEqual([201, undefined]);
    expect([again.status, again.text, again.headers["content-type"]]).toEqual([201, first.text, first.headers["content-type"]]);
    expect(again.headers["idempotency-replayed"]).toBe("true");
    expect(await links(test)).toHaveLength(1);
    const stored = JSON.stringify(await test.database.read.selectFrom("idempotency_keys").selectAll().execute());
    expect(stored).not.toContain(first.json.url.split("/").at(-1));
    // Without a key, and with another, it is a request of its own.
    await ask(server, ours.write, "POST", "/v1/connect-links", link);
    await ask(server, ours.write, "POST", "/v1/connect-links", link, { "idempotency-key": "another" });
    expect(await links(test)).toHaveLength(3);
  });

  it("in quotes, as the draft has it, is the same key", async () => {
    const test = await startServer();
    await ask(test.server, test.ours.write, "POST", "/v1/connect-links", link, { "idempotency-key": "k" });
    const quoted = await ask(test.server, test.ours.write, "POST", "/v1/connect-links", link, { "idempotency-key": '"k"' });
    expect([quoted.headers["idempotency-replayed"], (await links(test)).length]).toEqual(["true", 1]);
  });

  it("with another body, path or method is refused", async () => {
    const test = await startServer();
    const { server, ours } = test;
    const { json } = await ask(server, ours.write, "POST", "/v1/webhooks", { url: "https://hooks.example/" }, keyed);
    for (const [method, url, body] of [
      ["POST", "/v1/webhooks", { url: "https://hooks.example/other" }],
      ["POST", "/v1/connect-links", { url: "https://hooks.example/" }],
      ["PATCH", `/v1/webhooks/${json.id}`, { url: "https://hooks.example/" }],
      ["DELETE", `/v1/webhooks/${json.id}`, undefined],
    ] as const) {
      const refused = await ask(server, ours.write, method, url, body, keyed);
      expect([method, url, refused.status, refused.json.type]).toEqual([method, url, 409, "idempotency-conflict"]);
    }
    expect((await ask(server, ours.read, "GET", "/v1/webhooks")).json.data).toHaveLength(1);
  });

  it("of another account, or of the admin, is another key", async () => {
    const test = await startServer();
    for (const key of [test.ours.write, test.theirs.write]) {
      expect((await ask(test.server, key, "POST", "/v1/connect-links", link, keyed)).headers["idempotency-replayed"]).toBeUndefined();
    }
    const url = `/v1/accounts/${test.ours.accountId}/keys`;
    const made = await ask(test.server, test.admin, "POST", url, { scope: "read", label: "CRM" }, keyed);
    const again = await ask(test.server, test.admin, "POST", url, { scope: "read", label: "CRM" }, keyed);
    expect([made.status, again.text]).toEqual([201, made.text]);
  });

  it("is refused while the first request is still running, and answers it when that is done", async () => {
    let goOn = (): void => {};
    let began = (): void => {};
    const reached = new Promise<void>((resolve) => {
      began = resolve;
    });
    const test: TestServer = await startServer({
      connectInbox: async (accountId, { address, since }) => {
        began();
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
        return test.database.transaction((tx) => createInbox(tx, accountId, { provider: "memory", address, since, nextPollAt: now }, now));
      },
    });
    const connect = () =>
      ask(test.server, test.ours.write, "POST", "/v1/inboxes", { provider: "x", address: "a@b.example", settings: {}, secrets: {} }, keyed);
    const first = connect();
    await reached;
    const early = await connect();
    expect([early.status, early.json.type, early.json.detail]).toEqual([
      409,
      "idempotency-conflict",
      "The first request with this Idempotency-Key is still running. Try again in a few seconds.",
    ]);
    goOn();
    const { status, text } = await first;
    const late = await connect();
    expect([status, late.status, late.text]).toEqual([201, 201, text]);
  });

  it("keeps refusals of the route; not those before it, and no failure of ours", async () => {
    const errors: Error[] = [new Error("a fault"), new ConnectorError("unavailable", "imap.example does not answer.")];
    const { server, ours } = await startServer({
      connectInbox: async () => {
        throw errors.shift() ?? new ConnectorError("auth", "The server refused the password.");
      },
    });
    const body = { provider: "imap", address: "anna@sales.example", settings: {}, secrets: {} };
    const connect = async (given: object) => {
      const { status, headers } = await ask(server, ours.write, "POST", "/v1/inboxes", given, keyed);
      return [status, headers["idempotency-replayed"] ?? "first"];
    };
    expect(await connect({})).toEqual([422, "first"]);
    expect(await connect(body)).toEqual([500, "first"]);
    expect(await connect(body)).toEqual([503, "first"]);
    expect(await connect(body)).toEqual([422, "first"]);
    expect(await connect(body)).toEqual([422, "true"]);
  });

  it("is ignored by what changes nothing", async () => {
    const { server, ours, database } = await startServer();
    for (const address of ["a@x.example", "b@x.example"]) {
      expect((await ask(server, ours.read, "POST", "/v1/addresses/check", { addresses: [address] }, keyed)).status).toBe(200);
      expect((await ask(server, ours.read, "GET", `/v1/addresses/${address}`, undefined, keyed)).status).toBe(200);
    }
    expect(await database.read.selectFrom("idempotency_keys").selectAll().execute()).toEqual([]);
  });

  it.each(["", " ", "with space", "ключ", "k".repeat(256), '"open', "a,b"])("that is no key is refused: %j", async (key) => {
    const test = await startServer();
    const answer = await ask(test.server, test.ours.write, "POST", "/v1/connect-links", link, { "idempotency-key": key });
    expect([answer.status, answer.json.errors[0].pointer]).toEqual([422, "/headers/idempotency-key"]);
    expect(await links(test)).toEqual([]);
  });
});

describe("a server that is killed while it answers", () => {
  const kill = async (after: number) => {
    const folder = temporaryDirectory();
    const config = loadConfig({}, folder);
    const log = pino({ level: "silent" });
    const house = await openHouse(config, { now: () => now, log });
    const key = await house.database.transaction(async (tx) => {
      const { id } = await upsertAccount(tx, { name: "Sales" }, now);
      return (await createApiKey(tx, id, { scope: "write", label: "CRM" }, now)).key;
    });
    await house.close();
    const script = new URL("./stop-after.ts", import.meta.url).pathname;
    const killed = spawn(process.execPath, [script, folder, key, "k", String(after)], { stdio: "inherit" });
    const [, signal] = await once(killed, "close");
    expect(signal).toBe("SIGKILL");
    const later = await openHouse(config, { now: () => now + 120_000, log });
    const server = await buildServer(
      { ...later, config: { ...config, publicUrl: "http://bounceline.example" } },
      { nudge() {}, onHint: async () => {}, lookedAt: () => null },
    );
    const answer = await ask(server, key, "POST", "/v1/connect-links", link, { "idempotency-key": "k" });
    const made = (await links(later)).length;
    await server.close();
    await later.close();
    return { status: answer.status, replayed: answer.headers["idempotency-replayed"], detail: answer.json.detail, made };
  };

  it.each([
    ["before anything took effect, does it then", 1, { status: 201, made: 1 }],
    ["before anything took effect, though it stands in the audit log, does it then", 2, { status: 201, made: 1 }],
    ["after it took effect, never does it twice", 3, { status: 409, made: 1, detail: expect.stringContaining("took effect, but") }],
    ["after the answer was kept, gives that answer", 4, { status: 201, replayed: "true", made: 1 }],
  ])("%s", async (_, after, expected) => {
    expect(await kill(after)).toMatchObject(expected);
  });
});
