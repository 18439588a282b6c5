import { expect, test } from "vitest";
import { connectCrm } from "../../src/cli/commands/crm.ts";
import { openHubspot } from "../../src/deliver/hubspot/open-hubspot.ts";
import { type CrmDeps, projectCrm } from "../../src/deliver/project-crm.ts";
import type { Database } from "../../src/ports/database.ts";
import { writeContacts } from "../../src/store/contacts.ts";
import { deleteCrmConnection, getCrmConnection, readCrmToken } from "../../src/store/crm-connections.ts";
import { getCrmLink } from "../../src/store/crm-links.ts";
import { claimCrm, crmDeadLetters, dueCrms } from "../../src/store/crm-turns.ts";
import { listEngagements } from "../../src/store/engagements.ts";
import { appendEvents, readEvents } from "../../src/store/events.ts";
import type { Claim } from "../../src/store/fence.ts";
import { reclassifyNotice } from "../../src/store/reclassify-notice.ts";
import { savePage } from "../../src/store/save-page.ts";
import { unbounce } from "../../src/store/unbounce.ts";
import { type FakeHubspot, refusal, startFakeHubspot, token } from "../fakes/hubspot/start-fake-hubspot.ts";
import { type Engine, newKeys, onBothEngines, openNew, quiet } from "../store/engines.ts";
import { accountWithInboxes, delayed, notice, now, outcome, page, reportAbout, sentMessage } from "../store/sample-mail.ts";

const second = 1_000;
const addresses = ["jan@customer.example", "ewa@customer.example"];

type World = {
  database: Database;
  portal: FakeHubspot;
  inbox: Claim;
  clock: { now: number };
  deps: CrmDeps;
  /** Works what is due until nothing is. */
  project: (given?: Partial<CrmDeps>) => Promise<void>;
  connection: () => Promise<NonNullable<Awaited<ReturnType<typeof getCrmConnection>>>>;
};

const newWorld = async (engine: Engine, options: { backfill?: boolean; timeoutMs?: number } = {}): Promise<World> => {
  const keys = newKeys();
  const database = await openNew(engine, { keys });
  const portal = await startFakeHubspot();
  const clock = { now };
  const timeoutMs = options.timeoutMs ?? 2_000;
  const deps: CrmDeps = {
    database,
    keys,
    now: () => clock.now,
    log: quiet,
    random: () => 0,
    timeoutMs,
    open: { hubspot: openHubspot(portal.url) },
  };
  const [inbox] = await accountWithInboxes(database);
  if (!inbox) throw new Error("no inbox");
  const contacts = [
    { externalId: "501", addresses: ["jan@customer.example"] },
    { externalId: "502", addresses: ["ewa@customer.example"] },
  ];
  await database.transaction((tx) => writeContacts(tx, inbox.accountId, contacts, now));
  portal.addContact("501", "jan@customer.example");
  portal.addContact("502", "ewa@customer.example");
  await connectCrm(deps, inbox.accountId, "hubspot", token, { backfill: options.backfill ?? true });
  const due = () => dueCrms(database.read, clock.now, 10);
  return {
    database,
    portal,
    inbox,
    clock,
    deps,
    project: async (given = {}) => {
      for (let work = await due(); work.length > 0; work = await due())
        for (const one of work) await projectCrm({ ...deps, ...given }, one, new AbortController().signal);
    },
    connection: async () => {
      const found = await getCrmConnection(database.read, inbox.accountId);
      if (!found) throw new Error("no connection");
      return found;
    },
  };
};

const bounce = (world: World, more: Parameters<typeof page>[2] = {}) =>
  savePage(world.database, page(world.inbox, [sentMessage("offer", addresses), notice("offer", [outcome(addresses[0] ?? "")])], more));

const statuses = ({ portal }: World) => [...portal.emails.values()].map(({ properties }) => properties.hs_email_status);
const newest = async ({ database, inbox }: World) => (await readEvents(database.read, inbox.accountId, 0, 1000)).at(-1)?.sequence ?? 0;

