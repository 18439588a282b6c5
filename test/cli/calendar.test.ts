import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pino from "pino";
import { describe, expect, it } from "vitest";
import { calendar, workOnce } from "../../src/cli/calendar.ts";
import { loadConfig } from "../../src/cli/config.ts";
import { openHouse } from "../../src/cli/house.ts";
import { upsertAccount } from "../../src/store/accounts.ts";
import { readCoverage } from "../../src/store/coverage.ts";
import { changeState } from "../../src/store/inboxes.ts";
import { listNotices } from "../../src/store/notices.ts";
import { connectInbox } from "../../src/sync/connect-inbox.ts";
import { afterThis, temporaryDirectory } from "../store/engines.ts";
import { demoMessage, makeWorld } from "../sync/world.ts";

const day = 86_400_000;

const openAt = async (folder: string, now: () => number) => {
  const house = await openHouse(loadConfig({}, folder), { now, log: pino({ level: "silent" }) });
  afterThis(() => house.close());
  return house;
};

describe("work by the calendar", () => {
  it("is done once a minute, by whichever process comes first", async () => {
    let clock = Date.UTC(2026, 10, 25, 17);
    const folder = temporaryDirectory();
    const houses = [await openAt(folder, () => clock), await openAt(folder, () => clock)];
    let done = 0;
    const work = async (): Promise<void> => {
      done += 1;
    };
    await Promise.all(houses.map((house) => workOnce(house, { name: "count", work })));
    expect(done).toBe(1);
    clock += 60_000;
    await Promise.all(houses.map((house) => workOnce(house, { name: "count", work })));
    expect(done).toBe(2);
  });

  it("that fails is logged and stops nothing", async () => {
    const house = await openAt(temporaryDirectory(), Date.now);
    await workOnce(house, {
      name: "fail",
      work: async () => {
        throw new Error("no luck");
      },
    });
    await workOnce(house, { name: "other", work: async () => {} });
    expect(await house.database.read.selectFrom("slots").select("name").orderBy("name").execute()).toEqual([
      { name: "fail" },
      { name: "other" },
    ]);
  });

  it("ends the wait of a notice after 72 hours, makes a delay soft, and forgets what is old", async () => {
    let clock = Date.UTC(2026, 10, 25, 17);
    const house = await openAt(temporaryDirectory(), () => clock);
    const messages = ["INBOX/postfix-unknown-user", "Sent/postfix-greylist-expired", "INBOX/postfix-greylist-expired.delay"].map(
      demoMessage,
    );
    const world = await makeWorld(house.database, { messages }, () => clock);
    await world.turn();
    expect((await world.seen()).notices).toContain("waiting INBOX/postfix-unknown-user");
    expect((await world.seen()).bounces[0]).toMatch(/^pending grey@customer\.example/);

    clock += 4 * day;
    for (const entry of calendar) await workOnce(house, entry);
    expect((await listNotices(house.database.read, world.accountId, { state: ["not_ours"] })).data).toHaveLength(1);
    expect((await world.seen()).bounces[0]).toMatch(/^soft grey@customer\.example .* pending>soft$/);
    expect((await world.seen()).events).toEqual(expect.arrayContaining(["notice.unmatched", "engagement.updated"]));

    clock += 100 * day;
    for (const entry of calendar) await workOnce(house, entry);
    expect(await house.database.read.selectFrom("notice_sources").select("notice_id").execute()).toEqual([]);
    expect((await world.seen()).bounces).toHaveLength(1);
  });

  it("compares each inbox with its provider, and has what is missing read", async () => {
    const now = Date.UTC(2026, 10, 25, 17);
    const house = await openAt(temporaryDirectory(), () => now);
    const path = temporaryDirectory();
    for (const folder of ["cur", "new", "tmp"]) mkdirSync(join(path, folder));
    writeFileSync(join(path, "new", "1.a.host"), demoMessage("INBOX/postfix-unknown-user").raw);
    utimesSync(join(path, "new", "1.a.host"), now / 1000 - 7200, now / 1000 - 7200);
    const account = await house.database.transaction((tx) => upsertAccount(tx, { name: "Sales" }, now));
    const wish = { provider: "maildir", address: "anna@sales.example", settings: { path }, secrets: {}, since: now - 30 * day };
    const inbox = await connectInbox(house.connecting, account.id, wish);
    const entry = calendar.find(({ name }) => name === "coverage");
    if (!entry) throw new Error("no such work");
    const found = async () => (await readCoverage(house.database.read, account.id, [inbox.id])).get(inbox.id);
    await entry.work(house, AbortSignal.abort());
    expect(await found()).toBeUndefined();
    await workOnce(house, entry);
    expect(await found()).toMatchObject({ note: "first_sync", checkedAt: null });
    await house.database.transaction((tx) => changeState(tx, account.id, inbox.id, { state: "watching", nextPollAt: now }, now));
    await entry.work(house, new AbortController().signal);
    expect(await found()).toMatchObject({ note: null, gap: 1, providerCount: 1 });
  });
});
