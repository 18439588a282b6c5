import Fastify from "fastify";
import { expect, test } from "vitest";
import type { Hint } from "../../src/ports/connector.ts";
import { pushRoutes } from "../../src/web/push-routes.ts";
import { afterThis } from "../store/engines.ts";

/** A server with one provider, whose notifications are a watch's id and a secret. */
const start = async (onHint: (hint: Hint) => Promise<void> = async () => {}) => {
  const server = Fastify();
  afterThis(() => server.close());
  const heard: Hint[] = [];
  let clock = 0;
  await pushRoutes(server, {
    receive: async (provider, { query, body }) => {
      if (provider !== "memory") return null;
      if (typeof query.validationToken === "string") return { answer: query.validationToken, hints: [] };
      const [watchId = "", secret = ""] = body.split(" ");
      return { answer: null, hints: [{ watchId, secret, wants: "poll" }] };
    },
    onHint: async (hint) => {
      heard.push(hint);
      await onHint(hint);
    },
    now: () => clock,
  });
  const post = (url: string, payload?: string, type = "application/json") =>
    server.inject({ method: "POST", url, ...(payload === undefined ? {} : { payload, headers: { "content-type": type } }) });
  return {
    server,
    heard,
    post,
    pass(ms: number): void {
      clock += ms;
    },
  };
};

test("the handshake is answered with its token as plain text, without a cookie", async () => {
  const { post, heard } = await start();
  const token = "Validation: <script>alert(1)</script> ä";
  for (const answer of [
    await post(`/push/memory?validationToken=${encodeURIComponent(token)}`),
    await post(`/push/memory?validationToken=${encodeURIComponent(token)}`, "", "text/plain; charset=utf-8"),
  ]) {
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toBe(token);
    expect(answer.headers["content-type"]).toBe("text/plain; charset=utf-8");
    expect(answer.headers["x-content-type-options"]).toBe("nosniff");
    expect(answer.headers["set-cookie"]).toBe(undefined);
  }
  expect(heard).toEqual([]);
});

test("a notification is answered before it is worked, and all alike, right or wrong", async () => {
  let goOn = (): void => {};
  const { post, heard, server } = await start(
    () =>
      new Promise((resolve) => {
        goOn = resolve;
      }),
  );
  const answers = [await post("/push/memory", "right geheim"), await post("/push/memory", "wrong x"), await post("/push/memory", "{")];
  const told = answers.map(({ statusCode, body, headers }) => ({ statusCode, body, ...headers, date: "" }));
  expect(told[0]?.statusCode).toBe(202);
  expect(told[1]).toEqual(told[0]);
  expect(told[2]).toEqual(told[0]);
  expect(heard).toHaveLength(1);
  const closed = server.close();
  for (let n = 0; n < 3; n++) {
    await expect.poll(() => heard.length).toBe(n + 1);
    goOn();
  }
  await closed;
});

test("what waits already is not worked twice, and a failure stops nothing", async () => {
  const { post, heard } = await start(() => Promise.reject(new Error("the database does not answer")));
  await post("/push/memory", "one x");
  await post("/push/memory", "two x");
  await expect.poll(() => heard.map(({ watchId }) => watchId)).toEqual(["one", "two"]);
});

test("another provider, another method, a large body and a flood are turned away", async () => {
  const { post, server, heard, pass } = await start();
  expect((await post("/push/nobody", "x")).statusCode).toBe(404);
  expect((await server.inject({ url: "/push/memory" })).statusCode).toBe(404);
  expect((await post("/push/memory", "x".repeat(128_001))).statusCode).toBe(413);
  await Promise.all(Array.from({ length: 3100 }, (_, n) => post("/push/memory", `${n} x`)));
  expect((await post("/push/memory", "late x")).statusCode).toBe(429);
  await expect.poll(() => heard.length).toBeLessThanOrEqual(3000);
  pass(60_000);
  expect((await post("/push/memory", "later x")).statusCode).toBe(202);
});