onBothEngines("writing bounces to HubSpot", (engine) => {
  test("a bounce follows its life there: pending, hard, unbounced", async () => {
    const world = await newWorld(engine);
    await savePage(world.database, page(world.inbox, [sentMessage("offer", addresses), notice("offer", [delayed(addresses[0] ?? "")])]));
    await world.project();
    expect(statuses(world)).toEqual(["SENT"]);
    expect(world.portal.contacts.get("501")?.properties).toMatchObject({ bounceline_bounce_state: "pending" });
    await savePage(world.database, page(world.inbox, [notice("offer", [outcome(addresses[0] ?? "")], { ref: "final" })]));
    await world.project();
    expect(statuses(world)).toEqual(["BOUNCED"]);
    expect(world.portal.contacts.get("501")?.properties).toMatchObject({
      bounceline_hard_bounce_reason: "unknown_user",
      bounceline_bounce_state: "hard",
    });
    expect(await world.connection()).toMatchObject({ position: await newest(world), attempts: 0, lastError: null, lastWrittenAt: now });
    await world.database.transaction((tx) => unbounce(tx, world.inbox.accountId, addresses[0] ?? "", "Anna", "called him", now + second));
    await world.project();
    expect(statuses(world)).toEqual(["BOUNCED"]);
    expect(world.portal.contacts.get("501")?.properties).toMatchObject({
      bounceline_hard_bounce_reason: "",
      bounceline_bounce_state: "hard",
    });
    expect(world.portal.faults).toEqual([]);
  });

  test("what is judged again is written again, and what is withdrawn by it becomes a message that was sent", async () => {
    const world = await newWorld(engine);
    const { accountId } = world.inbox;
    const { notices } = await bounce(world);
    await world.project();
    const soft = outcome(addresses[0] ?? "", { type: "soft", category: "mailbox_full", reason: "mailboxfull", status: "4.2.2" });
    for (const [recipients, status, reason] of [
      [[soft], "BOUNCED", ""],
      [[outcome(addresses[0] ?? "")], "BOUNCED", "unknown_user"],
      [[], "SENT", ""],
    ] as const) {
      const report = { ...reportAbout("offer", [...recipients]), ...(recipients.length === 0 && { kind: "ordinary" as const }) };
      await world.database.transaction((tx) => reclassifyNotice(tx, accountId, notices[0] ?? "", report, now));
      await world.project();
      expect(statuses(world)).toEqual([status]);
      expect(world.portal.contacts.get("501")?.properties).toMatchObject({ bounceline_hard_bounce_reason: reason });
    }
    const types = (await readEvents(world.database.read, accountId, 0, 100)).map(({ type }) => type);
    expect(types.filter((type) => type.startsWith("engagement."))).toEqual([
      "engagement.created",
      "engagement.reclassified",
      "engagement.reclassified",
      "engagement.retracted",
    ]);
  });

  test("what a first sync finds can be left out", async () => {
    const world = await newWorld(engine, { backfill: false });
    await bounce(world, { backfill: true });
    await world.project();
    expect(world.portal.emails.size).toBe(0);
    expect(await world.connection()).toMatchObject({ position: await newest(world) });
  });

  test("a worker that dies before it remembers what it made leaves no second e-mail behind", async () => {
    const world = await newWorld(engine, { timeoutMs: 500 });
    await bounce(world);
    let writes = 0;
    // The claim is written, the e-mail is made, and the next write finds the process dead.
    const dying: Database = {
      ...world.database,
      transaction: (fn) => {
        writes += 1;
        return writes > 1 ? Promise.reject(new Error("killed")) : world.database.transaction(fn);
      },
    };
    await expect(world.project({ database: dying })).rejects.toThrow("killed");
    expect(world.portal.emails.size).toBe(1);
    expect(await dueCrms(world.database.read, world.clock.now, 10)).toEqual([]);
    world.clock.now += 12 * 500;
    await world.project();
    expect(statuses(world)).toEqual(["BOUNCED"]);
    const [engagement] = (await listEngagements(world.database.read, world.inbox.accountId)).data;
    const link = await getCrmLink(world.database.read, world.inbox.accountId, engagement?.id ?? "");
    expect(link).toEqual({ crmId: world.portal.emails.keys().next().value, version: 1 });
  });

  test("an answer that never came, of an e-mail that was made, leaves no second one either", async () => {
    const world = await newWorld(engine, { timeoutMs: 300 });
    await bounce(world);
    world.portal.intercept(({ method }) => (method === "POST" ? "hang after" : null));
    await world.project();
    expect(await world.connection()).toMatchObject({ attempts: 1, lastError: "HubSpot did not answer within 0.3 s", position: 0 });
    world.portal.intercept(() => null);
    world.clock.now += 5 * second;
    await world.project();
    expect(statuses(world)).toEqual(["BOUNCED"]);
    expect(await world.connection()).toMatchObject({ attempts: 0, lastError: null, position: await newest(world) });
  });

  test("stopping ends a request under way at once, and counts it as no failure", async () => {
    const world = await newWorld(engine);
    await bounce(world);
    const stopping = new AbortController();
    world.portal.intercept(({ method }) => {
      if (method !== "POST") return null;
      setTimeout(() => stopping.abort(), 50);
      return "hang";
    });
    const began = performance.now();
    await projectCrm(world.deps, { accountId: world.inbox.accountId }, stopping.signal);
    expect(performance.now() - began).toBeLessThan(1_500);
    expect(await world.connection()).toMatchObject({ attempts: 0, lastError: null, dueAt: now });
    world.portal.intercept(() => null);
    await world.project();
    expect(statuses(world)).toEqual(["BOUNCED"]);
  });

  test("a rate limit is waited for as long as it says, and is no failure", async () => {
    const world = await newWorld(engine);
    await bounce(world);
    world.portal.intercept(() => refusal(429, "RATE_LIMITS", "x", { "retry-after": "9" }));
    await world.project();
    expect(await world.connection()).toMatchObject({ attempts: 0, failingSince: null, lastError: null, dueAt: now + 9 * second });
    const calls = world.portal.calls.length;
    world.clock.now += 9 * second - 1;
    await world.project();
    expect(world.portal.calls).toHaveLength(calls);
    world.portal.intercept(() => null);
    world.clock.now += 1;
    await world.project();
    expect(statuses(world)).toEqual(["BOUNCED"]);
  });

  test("while the token is not accepted everything waits, for as long as it takes; a new one goes on at once", async () => {
    const world = await newWorld(engine);
    await bounce(world);
    world.portal.intercept(() => refusal(401, "EXPIRED_AUTHENTICATION", "x"));
    for (let i = 0; i < 500; i += 1) {
      await world.project();
      world.clock.now = (await world.connection()).dueAt;
    }
    expect(await world.connection()).toMatchObject({
      attempts: 500,
      lastError: "HubSpot answered 401 (EXPIRED_AUTHENTICATION)",
      position: 0,
    });
    world.portal.intercept(() => null);
    await connectCrm(world.deps, world.inbox.accountId, "hubspot", token, { backfill: true });
    await world.project();
    expect(statuses(world)).toEqual(["BOUNCED"]);
    expect(await crmDeadLetters(world.database.read, world.inbox.accountId)).toEqual({ count: 0, newest: null });
  });

  test("values that are refused three times are a dead letter, and order goes on", async () => {
    const world = await newWorld(engine);
    await bounce(world);
    await savePage(world.database, page(world.inbox, [notice("offer", [outcome(addresses[1] ?? "")], { ref: "second" })]));
    world.portal.intercept(({ method, path, body }) =>
      method === "POST" && path.endsWith("/emails") && JSON.stringify(body).includes("jan@") ? refusal(400, "VALIDATION_ERROR", "x") : null,
    );
    for (let i = 0; i < 6; i += 1) {
      await world.project();
      world.clock.now += 600 * second;
    }
    expect([...world.portal.emails.values()].map(({ contactIds }) => contactIds)).toEqual([["502"]]);
    const letters = await crmDeadLetters(world.database.read, world.inbox.accountId);
    expect(letters).toMatchObject({ count: 1, newest: { error: "HubSpot answered 400 (VALIDATION_ERROR)" } });
    expect(await world.connection()).toMatchObject({ position: await newest(world) });
  });

  test("a server that is down for three days blocks nothing for ever", async () => {
    const world = await newWorld(engine);
    await bounce(world);
    world.portal.intercept(() => refusal(503, "X", "x"));
    for (let i = 0; i < 90 && (await crmDeadLetters(world.database.read, world.inbox.accountId)).count === 0; i += 1) {
      await world.project();
      world.clock.now = Math.max((await world.connection()).dueAt, world.clock.now + 1);
    }
    expect(world.clock.now - now).toBeGreaterThan(72 * 3_600 * second);
    expect((await crmDeadLetters(world.database.read, world.inbox.accountId)).count).toBe(1);
  });

  test("a new token ends the turn of the old one, and what was erased is passed over", async () => {
    const world = await newWorld(engine);
    const { accountId } = world.inbox;
    const data = { engagement: { id: "eng_gone" } };
    await world.database.transaction((tx) => appendEvents(tx, accountId, [{ type: "engagement.created", backfill: false, data }], now));
    const old = await world.database.transaction((tx) => claimCrm(tx, { accountId }, { busyUntil: now + second }, now));
    await connectCrm(world.deps, accountId, "hubspot", token, { backfill: true });
    expect(old?.claim.fence).toBeLessThan(99);
    world.clock.now += second;
    await world.project();
    expect(await world.connection()).toMatchObject({ position: await newest(world), lastError: null });
    expect(world.portal.emails.size).toBe(0);
  });

  test("the token is sealed, and gone with the connection", async () => {
    const world = await newWorld(engine);
    const { accountId } = world.inbox;
    const row = await world.database.read.selectFrom("crm_connections").selectAll().executeTakeFirstOrThrow();
    expect(JSON.stringify(row)).not.toContain(token);
    expect(await readCrmToken(world.database.read, world.deps.keys, accountId)).toBe(token);
    expect(await world.database.transaction((tx) => deleteCrmConnection(tx, accountId))).toBe(true);
    expect(await getCrmConnection(world.database.read, accountId)).toBeNull();
  });

  test("a token that is not accepted connects nothing", async () => {
    const world = await newWorld(engine);
    const wrong = connectCrm(world.deps, world.inbox.accountId, "hubspot", "pat-wrong", { backfill: true });
    await expect(wrong).rejects.toThrow("HubSpot answered 401 (INVALID_AUTHENTICATION). Nothing was connected.");
    expect(await readCrmToken(world.database.read, world.deps.keys, world.inbox.accountId)).toBe(token);
  });
});
