import { expect, test, vi } from "vitest";
import { verifyApiKey } from "../../src/store/api-keys.ts";
import { ask, startServer } from "./server.ts";

const firstContact = async (server: Parameters<typeof ask>[0], key: string): Promise<{ id: string; addresses: string[] }> => {
  const { json } = await ask(server, key, "GET", "/v1/contacts");
  return json.data[0];
};

test("a contact is erased with a receipt that proves it, and is told apart from one that never was", async () => {
  const { server, ours, theirs } = await startServer();
  const { id, addresses } = await firstContact(server, ours.write);
  expect((await ask(server, ours.read, "DELETE", `/v1/contacts/${id}`)).status).toBe(403);
  expect((await ask(server, theirs.write, "DELETE", `/v1/contacts/${id}`)).status).toBe(404);
  const erased = await ask(server, ours.write, "DELETE", `/v1/contacts/${id}`);
  expect(erased).toMatchObject({
    status: 200,
    json: { object: "erasure", kind: "contact", subjectId: id, removed: { contacts: 1, engagements: 1 }, leftBehind: {} },
  });
  expect(erased.text).not.toContain(addresses[0]);
  for (const url of [`/v1/contacts/${id}`, `/v1/contacts/${id}/timeline`])
    expect((await ask(server, ours.read, "GET", url)).json, url).toMatchObject({ status: 410, type: "erased" });
  expect((await ask(server, ours.write, "DELETE", `/v1/contacts/${id}`)).status).toBe(410);
  expect((await ask(server, theirs.read, "GET", `/v1/contacts/${id}`)).status).toBe(404);
  expect((await ask(server, ours.read, "GET", "/v1/erasures")).json.data).toEqual([erased.json]);
  expect((await ask(server, theirs.read, "GET", "/v1/erasures")).json.data).toEqual([]);
  expect((await ask(server, ours.read, "GET", `/v1/addresses/${addresses[0]}`)).json).toMatchObject({ known: false });
  const events = (await ask(server, ours.read, "GET", "/v1/events")).json.data as { type: string; data: object; sequence: number }[];
  expect(events.at(-1)).toMatchObject({ type: "contact.erased", data: { contactId: id, erasureId: erased.json.id } });
  expect(JSON.stringify(events)).not.toContain(addresses[0]);
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
});

test("what a keyed request was answered about an erased contact is not told again, and not done again", async () => {
  const { server, database, ours } = await startServer();
  const body = { contacts: [{ externalId: "crm-1", name: "Jan Nowak", addresses: ["jan@customer.example"] }] };
  const send = () => ask(server, ours.write, "POST", "/v1/contacts", body, { "idempotency-key": "k1" });
  const { json } = await send();
  await ask(server, ours.write, "DELETE", `/v1/contacts/${json.data[0].id}`);
  expect(await database.read.selectFrom("idempotency_keys").select(["answer", "took_effect"]).execute()).toEqual([
    { answer: null, took_effect: 1 },
  ]);
  const again = await send();
  expect([again.status, again.text]).toEqual([409, expect.not.stringContaining("Jan")]);
});

test("an inbox is erased: disconnected, emptied, and told as erased", async () => {
  const { server, ours } = await startServer();
  const erased = await ask(server, ours.write, "DELETE", `/v1/inboxes/${ours.inboxId}`);
  expect(erased.json).toMatchObject({ kind: "inbox", removed: { engagements: 2, sent_messages: 2, notices: 2 }, leftBehind: {} });
  expect((await ask(server, ours.read, "GET", `/v1/inboxes/${ours.inboxId}`)).json).toMatchObject({ state: "erased", address: "" });
  expect((await ask(server, ours.write, "POST", `/v1/inboxes/${ours.inboxId}/resume`)).json).toMatchObject({ type: "erased" });
  expect((await ask(server, ours.write, "DELETE", `/v1/inboxes/${ours.inboxId}`)).status).toBe(410);
  expect((await ask(server, ours.read, "GET", "/v1/engagements")).json.data).toEqual([]);
});

test("an account is erased by the admin alone; its keys open nothing, the other account is as it was", async () => {
  const { server, admin, ours, theirs } = await startServer();
  const before = (await ask(server, theirs.read, "GET", "/v1/engagements")).json;
  expect((await ask(server, ours.write, "DELETE", `/v1/accounts/${ours.accountId}`)).status).toBe(403);
  const erased = await ask(server, admin, "DELETE", `/v1/accounts/${ours.accountId}`);
  expect(erased.json).toMatchObject({ kind: "account", removed: { engagements: 2, inboxes: 1, api_keys: 2 }, leftBehind: {} });
  expect((await ask(server, ours.read, "GET", "/v1/engagements")).status).toBe(401);
  for (const method of ["GET", "DELETE"] as const)
    expect((await ask(server, admin, method, `/v1/accounts/${ours.accountId}`)).json).toMatchObject({ type: "erased" });
  expect((await ask(server, theirs.read, "GET", "/v1/engagements")).json).toEqual(before);
});

test("who read and who changed what is written down: changes before they are made, reads soon after, refusals of a key never as reads", async () => {
  const { server, database, ours, theirs } = await startServer();
  const { id, addresses } = await firstContact(server, ours.read);
  await ask(server, ours.read, "GET", `/v1/contacts/${id}/timeline`);
  await ask(server, ours.read, "GET", `/v1/addresses/${addresses[0]}`);
  await ask(server, theirs.read, "GET", `/v1/contacts/${id}`);
  await ask(server, ours.write, "POST", `/v1/inboxes/${ours.inboxId}/pause`);
  const keyId = async (key: string): Promise<string> => (await verifyApiKey(database.read, key, 0))?.keyId ?? "";
  const audit = async (query = ""): Promise<[string, string, string | null][]> =>
    (await ask(server, ours.write, "GET", `/v1/audit${query}`)).json.data.map(
      (each: { by: string; action: string; subject: string | null }) => [each.by, each.action, each.subject],
    );
  expect((await audit())[0]).toEqual([`key:${await keyId(ours.write)}`, "POST /v1/inboxes/:id/pause", ours.inboxId]);
  const reader = `key:${await keyId(ours.read)}`;
  await vi.waitFor(async () => expect(await audit(`?subject=${id}`)).toEqual([[reader, "GET /v1/contacts/:id/timeline", id]]), 3000);
  expect(await audit(`?address=${addresses[0]?.toUpperCase()}`)).toMatchObject([
    [reader, "GET /v1/addresses/:address", expect.any(String)],
  ]);
  expect(JSON.stringify(await audit())).not.toContain("@");
  expect((await ask(server, ours.read, "GET", "/v1/audit")).status).toBe(403);
});
