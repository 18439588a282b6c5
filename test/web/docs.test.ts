import { writeFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { beforeAll, describe, expect, it } from "vitest";
import type { OpenApi, Operation } from "../../src/api/open-api.ts";
import written from "../../src/web/docs/docs-examples.json" with { type: "json" };
import type { Example } from "../../src/web/docs/docs-page.ts";
import { ask, startServer } from "../api/server.ts";
import { startDocsWorld } from "./docs-world.ts";

const examples = written as unknown as Example[];

const operationsOf = ({ paths }: OpenApi): (Operation & { method: string; path: string })[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
  );

describe("the examples of /docs", () => {
  type Run = { example: Example; status: number; real: unknown; shown: unknown };
  let document: OpenApi;
  const runs: Run[] = [];

  // One after the other on one server, as somebody trying the API would.
  beforeAll(async () => {
    const world = await startDocsWorld();
    document = (await ask(world.server, null, "GET", "/openapi.json")).json;
    const operations = operationsOf(document);
    for (const example of examples) {
      const operation = operations.find(({ operationId }) => operationId === example.operationId);
      if (operation) runs.push({ example, ...(await world.run(example, operation)) });
    }
    // How they are renewed: WRITE_EXAMPLES=1 npx vitest run --config test/vitest.config.ts test/web/docs, then npm run format.
    if (process.env.WRITE_EXAMPLES !== undefined) {
      const renewed = runs.map(({ example, status, shown }) => ({ ...example, status, answer: shown }));
      writeFileSync(new URL("../../src/web/docs/docs-examples.json", import.meta.url), JSON.stringify(renewed, null, 2));
    }
  });

  it("are there for every operation, and for no other", () => {
    const there = new Set(examples.map(({ operationId }) => operationId));
    expect([...there].sort()).toEqual(
      operationsOf(document)
        .map(({ operationId }) => operationId)
        .sort(),
    );
  });

  it("ask for what they are the example of", () => {
    for (const { operationId, method, path } of examples) {
      const operation = operationsOf(document).find((one) => one.operationId === operationId);
      const pattern = new RegExp(`^${operation?.path.replace(/\{\w+\}/g, "[^/]+")}$`);
      expect([operationId, method]).toEqual([operationId, operation?.method]);
      expect(path.split("?")[0]).toMatch(pattern);
    }
  });

  it.each(examples.map(({ operationId }) => operationId))("%s is answered as it is shown", (operationId) => {
    for (const { example, status, shown } of runs.filter((run) => run.example.operationId === operationId)) {
      expect(status).toBe(example.status);
      expect(shown, "if the change is meant, renew the examples (see above)").toEqual(example.answer);
    }
    expect.assertions(2 * examples.filter((example) => example.operationId === operationId).length);
  });

  it("have the documented shape, request and answer", () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ $id: "openapi", components: document.components });
    const check = (schema: object, value: unknown, what: string) => {
      const local = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi#/'));
      const validate = ajv.compile(local);
      expect(validate(value), `${what}: ${JSON.stringify(validate.errors)}`).toBe(true);
    };
    for (const { example, real, status } of runs) {
      const operation = operationsOf(document).find(({ operationId }) => operationId === example.operationId);
      const answer = operation?.responses[status]?.content?.["application/json"]?.schema;
      const body = operation?.requestBody?.content["application/json"]?.schema;
      expect(answer, `${example.operationId} ${status}`).toBeDefined();
      check(answer ?? {}, real, `${example.operationId}: answer`);
      expect(example.body !== undefined, `${example.operationId} and its body`).toBe(body !== undefined);
      if (body) check(body, example.body, `${example.operationId}: body`);
    }
    expect(runs.length).toBeGreaterThan(40);
  });
});

describe("/docs", () => {
  it("shows every operation with its key, problems and example, without a script or anything from elsewhere", async () => {
    const { server } = await startServer();
    const { body, headers, statusCode } = await server.inject({ url: "/docs" });
    expect([statusCode, headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
    expect(headers["content-security-policy"]).toMatch(/^default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'/);
    expect(body).not.toMatch(/<script|style="|src="|@import|https?:\/\/(?!bounceline\.example|crm\.example)[^\s"'<]*\.(js|css|png)/);
    const document = (await ask(server, null, "GET", "/openapi.json")).json as OpenApi;
    for (const { operationId, summary } of operationsOf(document)) {
      const [article = ""] = body.match(new RegExp(`<article id="${operationId}"[^]*?</article>`)) ?? [];
      expect(body).toContain(`<a href="#${operationId}">`);
      expect(article).toContain(summary.replaceAll("'", "&#39;"));
      expect(article).toMatch(/Needs a key|Needs an admin|Open to everybody/);
      expect(article).toContain("curl ");
      expect(article, operationId).toMatch(/<h4>Answer 20\d/);
    }
    const ids = body.match(/ id="[^"]+"/g) ?? [];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("tells types, limits, what is optional, and what lies within", async () => {
    const { server } = await startServer();
    const { body } = await server.inject({ url: "/docs" });
    const article = (id: string) => body.match(new RegExp(`<article id="${id}"[^]*?</article>`))?.[0] ?? "";
    expect(article("upsertContacts")).toContain('<code>contacts</code> <span class="quiet">list of object, 1 to 1,000</span></summary>');
    expect(article("upsertContacts")).toContain(
      '<code>name</code> <span class="quiet">text, at most 300 characters or null, optional</span>',
    );
    expect(article("listEngagements")).toContain(
      '<code>limit</code> <span class="quiet">whole number, 1 to 200, 50 by default, optional ·</span> At most so many',
    );
    expect(article("getEngagement")).toContain("pending, soft, hard, delivered or retracted");
    expect(article("createWebhook")).toContain("<code>Idempotency-Key</code>");
    expect(article("listWebhooks")).not.toContain("<code>Idempotency-Key</code>");
    expect(article("syncInbox")).toContain("inbox-not-usable: The inbox cannot be used this way.");
  });
});
