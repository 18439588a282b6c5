/** A HubSpot portal on the wire, as far as we call it: e-mails, contacts, properties. Requests it cannot place fail the test. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterThis } from "../../store/engines.ts";
import { wrongWith } from "./shapes.ts";

type Values = Record<string, string>;
type Record_ = { id: string; properties: Values; contactIds: string[] };
type Call = { method: string; path: string; query: URLSearchParams; body: { [key: string]: unknown }; headers: IncomingMessage["headers"] };
type Answer = { status: number; body: unknown; headers?: Record<string, string> };
type Property = {
  name: string;
  options: { value: string; label: string }[];
  hasUniqueValue: boolean;
  readOnly: boolean;
  declaredReadOnly: boolean;
};

export type FakeHubspot = {
  url: string;
  calls: Call[];
  emails: Map<string, Record_>;
  contacts: Map<string, Record_>;
  properties: Record<"emails" | "contacts", Map<string, Property>>;
  /** Answers instead of the portal, or lets it pass with null. "after": the portal did it, and this is answered all the same. */
  intercept: (how: (call: Call) => Answer | "hang" | "hang after" | null) => void;
  /** What it could not place. */
  faults: string[];
  addContact: (id: string, email: string) => void;
};

export const token = "pat-eu1-00000000-secret";

