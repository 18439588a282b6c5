/**
 * Google's own description of the Gmail API, as judge over our stand-in and over the client: each request and each answer must
 * fit it, and nothing may be there that it does not name.
 */
import { readFileSync } from "node:fs";
import { Ajv, type ValidateFunction } from "ajv";

type Parameter = {
  name: string;
  in: "path" | "query";
  required?: boolean;
  schema: { type: string; enum?: string[]; items?: { enum?: string[] } };
};
type Operation = {
  operationId: string;
  parameters?: Parameter[];
  security?: { [scheme: string]: string[] }[];
  requestBody?: { content: { "application/json": { schema: { $ref: string } } } };
  responses: { 200: { content?: { "application/json": { schema: { $ref: string } } } } };
};
type PathItem = { parameters?: { $ref: string }[] } & { [method: string]: Operation };

const document = JSON.parse(readFileSync(new URL("../schemas/gmail-v1.openapi3.json", import.meta.url), "utf8")) as {
  paths: { [path: string]: PathItem };
  components: { parameters: { [name: string]: Parameter }; schemas: { [name: string]: { properties?: object } } };
};

/** Google's description of its API, as it is kept here. */
export const apiDescription = document;

const strictly = (schemas: typeof document.components.schemas): object =>
  JSON.parse(
    JSON.stringify(
      Object.fromEntries(
        Object.entries(schemas).map(([name, schema]) => [name, schema.properties ? { ...schema, additionalProperties: false } : schema]),
      ),
    ).replaceAll("#/components/schemas/", "gmail#/$defs/"),
  );

const within = (low: bigint, high: bigint) => (text: string) => /^-?\d+$/.test(text) && BigInt(text) >= low && BigInt(text) <= high;

const ajv = new Ajv({ strict: true, allErrors: true });
ajv.addFormat("uint64", within(0n, 2n ** 64n - 1n));
ajv.addFormat("int64", within(-(2n ** 63n), 2n ** 63n - 1n));
ajv.addFormat("byte", /^[A-Za-z0-9_-]*={0,2}$/);
ajv.addFormat("int32", { type: "number", validate: (value: number) => Number.isInteger(value) && Math.abs(value) < 2 ** 31 });
ajv.addFormat("uint32", { type: "number", validate: (value: number) => Number.isInteger(value) && value >= 0 && value < 2 ** 32 });
ajv.addFormat("google-datetime", true);
ajv.addSchema({ $id: "gmail", $defs: strictly(document.components.schemas) });

/** A method of the API and what its request says. */
export type ApiCall = {
  method: string;
  path: Record<string, string>;
  query: URLSearchParams;
  scopes: readonly string[];
  body: Record<string, unknown>;
};

type Route = { pattern: RegExp; names: string[]; verb: string; operation: Operation; shared: Parameter[] };

const routes: Route[] = Object.entries(document.paths).flatMap(([path, { parameters = [], ...operations }]) => {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string);
  const pattern = new RegExp(`^${path.replace(/\{\w+\}/g, "([^/]+)")}$`);
  const shared = parameters.map(({ $ref }) => document.components.parameters[$ref.split("/").at(-1) as string] as Parameter);
  return Object.entries(operations).map(([verb, operation]) => ({ pattern, names, verb, operation, shared }));
});

const checkValue = (value: string, { name, schema }: Parameter): string[] => {
  const allowed = schema.enum ?? schema.items?.enum;
  if (allowed && !allowed.includes(value)) return [`${name}: "${value}" is none of ${allowed.join(", ")}`];
  if (schema.type === "integer" && !/^-?\d+$/.test(value)) return [`${name}: "${value}" is no integer`];
  if (schema.type === "boolean" && !/^(?:true|false)$/.test(value)) return [`${name}: "${value}" is no boolean`];
  return [];
};

const checkQuery = (query: URLSearchParams, { operation, shared }: Route): string[] => {
  const known = new Map(
    [...(operation.parameters ?? []), ...shared].filter((each) => each.in === "query").map((each) => [each.name, each]),
  );
  return [...query].flatMap(([name, value]) => {
    const parameter = known.get(name);
    if (!parameter) return [`${operation.operationId} has no parameter "${name}"`];
    if (parameter.schema.type !== "array" && query.getAll(name).length > 1) return [`"${name}" is given twice`];
    return checkValue(value, parameter);
  });
};

/** The method a request means, and what is wrong with the request. Null: the API has no such method. */
export const checkRequest = (verb: string, url: URL, text = ""): { call: ApiCall; problems: string[] } | null => {
  const route = routes.find((each) => each.verb === verb.toLowerCase() && each.pattern.test(url.pathname));
  if (!route) return null;
  const values = (route.pattern.exec(url.pathname) ?? []).slice(1).map(decodeURIComponent);
  const path = Object.fromEntries(route.names.map((name, index) => [name, values[index] as string]));
  const scopes = [...new Set((route.operation.security ?? []).flatMap((either) => Object.values(either).flat()))];
  const body = text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
  return {
    call: { method: route.operation.operationId, path, query: url.searchParams, scopes, body },
    problems: [...checkQuery(url.searchParams, route), ...checkBody(route, text === "" ? null : body)],
  };
};

const checkBody = ({ operation }: Route, body: object | null): string[] => {
  const ref = operation.requestBody?.content["application/json"].schema.$ref;
  if (ref === undefined) return body === null ? [] : [`${operation.operationId} takes no body`];
  const validate = ajv.getSchema(asLocal(ref));
  if (!validate) throw new Error(`no schema ${ref}`);
  if (validate(body)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${operation.operationId} is asked with ${instancePath} ${message}`);
};

const asLocal = (ref: string): string => ref.replace("#/components/schemas/", "gmail#/$defs/");

const validators = new Map<string, ValidateFunction>();

const validatorOf = (method: string): ValidateFunction | null => {
  const known = validators.get(method);
  if (known) return known;
  const ref = routes.find(({ operation }) => operation.operationId === method)?.operation.responses[200].content?.["application/json"]
    .schema.$ref;
  if (ref === undefined) return null;
  const made = ajv.compile({ $ref: asLocal(ref) });
  validators.set(method, made);
  return made;
};

/** What is wrong with the answer of a method. */
export const checkAnswer = (method: string, body: unknown): string[] => {
  const validate = validatorOf(method);
  if (!validate || validate(JSON.parse(JSON.stringify(body)))) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${method} answers ${instancePath} ${message} ${JSON.stringify(params)}`,
  );
};
