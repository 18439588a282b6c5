import { readFileSync } from "node:fs";
import { join } from "node:path";
import pino from "pino";
import { afterAll, describe, expect, it } from "vitest";
import { loadConfig } from "../../src/cli/config.ts";
import { type House, openHouse } from "../../src/cli/house.ts";
import { createMetrics } from "../../src/cli/metrics.ts";
import { runDaemon } from "../../src/cli/run-daemon.ts";
import { upsertAccount } from "../../src/store/accounts.ts";
import { createApiKey } from "../../src/store/api-keys.ts";
import { connectInbox } from "../../src/sync/connect-inbox.ts";
import { temporaryDirectory } from "../store/engines.ts";

const root = join(import.meta.dirname, "../..");
const cleanups: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}, 60_000);

/** A daemon on the demo's mailbox, what it logs, and what it answers to Prometheus with a key of the given scope. */
const start = async () => {
  const folder = temporaryDirectory();
  const config = loadConfig({ BOUNCELINE_DATA_DIR: `${folder}/data`, BOUNCELINE_PORT: "0" }, folder);
  const lines: string[] = [];
  const log = pino({ level: "debug" }, { write: (line: string) => void lines.push(line) });
  const house = await openHouse(config, { log });
  cleanups.push(() => house.close());
  const daemon = await runDaemon(house);
  cleanups.push(() => daemon.stop());
  const account = await house.database.transaction((tx) => upsertAccount(tx, { name: "Acme", logFor: "all" }, Date.now()));
  const inbox = await connectInbox(house.connecting, account.id, {
    provider: "maildir",
    address: "anna@sales.example",
    settings: { path: join(root, "src/cli/demo-mailbox") },
    secrets: {},
    since: 0,
  });
  daemon.nudge();
  const key = (accountId: string | null, scope: "read" | "admin") =>
    house.database.transaction(async (tx) => (await createApiKey(tx, accountId, { scope, label: "test" }, Date.now())).key);
  const keys = { admin: await key(null, "admin"), read: await key(account.id, "read") };
  const get = (path: string, who?: keyof typeof keys) =>
    fetch(`${daemon.url}${path}`, { headers: who ? { authorization: `Bearer ${keys[who]}` } : {} });
  return { house, inbox, lines, get, daemon };
};

const untilRead = async (house: House): Promise<void> => {
  for (let tries = 0; tries < 300; tries += 1) {
    const rows = await house.database.read.selectFrom("inboxes").select("state").execute();
    if (rows.every(({ state }) => state === "watching")) return;
    await new Promise((wait) => setTimeout(wait, 100));
  }
  throw new Error("the demo's mailbox was not read in 30 s");
};

/** The figure of one series, or 0 where it is not there. */
const figure = (text: string, series: string): number =>
  Number(
    text
      .split("\n")
      .find((line) => line.startsWith(`${series} `))
      ?.slice(series.length + 1) ?? 0,
  );

