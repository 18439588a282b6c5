import { describe, expect, it } from "vitest";
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
