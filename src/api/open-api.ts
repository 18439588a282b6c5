import type { SwaggerTransform, SwaggerTransformObject } from "@fastify/swagger";
import type { RouteOptions } from "fastify";
import { jsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";
import { type ProblemType, statusOf, titles } from "./problem.ts";
import { problem } from "./shapes.ts";

/** A schema of OpenAPI 3.1, as far as ours go. */
export type Schema = {
  $ref?: string;
  type?: string | string[];
  format?: string;
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  anyOf?: Schema[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
};

export type Content = Record<string, { schema: Schema }>;

/** One operation of the document. */
export type Operation = {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  /** Empty: open to everybody. Else the scope a key needs. */
  security: { key: string[] }[];
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema: Schema }[];
  requestBody?: { required?: boolean; content: Content };
  responses: Record<string, { description: string; content?: Content }>;
};

/** The document at /openapi.json, as far as we read it ourselves. */
export type OpenApi = {
  openapi: string;
  info: { title: string; version: string; description: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
};

/** What every answer may come with, besides what a route says of itself: so nobody has to write it at each route. */
const problemsOf = ({ url, method, config, schema }: RouteOptions): ProblemType[] => {
  const needs = config?.needs;
  if (needs === undefined) return [];
  const writes = needs !== "read" && method !== "GET";
  return [
    "unauthenticated",
    "scope-missing",
    ...(/:id\b/.test(url) ? (["not-found"] as const) : []),
    ...(writes ? (["idempotency-conflict"] as const) : []),
    ...(schema?.body || schema?.consumes ? (["too-large"] as const) : []),
    ...(schema?.body || schema?.querystring || schema?.consumes || writes ? (["invalid-request"] as const) : []),
    ...(config?.problems ?? []),
    "rate-limited",
  ];
};

/** Writes down at a route which key it needs and which problems it can answer. */
export const documentRoute = (route: RouteOptions): void => {
  const { schema, config } = route;
  // Fastify adds HEAD to each GET, with the same schema.
  if (!schema || schema.hide || route.method === "HEAD") return;
  if (config?.needs !== undefined) schema.security = [{ key: [config.needs] }];
  const answers: Record<string, unknown> = { ...(schema.response as object) };
  for (const type of problemsOf(route)) {
    const status = statusOf[type];
    const before = answers[status] as { description: string } | undefined;
    const description = [...(before ? [before.description] : []), `${type}: ${titles[type]}.`].join(" ");
    answers[status] = { description, content: { "application/problem+json": { schema: problem } } };
  }
  schema.response = answers;
};

const keyHeader = {
  type: "object",
  properties: {
    "Idempotency-Key": {
      type: "string",
      description:
        "Your own id of this request, such as a UUID: the same request again within a day is answered as it was, and happens once.",
    },
  },
};

/** A route's schemas as OpenAPI has them, with what our hooks take of every request. */
export const transform: SwaggerTransform = (route) => {
  const { schema, url } = jsonSchemaTransform(route as Parameters<typeof jsonSchemaTransform>[0]) as {
    schema: Record<string, unknown>;
    url: string;
  };
  const needs = route.route.config?.needs;
  const uploads = schema.consumes as string[] | undefined;
  return {
    url,
    schema: {
      ...schema,
      ...((needs === "write" || needs === "admin") && route.route.method !== "GET" && { headers: keyHeader }),
      ...(uploads && { body: { type: "string", format: "binary", description: `The message itself, as ${uploads.join(" or ")}.` } }),
    },
  };
};

const described: Record<string, string> = { 200: "Done.", 201: "Made.", 202: "Accepted: it is done soon.", 503: "Not now." };

/** The whole document, without what only the libraries need: schemas nothing refers to, bounds every whole number has. */
export const transformObject: SwaggerTransformObject = (made) => {
  const document = jsonSchemaTransformObject(made as Parameters<typeof jsonSchemaTransformObject>[0]) as unknown as OpenApi;
  for (const operation of Object.values(document.paths).flatMap((methods) => Object.values(methods)))
    for (const [status, answer] of Object.entries(operation.responses))
      if (answer.description === "Default Response") answer.description = described[status] ?? "An answer.";
  const tidied = JSON.parse(JSON.stringify(document), (key, value) =>
    (key === "minimum" || key === "maximum") && Math.abs(value) === Number.MAX_SAFE_INTEGER ? undefined : value,
  ) as OpenApi;
  const used = new Set(JSON.stringify(tidied).match(/#\/components\/schemas\/\w+/g));
  const schemas = Object.entries(tidied.components.schemas).filter(([name]) => used.has(`#/components/schemas/${name}`));
  return { ...tidied, components: { ...tidied.components, schemas: Object.fromEntries(schemas) } } as never;
};
