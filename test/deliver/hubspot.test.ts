import { expect, test } from "vitest";
import { emailProperties } from "../../src/deliver/hubspot/email-properties.ts";
import { openHubspot } from "../../src/deliver/hubspot/open-hubspot.ts";
import type { CrmContactState, CrmEngagement } from "../../src/ports/crm.ts";
import { type FakeHubspot, refusal, startFakeHubspot, token } from "../fakes/hubspot/start-fake-hubspot.ts";
import { afterThis } from "../store/engines.ts";
import { now } from "../store/sample-mail.ts";

const bounce = (more: Partial<CrmEngagement> = {}): CrmEngagement => ({
  id: "eng_1",
  state: "hard",
  subject: "Offer",
  from: "anna@sales.example",
  to: { address: "jan@customer.example", role: "cc" },
  sentAt: now,
  smtpCode: 550,
  message: "550 5.1.1 User unknown",
  contact: { externalId: "crm-88213", address: "jan@customer.example" },
  ...more,
});

const jan = (more: Partial<CrmContactState> = {}): CrmContactState => ({
  externalId: "501",
  address: "jan@customer.example",
  hardBounceReason: "unknown_user",
  bounceState: "hard",
  ...more,
});

const connect = async (portal: FakeHubspot, given: { token?: string; memory?: null; timeoutMs?: number } = {}) => {
  const crm = await openHubspot(portal.url)({ token, memory: null, timeoutMs: 2_000, ...given });
  afterThis(() => crm.close());
  return crm;
};

const prepared = async (options: Parameters<typeof startFakeHubspot>[0] = {}) => {
  const portal = await startFakeHubspot(options);
  portal.addContact("501", "jan@customer.example");
  const crm = await connect(portal);
  await crm.prepare();
  return { portal, crm };
};

const janThere = (portal: FakeHubspot) => portal.contacts.get("501")?.properties;

test("a bounce becomes an e-mail on the contact's timeline, once however often it is written", async () => {
  const { portal, crm } = await prepared();
  const id = await crm.writeEngagement(bounce(), null);
  expect(await crm.writeEngagement(bounce({ state: "soft", smtpCode: null }), null)).toBe(id);
  expect(await crm.writeEngagement(bounce(), id)).toBe(id);
  expect([...portal.emails.values()]).toEqual([
    {
      id,
      contactIds: ["501"],
      properties: {
        bounceline_engagement_id: "eng_1",
        bounceline_bounce_state: "hard",
        bounceline_bounce_detail: "550 5.1.1 User unknown",
        hs_timestamp: "2026-11-25T17:00:00.000Z",
        hs_email_direction: "EMAIL",
        hs_email_status: "BOUNCED",
        hs_email_subject: "Offer",
        hs_email_headers: '{"from":{"email":"anna@sales.example"},"to":[],"cc":[{"email":"jan@customer.example"}],"bcc":[]}',
        hs_email_bounce_error_detail_message: "550 5.1.1 User unknown",
        hs_email_bounce_error_detail_status_code: "550",
      },
    },
  ]);
  expect(portal.properties.emails.get("bounceline_engagement_id")?.hasUniqueValue).toBe(true);
  expect(portal.faults).toEqual([]);
});

test.each([
  ["hard", "BOUNCED", "550"],
  ["soft", "BOUNCED", "550"],
  ["pending", "SENT", ""],
  ["delivered", "SENT", ""],
  ["retracted", "SENT", ""],
] as const)("%s is %s", (state, status, code) => {
  expect(emailProperties(bounce({ state }))).toMatchObject({
    needed: { hs_email_status: status, bounceline_bounce_state: state, bounceline_bounce_detail: "550 5.1.1 User unknown" },
    wished: { hs_email_bounce_error_detail_status_code: code },
  });
});

