import { Ajv2020 } from "ajv/dist/2020.js";
import { beforeAll, describe, expect, it } from "vitest";
import type { OpenApi, Operation } from "../../src/api/open-api.ts";
import { ask, startServer } from "./server.ts";

describe("the document at /openapi.json", () => {
  let document: OpenApi;
  let operations: (Operation & { method: string; path: string })[];

  beforeAll(async () => {
    const { server } = await startServer({ version: "7.8.9" });
    document = (await ask(server, null, "GET", "/openapi.json")).json;
    operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ ...operation, method, path })),
    );
  });

  it("has the versions of OpenAPI and of this release, and how a key is sent", () => {
    expect([document.openapi, document.info.version]).toEqual(["3.1.0", "7.8.9"]);
    expect(document.components).toMatchObject({ securitySchemes: { key: { type: "http", scheme: "bearer" } } });
  });

  it("says of every operation what it does, what it is called, and which key it needs", () => {
    const open = ["/healthz", "/readyz"];
    for (const { path, method, summary, tags, operationId, security } of operations) {
      const what = `${method} ${path}`;
      expect(summary, what).toMatch(/^.{5,}[^,;:]$/);
      expect(tags, what).toHaveLength(1);
      expect(operationId, what).toMatch(/^[a-z][A-Za-z]+$/);
      if (open.includes(path)) expect(security, what).toEqual([]);
      else expect(["read", "write", "admin"], what).toContain(security[0]?.key[0]);
    }
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThan(40);
  });

  it("names every parameter of a path, and the Idempotency-Key where something is changed", () => {
    for (const { path, parameters = [], security, operationId } of operations) {
      const inPath = parameters.filter((one) => one.in === "path").map(({ name }) => name);
      expect([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)).toEqual(inPath);
      const changes =
        !["listAccounts", "getAccount", "listAudit", "getMetrics"].includes(operationId) &&
        ["write", "admin"].includes(security[0]?.key[0] ?? "");
      expect(
        parameters.filter((one) => one.in === "header").map(({ name }) => name),
        operationId,
      ).toEqual(changes ? ["Idempotency-Key"] : []);
    }
  });

  it("has the problems of every status", () => {
    const of = (id: string) => operations.find(({ operationId }) => operationId === id)?.responses ?? {};
    expect(Object.keys(of("getHealth"))).toEqual(["200"]);
    expect(Object.keys(of("listEngagements"))).toEqual(["200", "401", "403", "422", "429"]);
    expect(Object.keys(of("getEngagement"))).toEqual(["200", "401", "403", "404", "422", "429"]);
    expect(Object.keys(of("connectInbox"))).toEqual(["201", "401", "403", "409", "413", "422", "429", "503"]);
    expect(of("listEngagements")["401"]?.description).toBe("unauthenticated: No valid API key.");
    expect(of("pauseInbox")["409"]?.description).toBe(
      "idempotency-conflict: The Idempotency-Key is in use. inbox-not-usable: The inbox cannot be used this way.",
    );
    for (const { operationId, responses } of operations)
      for (const [status, { content }] of Object.entries(responses).filter(([status]) => status.startsWith("4")))
        expect(content, `${operationId} ${status}`).toEqual({
          "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } },
        });
  });

  it("holds schemas of JSON Schema 2020-12 alone, all of them used, and every reference leads somewhere", () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ $id: "openapi", components: document.components });
    for (const name of Object.keys(document.components.schemas)) {
      expect(() => ajv.compile({ $ref: `openapi#/components/schemas/${name}` }), name).not.toThrow();
      expect(JSON.stringify(document), name).toContain(`"#/components/schemas/${name}"`);
    }
    const names = JSON.stringify(document).match(/#\/components\/schemas\/\w+/g) ?? [];
    for (const name of names) expect(document.components.schemas).toHaveProperty(name.split("/").at(-1) ?? "");
    const schemas = operations.flatMap(({ parameters = [], requestBody, responses }) => [
      ...parameters.map(({ schema }) => schema),
      ...[requestBody, ...Object.values(responses)].flatMap((one) => Object.values(one?.content ?? {}).map(({ schema }) => schema)),
    ]);
    for (const schema of schemas)
      expect(() => ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi#/')))).not.toThrow();
    expect(document.components.schemas.Engagement?.properties?.state?.enum).toEqual(["pending", "soft", "hard", "delivered", "retracted"]);
  });
});