export const startFakeHubspot = async (options: { readOnlyEnum?: "declared" | "hidden" } = {}): Promise<FakeHubspot> => {
  const portal = newPortal(options.readOnlyEnum);
  let how: Parameters<FakeHubspot["intercept"]>[0] = () => null;
  const calls: Call[] = [];
  const server = createServer(async (request, response) => {
    const call = await readCall(request);
    calls.push(call);
    const instead = how(call);
    if (instead === "hang") return;
    const answer = instead !== null && instead !== "hang after" ? instead : answerOf(portal, call);
    if (instead === "hang after") return;
    send(response, answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  afterThis(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    ...portal,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    intercept: (next) => {
      how = next;
    },
    addContact: (id, email) => void portal.contacts.set(id, { id, properties: { email }, contactIds: [] }),
  };
};

type Portal = Pick<FakeHubspot, "emails" | "contacts" | "properties" | "faults">;

const newPortal = (readOnlyEnum: "declared" | "hidden" | undefined): Portal => {
  const options = ["OTHER", "UNKNOWN_USER", "MAILBOX_FULL"].map((value) => ({ value, label: value }));
  const hardBounce = { name: "hs_email_hard_bounce_reason_enum", options, hasUniqueValue: false, readOnly: readOnlyEnum !== undefined };
  return {
    emails: new Map(),
    contacts: new Map(),
    properties: {
      emails: new Map(),
      contacts: new Map([[hardBounce.name, { ...hardBounce, declaredReadOnly: readOnlyEnum === "declared" }]]),
    },
    faults: [],
  };
};

const readCall = async (request: IncomingMessage): Promise<Call> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const url = new URL(request.url ?? "", "http://portal");
  const text = Buffer.concat(chunks).toString();
  const path = decodeURIComponent(url.pathname);
  return {
    method: request.method ?? "",
    path,
    query: url.searchParams,
    body: text === "" ? {} : JSON.parse(text),
    headers: request.headers,
  };
};

const send = (response: ServerResponse, { status, body, headers }: Answer): void => {
  response.writeHead(status, { "content-type": "application/json;charset=utf-8", ...headers });
  response.end(JSON.stringify(body));
};

/** "Error" of HubSpot's OpenAPI files. */
export const refusal = (status: number, category: string, message: string, headers: Record<string, string> = {}): Answer => ({
  status,
  headers,
  body: { status: "error", message, correlationId: "aeb5f871-7f07-4993-9211-075dc63e7cbf", category },
});

const answerOf = (portal: Portal, call: Call): Answer => {
  if (call.headers.authorization !== `Bearer ${token}`)
    return refusal(401, "INVALID_AUTHENTICATION", `Authentication credentials not found: ${call.headers.authorization}`);
  const [, crm, version, kind, object, ...rest] = call.path.split("/");
  const known = crm === "crm" && version === "v3" && (object === "emails" || object === "contacts");
  if (known && kind === "objects") return objectAnswer(portal, object, call, rest);
  if (known && kind === "properties") return propertyAnswer(portal, object, call, rest);
  portal.faults.push(`${call.method} ${call.path}`);
  return refusal(404, "OBJECT_NOT_FOUND", "No such path");
};

const fault = (portal: Portal, wrong: string): Answer => {
  portal.faults.push(wrong);
  return refusal(400, "VALIDATION_ERROR", wrong);
};

const objectAnswer = (portal: Portal, object: "emails" | "contacts", call: Call, [id]: string[]): Answer => {
  if (call.method === "POST" && id === undefined && object === "emails") return createEmail(portal, call);
  const by = call.query.get("idProperty");
  const found = [...portal[object].values()].find((one) => (by === null ? one.id : one.properties[by]) === id);
  if (!found) return refusal(404, "OBJECT_NOT_FOUND", "Object not found");
  if (call.method === "GET") return { status: 200, body: shown(found) };
  const wrong = wrongWith("update", call.body) ?? (object === "emails" ? wrongWith("email", call.body.properties) : null);
  if (call.method !== "PATCH" || wrong) return fault(portal, wrong ?? `${call.method} ${call.path}`);
  return (
    refusedValue(portal, object, call.body.properties as Values) ?? { status: 200, body: shown(Object.assign(found, merged(found, call))) }
  );
};

const merged = (found: Record_, { body }: Call) => ({ properties: { ...found.properties, ...(body.properties as Values) } });

const createEmail = (portal: Portal, call: Call): Answer => {
  const wrong = wrongWith("create", call.body) ?? wrongWith("email", call.body.properties);
  if (wrong) return fault(portal, wrong);
  const properties = call.body.properties as Values;
  const refused = refusedValue(portal, "emails", properties);
  if (refused) return refused;
  const ours = properties.bounceline_engagement_id;
  if ([...portal.emails.values()].some((one) => one.properties.bounceline_engagement_id === ours))
    return refusal(400, "VALIDATION_ERROR", `propertyName bounceline_engagement_id: another object already has that value: ${ours}`);
  const contactIds = (call.body.associations as { to: { id: string }; types: { associationTypeId: number }[] }[])
    .filter(({ types }) => types.some(({ associationTypeId }) => associationTypeId === 198))
    .map(({ to }) => to.id);
  const made = { id: String(9000 + portal.emails.size), properties, contactIds };
  portal.emails.set(made.id, made);
  return { status: 201, body: shown(made) };
};

const shown = ({ id, properties }: Record_) => ({
  id,
  properties,
  createdAt: "2026-11-25T17:00:00.000Z",
  updatedAt: "2026-11-25T17:00:00.000Z",
  archived: false,
});

const hubspotOwn = (name: string): boolean => name.startsWith("hs_email_") || name === "hs_timestamp" || name === "email";

const refusedValue = (portal: Portal, object: "emails" | "contacts", values: Values): Answer | null => {
  for (const name of Object.keys(values)) {
    const property = portal.properties[object].get(name);
    if (property?.readOnly) return refusal(400, "VALIDATION_ERROR", `Property values were not valid: "${name}" is a read only property`);
    if (!property && (object === "contacts" || !hubspotOwn(name)))
      return refusal(400, "VALIDATION_ERROR", `Property "${name}" does not exist`);
    const isOption =
      !property || property.options.length === 0 || values[name] === "" || property.options.some(({ value }) => value === values[name]);
    if (!isOption) return fault(portal, `${values[name]} was not one of the allowed options of ${name}`);
  }
  return null;
};

const propertyAnswer = (portal: Portal, object: "emails" | "contacts", call: Call, [name]: string[]): Answer => {
  const known = portal.properties[object];
  if (call.method === "GET") {
    const found = known.get(name ?? "");
    return found ? { status: 200, body: shownProperty(found) } : refusal(404, "OBJECT_NOT_FOUND", "Property not found");
  }
  const isGroup = name === "groups";
  const wrong = wrongWith(isGroup ? "group" : "property", call.body);
  if (wrong) return fault(portal, wrong);
  const made = call.body as { name: string; label: string; hasUniqueValue?: boolean };
  if (isGroup) return { status: 201, body: { ...made, displayOrder: -1, archived: false } };
  if (known.has(made.name)) return refusal(409, "OBJECT_ALREADY_EXISTS", `A property named '${made.name}' already exists.`);
  const property = { name: made.name, options: [], hasUniqueValue: made.hasUniqueValue === true, readOnly: false, declaredReadOnly: false };
  known.set(made.name, property);
  return { status: 201, body: shownProperty(property) };
};

const shownProperty = ({ name, options, hasUniqueValue, declaredReadOnly }: Property) => ({
  name,
  label: name,
  type: options.length > 0 ? "enumeration" : "string",
  fieldType: options.length > 0 ? "select" : "text",
  groupName: "bounceline",
  description: "",
  options: options.map((option) => ({ ...option, hidden: false, displayOrder: -1 })),
  hasUniqueValue,
  modificationMetadata: { archivable: true, readOnlyDefinition: false, readOnlyValue: declaredReadOnly },
});