test("the contact is found by the CRM's id, else by address; where it has none, nothing is written", async () => {
  const { portal, crm } = await prepared();
  portal.addContact("777", "else@customer.example");
  const written = async (externalId: string | null, address: string, id: string) =>
    (await crm.writeEngagement(bounce({ id, contact: { externalId, address } }), null)) !== null;
  expect(await written("777", "jan@customer.example", "eng_a")).toBe(true);
  expect(await written("778", "jan@customer.example", "eng_b")).toBe(true);
  expect(await written(null, "nobody@customer.example", "eng_c")).toBe(false);
  expect([...portal.emails.values()].map(({ contactIds }) => contactIds)).toEqual([["777"], ["501"]]);
  expect(await crm.writeContact(jan({ externalId: null, address: "nobody@customer.example" }))).toBe(false);
  expect(portal.faults).toEqual([]);
});

test("the contact has our fields, and HubSpot's own where it can be written; only what we wrote is emptied", async () => {
  const { portal, crm } = await prepared();
  await crm.writeContact(jan());
  expect(janThere(portal)).toMatchObject({
    bounceline_hard_bounce_reason: "unknown_user",
    bounceline_bounce_state: "hard",
    hs_email_hard_bounce_reason_enum: "UNKNOWN_USER",
  });
  await crm.writeContact(jan({ hardBounceReason: null }));
  expect(janThere(portal)).toMatchObject({ bounceline_hard_bounce_reason: "", hs_email_hard_bounce_reason_enum: "" });
  Object.assign(janThere(portal) ?? {}, { hs_email_hard_bounce_reason_enum: "MAILBOX_FULL" });
  await crm.writeContact(jan({ hardBounceReason: null }));
  expect(janThere(portal)).toMatchObject({ hs_email_hard_bounce_reason_enum: "MAILBOX_FULL" });
  await crm.writeContact(jan({ hardBounceReason: "spam" }));
  expect(janThere(portal)).toMatchObject({ hs_email_hard_bounce_reason_enum: "OTHER" });
  expect(portal.faults).toEqual([]);
});

test.each(["declared", "hidden"] as const)(
  "a field of HubSpot's that is read-only (%s) is left out, and that is remembered",
  async (readOnlyEnum) => {
    const { portal, crm } = await prepared({ readOnlyEnum });
    await crm.writeContact(jan());
    expect(janThere(portal)).toMatchObject({ bounceline_hard_bounce_reason: "unknown_user" });
    expect(janThere(portal)).not.toHaveProperty("hs_email_hard_bounce_reason_enum");
    expect(crm.memory()).toMatchObject({ refused: ["hs_email_hard_bounce_reason_enum"] });
    const later = await openHubspot(portal.url)({ token, memory: crm.memory(), timeoutMs: 2_000 });
    const before = portal.calls.length;
    await later.prepare();
    await later.writeContact(jan());
    later.close();
    expect(portal.calls.slice(before).map(({ method }) => method)).toEqual(["GET", "PATCH"]);
  },
);

test("403 for HubSpot's own field alone falls back; 403 for everything is a missing permission, and nothing is remembered", async () => {
  const { portal, crm } = await prepared();
  const forbidden = refusal(403, "MISSING_SCOPES", "This app hasn't been granted all required scopes");
  portal.intercept(({ method }) => (method === "PATCH" ? forbidden : null));
  await expect(crm.writeContact(jan())).rejects.toMatchObject({ kind: "auth", message: "HubSpot answered 403 (MISSING_SCOPES)" });
  expect(crm.memory()).toMatchObject({ refused: [] });
  portal.intercept(({ method, body }) => (method === "PATCH" && JSON.stringify(body).includes("_enum") ? forbidden : null));
  expect(await crm.writeContact(jan())).toBe(true);
  expect(crm.memory()).toMatchObject({ refused: ["hs_email_hard_bounce_reason_enum"] });
});

test.each([409, 400])("what was made between asking and making is found and updated (%s)", async (status) => {
  const { portal, crm } = await prepared();
  await crm.writeEngagement(bounce({ state: "soft" }), null);
  let asked = 0;
  portal.intercept(({ method, query }) => {
    if (query.get("idProperty") === "bounceline_engagement_id" && asked++ === 0) return refusal(404, "OBJECT_NOT_FOUND", "not yet");
    return method === "POST" ? refusal(status, "CONFLICT", "already exists") : null;
  });
  await crm.writeEngagement(bounce({ state: "retracted" }), null);
  expect([...portal.emails.values()].map(({ properties }) => properties.hs_email_status)).toEqual(["SENT"]);
});

