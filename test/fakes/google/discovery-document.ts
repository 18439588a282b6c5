/** The discovery document of the Gmail API, made again from the OpenAPI form of it: clients in Python read their methods from it. */
import { apiDescription } from "./check-schema.ts";

type Method = {
  id: string;
  path: string;
  httpMethod: string;
  parameters: object;
  parameterOrder: string[];
  response: { $ref: string };
  scopes: string[];
};
type Resource = { methods: { [name: string]: Method }; resources: { [name: string]: Resource } };

const newResource = (): Resource => ({ methods: {}, resources: {} });

const resourceAt = (root: Resource, names: readonly string[]): Resource => {
  let at = root;
  for (const name of names) {
    at.resources[name] ??= newResource();
    at = at.resources[name] as Resource;
  }
  return at;
};

const bareRefs = (value: object): object => JSON.parse(JSON.stringify(value).replaceAll("#/components/schemas/", ""));

type Described = (typeof apiDescription.paths)[string][string];

const parametersOf = (parameters: NonNullable<Described["parameters"]>): object =>
  Object.fromEntries(
    parameters.map(({ name, in: location, required = false, schema }) => {
      const kind = schema.type === "array" ? { type: "string", repeated: true } : { type: schema.type };
      return [name, { ...kind, location, required, ...(schema.enum ? { enum: schema.enum } : {}) }];
    }),
  );

const methodOf = (path: string, verb: string, { operationId, parameters = [], responses, security = [] }: Described): Method => ({
  id: operationId,
  path: path.slice(1),
  httpMethod: verb.toUpperCase(),
  parameters: parametersOf(parameters),
  parameterOrder: parameters.filter(({ in: location }) => location === "path").map(({ name }) => name),
  response: { $ref: responses[200].content?.["application/json"].schema.$ref.split("/").at(-1) ?? "Profile" },
  scopes: [...new Set(security.flatMap((either) => Object.values(either).flat()))],
});

const resources = (): Resource["resources"] => {
  const root = newResource();
  for (const [path, { parameters: _shared, ...operations }] of Object.entries(apiDescription.paths)) {
    for (const [verb, operation] of Object.entries(operations)) {
      const names = operation.operationId.split(".").slice(1);
      resourceAt(root, names.slice(0, -1)).methods[names.at(-1) ?? ""] = methodOf(path, verb, operation);
    }
  }
  return root.resources;
};

/** What `www.googleapis.com/discovery/v1/apis/gmail/v1/rest` answers. */
export const discoveryDocument = (): object => ({
  kind: "discovery#restDescription",
  id: "gmail:v1",
  name: "gmail",
  version: "v1",
  rootUrl: "https://gmail.googleapis.com/",
  servicePath: "",
  baseUrl: "https://gmail.googleapis.com/",
  batchPath: "batch/gmail/v1",
  parameters: {},
  schemas: Object.fromEntries(Object.entries(apiDescription.components.schemas).map(([id, schema]) => [id, { ...bareRefs(schema), id }])),
  resources: resources(),
});