describe("what Prometheus is told", () => {
  it("counts what was read, and names nobody", async () => {
    const { house, inbox, lines, get } = await start();
    await untilRead(house);
    const answer = await get("/metrics", "admin");
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toContain("text/plain; version=0.0.4");
    const text = await answer.text();
    const engagements = await house.database.read.selectFrom("engagements").select("id").execute();
    expect(engagements.length).toBeGreaterThan(20);
    expect(figure(text, 'bounceline_events_total{type="engagement.created"}')).toBe(engagements.length);
    const seen = await house.database.read.selectFrom("seen_messages").select("verdict").execute();
    for (const verdict of new Set(seen.map((row) => row.verdict))) {
      const expected = seen.filter((row) => row.verdict === verdict).length;
      expect(figure(text, `bounceline_messages_total{provider="maildir",verdict="${verdict}"}`), verdict).toBe(expected);
    }
    // The demo's page of figures (README): of what it holds, nineteen bounces are hard.
    expect(text).toMatch(/bounceline_bounces_total\{type="hard",category="unknown_user"\} [1-9]/);
    expect(figure(text, 'bounceline_inboxes{provider="maildir",state="watching"}')).toBe(1);
    expect(figure(text, "bounceline_coverage_missing_messages")).toBe(0);
    expect(text).toMatch(/bounceline_turns_total\{provider="maildir",end="done"\} [1-9]/);
    expect(text).toContain("process_cpu_seconds_total");
    for (const personal of ["@", inbox.id, inbox.accountId, "customer.example"]) expect(text).not.toContain(personal);

    const opened = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === "a message was opened");
    const notices = await house.database.read.selectFrom("notices").select(["id", "ref"]).execute();
    for (const { id, ref } of notices) {
      expect(opened).toContainEqual(expect.objectContaining({ inboxId: inbox.id, ref, noticeId: id, verdict: "notice" }));
    }
    expect(lines.join("")).not.toContain("@");
  }, 60_000);

  it("tells them to an admin's key alone", async () => {
    const { get } = await start();
    expect((await get("/metrics")).status).toBe(401);
    const refused = await get("/metrics", "read");
    expect(refused.status).toBe(403);
    expect(await refused.text()).not.toContain("bounceline_inboxes");
  });

  it("drops a state that no inbox is in any more, and reads at most once in five seconds", async () => {
    const { house } = await start();
    await untilRead(house);
    let now = Date.now();
    const metrics = createMetrics({ database: house.database, now: () => now });
    expect((await metrics.read()).text).toContain('state="watching"} 1');
    await house.database.transaction((tx) => tx.updateTable("inboxes").set({ state: "paused" }).execute());
    now += 4_000;
    expect((await metrics.read()).text).toContain('state="watching"} 1');
    now += 2_000;
    const { text } = await metrics.read();
    expect(text).toContain('state="paused"} 1');
    expect(text).not.toContain('state="watching"');
  });

  it("counts quotas by their names, not by inbox or host", async () => {
    const { house } = await start();
    const metrics = createMetrics({ database: house.database, now: Date.now });
    const limiter = metrics.measured({ take: async () => {}, pause() {} });
    const { signal } = new AbortController();
    await limiter.take("gmail:user:inb_1", 20, signal);
    await limiter.take("gmail:user:inb_2", 2, signal);
    await limiter.take("imap:mail.customer.example", 1, signal);
    const { text } = await metrics.read();
    expect(figure(text, 'bounceline_quota_units_total{quota="gmail:user"}')).toBe(22);
    expect(text).not.toContain("inb_1");
    expect(text).not.toContain("customer.example");
  });
});

describe("the board and the alerts", () => {
  it.each(["grafana.json", "alerts.yaml"])("%s asks only for figures there are", async (file) => {
    const { house } = await start();
    const { text: told } = await house.metrics.read();
    const known = new Set(
      [...told.matchAll(/^# TYPE (\w+) (\w+)/gm)].flatMap(([, name = "", kind]) =>
        kind === "histogram" ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
      ),
    );
    const asked = new Set(
      [...readFileSync(join(root, "config", file), "utf8").matchAll(/\b(?:bounceline|process|nodejs)_\w+/g)].map(([name]) => name),
    );
    expect(asked.size).toBeGreaterThan(5);
    expect([...asked].filter((name) => !known.has(name))).toEqual([]);
  });
});

describe("readiness", () => {
  it("is there when the database can be written and inboxes are looked after", async () => {
    const { get } = await start();
    const answer = await get("/readyz");
    expect(await answer.json()).toEqual({ ready: true, checks: { database: "ok", polling: "ok" } });
  });

  it("is gone when the database takes nothing, with the reason", async () => {
    const { house, get } = await start();
    await untilRead(house);
    const { transaction } = house.database;
    house.database.transaction = async () => {
      throw new Error("disk full");
    };
    const answer = await get("/readyz");
    house.database.transaction = transaction;
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({ ready: false, checks: expect.objectContaining({ database: "takes no writes" }) });
  });
});