test("details that HubSpot does not let be written are in our own properties, and are not tried again", async () => {
  const { portal, crm } = await prepared();
  const name = "hs_email_bounce_error_detail_message";
  portal.properties.emails.set(name, { name, options: [], hasUniqueValue: false, readOnly: true, declaredReadOnly: true });
  const id = await crm.writeEngagement(bounce(), null);
  const { properties } = portal.emails.get(id ?? "") ?? {};
  expect(properties).toMatchObject({ hs_email_status: "BOUNCED", bounceline_bounce_detail: "550 5.1.1 User unknown" });
  expect(properties).not.toHaveProperty(name);
  const before = portal.calls.length;
  await crm.writeEngagement(bounce({ state: "soft" }), id);
  expect(portal.calls.slice(before).map(({ method }) => method)).toEqual(["PATCH"]);
});

test("what a person deleted in HubSpot stays deleted", async () => {
  const { portal, crm } = await prepared();
  const id = await crm.writeEngagement(bounce(), null);
  portal.emails.clear();
  expect(await crm.writeEngagement(bounce({ state: "soft" }), id)).toBe(id);
  expect(portal.emails.size).toBe(0);
});

const secondly = { "x-hubspot-ratelimit-interval-milliseconds": "10000", "x-hubspot-ratelimit-max": "100" };
const daily = {
  status: 429,
  body: { status: "error", errorType: "RATE_LIMIT", policyName: "DAILY", message: "You have reached your daily limit." },
};
test.each([
  ["401", refusal(401, "INVALID_AUTHENTICATION", "no"), { kind: "auth" }],
  ["429 with a wait", refusal(429, "RATE_LIMITS", "x", { "retry-after": "7" }), { kind: "rate_limited", retryAfterMs: 7_000 }],
  ["429 with headers", refusal(429, "RATE_LIMITS", "x", secondly), { kind: "rate_limited", retryAfterMs: 10_000 }],
  ["429 of the day", daily, { kind: "rate_limited", retryAfterMs: 3_600_000 }],
  ["500", refusal(500, "INTERNAL_ERROR", "x"), { kind: "unavailable", retryAfterMs: null }],
  ["502 that is no JSON", { status: 502, body: "<html>", headers: { "content-type": "text/html" } }, { kind: "unavailable" }],
  ["503 with a wait", refusal(503, "X", "x", { "retry-after": "60" }), { kind: "unavailable", retryAfterMs: 60_000 }],
  ["400", refusal(400, "VALIDATION_ERROR", "x"), { kind: "rejected" }],
])("%s", async (_name, answer, error) => {
  const { portal, crm } = await prepared();
  portal.intercept(({ method }) => (method === "POST" ? answer : null));
  await expect(crm.writeEngagement(bounce(), null)).rejects.toMatchObject({ name: expect.stringMatching(/Crm|Hubspot/), ...error });
});

test("no answer in time, and no server, are unavailable; the connection is ended", async () => {
  const { portal } = await prepared();
  const hasty = await connect(portal, { timeoutMs: 300 });
  portal.intercept(({ method }) => (method === "POST" ? "hang" : null));
  await expect(hasty.writeEngagement(bounce(), null)).rejects.toMatchObject({
    kind: "unavailable",
    message: "HubSpot did not answer within 0.3 s",
  });
  const nowhere = await openHubspot("http://127.0.0.1:9")({ token, memory: null, timeoutMs: 2_000 });
  await expect(nowhere.prepare()).rejects.toMatchObject({ kind: "unavailable" });
});

test("an error holds neither the token nor an address", async () => {
  const portal = await startFakeHubspot();
  const crm = await connect(portal, { token: "pat-wrong-secret" });
  const error = await crm.prepare().catch((caught: unknown) => caught as Error);
  expect(`${(error as Error).message} ${(error as Error).stack}`).not.toContain("pat-wrong-secret");
  expect(error).toMatchObject({ kind: "auth", message: "HubSpot answered 401 (INVALID_AUTHENTICATION)" });
});
