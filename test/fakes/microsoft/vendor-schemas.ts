import { readFileSync } from "node:fs";
import { Ajv, type ValidateFunction } from "ajv";

/** Microsoft's own descriptions, committed with their licences (test/fakes/schemas/README.md). */
const readSchema = (name: string) => JSON.parse(readFileSync(new URL(`../schemas/${name}`, import.meta.url), "utf8"));

type Parameter = { name: string; in: string; schema: { type?: string; items?: { enum?: string[] }; minimum?: number } };
type Operation = { parameters?: (Parameter | { $ref: string })[] };
type OpenApi = {
  paths: { [path: string]: { parameters?: Operation["parameters"]; get?: Operation } };
  components: { parameters: { [name: string]: Parameter }; schemas: object };
};

const openApi: OpenApi = readSchema("graph-mail-subset.openapi3.json");

/** What the older extract leaves out of what Microsoft documents, with the page that documents it. */
const documentedToo: readonly { path: RegExp; parameters: readonly string[]; page: string }[] = [
  { path: /\/messages\/\{message-id\}$/, parameters: ["$expand"], page: "singleValueLegacyExtendedProperty: get" },
  { path: /delta\(\)$/, parameters: ["$skiptoken", "$deltatoken"], page: "Use delta query to track changes in Microsoft Graph data" },
];
const documentedPaths: readonly { path: string; like: string; page: string }[] = [
  { path: "/me/mailFolders/{mailFolder-id}/childFolders", like: "/me/mailFolders", page: "mailFolder: list childFolders" },
  {
    path: "/users/{user-id}/mailFolders/{mailFolder-id}/childFolders",
    like: "/users/{user-id}/mailFolders",
    page: "mailFolder: list childFolders",
  },
];

const templates = [
  ...Object.keys(openApi.paths).map((path) => ({ path, like: path })),
  ...documentedPaths.map(({ path, like }) => ({ path, like })),
].map(({ path, like }) => {
  const pattern = path
    .replace(/microsoft\.graph\.(\w+)\(\)/, "$1")
    .replace(/[.$()]/g, "\\$&")
    .replace(/\{[^}]+\}/g, "[^/]+");
  return { path, like, pattern: new RegExp(`^${pattern}$`) };
});

const parametersOf = (path: string): Parameter[] => {
  const item = openApi.paths[path];
  const all = [...(item?.parameters ?? []), ...(item?.get?.parameters ?? [])];
  return all.map((entry) => ("$ref" in entry ? openApi.components.parameters[entry.$ref.split("/").at(-1) ?? ""] : entry) as Parameter);
};

const checkValue = ({ name, schema }: Parameter, value: string): string[] => {
  const allowed = schema.items?.enum;
  if (allowed)
    return value
      .split(",")
      .filter((part) => !allowed.includes(part))
      .map((part) => `${name} has no ${part}`);
  if (schema.type === "integer" && !/^\d+$/.test(value)) return [`${name} is no whole number: ${value}`];
  if (schema.type === "boolean" && !/^(true|false)$/.test(value)) return [`${name} is neither true nor false: ${value}`];
  return [];
};

/** What is wrong with a request by the vendor's description: an unknown path, an unknown parameter, a value it cannot have. */
export const requestProblems = (path: string, search: URLSearchParams): string[] => {
  const template = templates.find(({ pattern }) => pattern.test(path));
  if (!template) return [`no such path: ${path}`];
  const known = parametersOf(template.like).filter(({ in: place }) => place === "query");
  const more = documentedToo.filter((entry) => entry.path.test(template.path)).flatMap(({ parameters }) => parameters);
  return [...search].flatMap(([name, value]) => {
    const parameter = known.find((each) => each.name === name);
    if (parameter) return checkValue(parameter, value);
    return more.includes(name) ? [] : [`${template.path} takes no ${name}`];
  });
};

const ajv = new Ajv({ strict: true, allowUnionTypes: true, allErrors: true });
ajv.addSchema(readSchema("graph-mail.from-csdl.schema.json"));

const strictObject = (properties: object, required: readonly string[] = []): object => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
});

const text = { type: "string" };
const metadata = { "@odata.context": text, "@odata.nextLink": text, "@odata.deltaLink": text, "@odata.count": { type: "integer" } };
/** Shapes of answers. The metadata extract holds no user; "user resource type" is written down here. */
const shapes: { readonly [name: string]: ValidateFunction } = {
  message: ajv.compile({ $ref: "graph-mail#/definitions/message" }),
  messages: ajv.compile(
    strictObject({ ...metadata, value: { type: "array", items: { $ref: "graph-mail#/definitions/message" } } }, ["value"]),
  ),
  mailFolder: ajv.compile({ $ref: "graph-mail#/definitions/mailFolder" }),
  mailFolders: ajv.compile(
    strictObject({ ...metadata, value: { type: "array", items: { $ref: "graph-mail#/definitions/mailFolder" } } }, ["value"]),
  ),
  user: ajv.compile(
    strictObject({
      "@odata.context": text,
      id: text,
      mail: { type: ["string", "null"] },
      userPrincipalName: text,
      proxyAddresses: { type: "array", items: text },
    }),
  ),
  subscription: ajv.compile({ $ref: "graph-mail#/definitions/subscription" }),
  notifications: ajv.compile({ $ref: "graph-mail#/definitions/changeNotificationCollection" }),
  error: ajv.compile(
    strictObject({ error: strictObject({ code: text, message: text, innerError: { type: "object" } }, ["code", "message"]) }, ["error"]),
  ),
};

export type Shape = "message" | "messages" | "mailFolder" | "mailFolders" | "user" | "subscription" | "notifications" | "error";

/** The service gives sizeInBytes, which Microsoft's metadata lacks; clients must bear with it. */
const withoutSize = (body: object): object =>
  JSON.parse(JSON.stringify(body, (name, value) => (name === "sizeInBytes" ? undefined : value)));

/** What is wrong with an answer, or with the body of a request, by the vendor's description. */
export const answerProblems = (shape: Shape, body: object): string[] => {
  const validate = shapes[shape];
  if (!validate || validate(withoutSize(body))) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${shape}${instancePath} ${message}`);
};
