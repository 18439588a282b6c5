import { describe, expect, it } from "vitest";
import { addressHash } from "../../src/store/secrets.ts";
import { ask, startServer } from "./server.ts";

const url = (address: string) => `/v1/addresses/${encodeURIComponent(address)}`;

describe("whether mail can go to an address", () => {
  it("says why not, since when and by which bounce, in any spelling and in the reader's language", async () => {
    const { server, ours } = await startServer();
    const { status, json } = await ask(server, ours.read, "GET", `${url("NOBODY@customer.example")}?language=pl`);
    expect(status).toBe(200);
    expect(json).toEqual({
      object: "address",
      address: "NOBODY@customer.example",
      known: true,
      marketing: { eligible: false, reason: "unknown_user" },
      oneToOne: { eligible: true, warning: expect.stringContaining("Pomijany w marketingu") },
      hardBounceReason: "unknown_user",
      globalBounce: false,
      since: "2026-11-25T16:00:00.000Z",
      engagementId: expect.stringMatching(/^eng_/),
      lastSignOfLife: null,
      unbounce: { allowed: true },
      appeal: { allowed: false },
      text: expect.stringContaining("Nieznany użytkownik"),
    });
    const contacts = (await ask(server, ours.read, "GET", "/v1/contacts?address=nobody@customer.example")).json.data;
    expect(contacts[0].hardBounceReason).toBe("unknown_user");
  });

  it("a delay and an unknown address leave it eligible", async () => {
    const { server, ours } = await startServer();
    const body = { addresses: ["grey@customer.example", "nobody@customer.example", "stranger@x.example"] };
    const { json } = await ask(server, ours.read, "POST", "/v1/addresses/check", body);
    expect(json.data.map((one: { marketing: { eligible: boolean }; known: boolean }) => [one.marketing.eligible, one.known])).toEqual([
      [true, false],
      [false, true],
      [true, false],
    ]);
  });

  it("an unbounce with a note makes it usable, the timeline stays, and the CRM is told once", async () => {
    const { server, ours } = await startServer();
    const nobody = url("nobody@customer.example");
    expect((await ask(server, ours.read, "POST", `${nobody}/unbounce`, { note: "x" })).status).toBe(403);
    expect((await ask(server, ours.write, "POST", `${nobody}/unbounce`, {})).json.errors[0].pointer).toBe("/body/note");
    const done = await ask(server, ours.write, "POST", `${nobody}/unbounce`, { note: "He called: the mailbox works.", by: "Ola" });
    expect(done.json).toMatchObject({
      marketing: { eligible: true, reason: null },
      hardBounceReason: null,
      text: "Made usable again by Ola on 25 Nov 2026, 17:00.",
    });
    await ask(server, ours.write, "POST", `${nobody}/unbounce`, { note: "again" });
    const events = (await ask(server, ours.read, "GET", "/v1/events")).json.data;
    expect(events.filter((event: { type: string }) => event.type === "address.eligible")).toMatchObject([
      { data: { address: "nobody@customer.example", marketing: { eligible: true } } },
    ]);
    const bounces = (await ask(server, ours.read, "GET", "/v1/engagements?address=nobody@customer.example")).json.data;
    expect(bounces).toMatchObject([{ state: "hard" }]);
    expect((await ask(server, ours.write, "POST", `${url("stranger@x.example")}/unbounce`, { note: "x" })).status).toBe(404);
  });
});

describe("an address that only the global rule leaves out", () => {
  it("has no reason of this account's, and an appeal makes it usable", async () => {
    const { server, database, keys, admin, ours, theirs } = await startServer();
    for (const account of [ours, theirs]) await ask(server, admin, "PATCH", `/v1/accounts/${account.accountId}`, { globalRule: true });
    const at = Date.UTC(2026, 10, 25);
    const address_hash = addressHash(keys, "gone@customer.example");
    const reports = ["a", "b", "c"].map((name) => ({ address_hash, account_id: `acc_${name}`, organisation: `${name}.example`, at }));
    await database.transaction((tx) => tx.insertInto("global_reports").values(reports).execute());
    const shown = (await ask(server, ours.read, "GET", url("gone@customer.example"))).json;
    expect(shown).toMatchObject({
      known: true,
      globalBounce: true,
      marketing: { eligible: false, reason: "global" },
      oneToOne: { eligible: true, warning: expect.stringContaining("unrelated organisations") },
      hardBounceReason: null,
      appeal: { allowed: true },
      unbounce: { allowed: false },
    });
    const appeal = await ask(server, ours.write, "POST", `${url("gone@customer.example")}/appeal`, { note: "I met him" });
    expect(appeal.json).toMatchObject({ globalBounce: false, marketing: { eligible: true } });
    expect((await ask(server, theirs.read, "GET", url("gone@customer.example"))).json.globalBounce).toBe(true);
    expect((await ask(server, ours.write, "POST", `${url("fine@customer.example")}/appeal`, { note: "x" })).status).toBe(404);
  });
});

describe("an account's rules", () => {
  it("are set by the admin: its own table of reasons, whom never to log", async () => {
    const { server, admin, ours } = await startServer();
    const rules = {
      mapping: { mailboxfull: { permanent: "mailbox_full", temporary: "mailbox_full", type: "soft" } },
      neverLog: ["@doctor.example"],
    };
    const changed = await ask(server, admin, "PATCH", `/v1/accounts/${ours.accountId}`, rules);
    expect(changed.json).toMatchObject({ ...rules, globalRule: false });
    const bad = await ask(server, admin, "PATCH", `/v1/accounts/${ours.accountId}`, { mapping: { mailboxfull: { permanent: "angry" } } });
    expect([bad.status, bad.json.errors[0].pointer]).toEqual([422, "/body/mapping/mailboxfull/permanent"]);
  });
});
