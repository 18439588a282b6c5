import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { connectCrm } from "../../src/cli/commands/crm.ts";
import { openHubspot } from "../../src/deliver/hubspot/open-hubspot.ts";
import { getCrmConnection } from "../../src/store/crm-connections.ts";
import { readEvents } from "../../src/store/events.ts";
import { openDatabase } from "../../src/store/open.ts";
import { savePage } from "../../src/store/save-page.ts";
import { loadKeys } from "../../src/store/secrets.ts";
import { startFakeHubspot, token } from "../fakes/hubspot/start-fake-hubspot.ts";
import { afterThis, emptyPlace, onBothEngines, quiet, temporaryDirectory } from "../store/engines.ts";
import { accountWithInboxes, notice, now, outcome, page, sentMessage } from "../store/sample-mail.ts";

const script = new URL("./project-until-killed.ts", import.meta.url).pathname;
const addresses = Array.from({ length: 8 }, (_, i) => `c${i}@customer.example`);

onBothEngines("a worker that is killed while it writes to HubSpot", (engine) => {
  test("is followed by one that ends the work: every bounce is there, and each once", async () => {
    const portal = await startFakeHubspot();
    for (const [i, address] of addresses.entries()) portal.addContact(String(700 + i), address);
    const keyFile = join(temporaryDirectory(), "key");
    const keys = loadKeys({ keyFile, allowCreate: true });
    const place = await emptyPlace(engine);
    const database = await openDatabase({ ...place, keys, log: quiet, now: () => now });
    afterThis(() => database.close());
    const [inbox] = await accountWithInboxes(database);
    if (!inbox) throw new Error("no inbox");
    const open = { hubspot: openHubspot(portal.url) };
    const deps = { database, keys, log: quiet, now: () => now, random: () => 0, timeoutMs: 2_000, open };
    await connectCrm(deps, inbox.accountId, "hubspot", token, { backfill: true });
    await savePage(
      database,
      page(inbox, [
        sentMessage("offer", addresses),
        notice(
          "offer",
          addresses.map((address) => outcome(address)),
        ),
      ]),
    );

    let child: ReturnType<typeof spawn> | undefined;
    const start = () => {
      child = spawn(process.execPath, [script, JSON.stringify(place), keyFile, portal.url], { stdio: "ignore" });
    };
    afterThis(() => void child?.kill("SIGKILL"));
    // Each of the first e-mails costs a worker its life: the portal has made it, the worker does not know.
    const deaths = new Set<string>();
    portal.intercept(({ method, path, body }) => {
      const key = JSON.stringify(body);
      if (method !== "POST" || !path.endsWith("/objects/emails") || deaths.size === 3 || deaths.has(key)) return null;
      deaths.add(key);
      child?.kill("SIGKILL");
      return "hang after";
    });
    for (let lives = 0; lives < 3; lives += 1) {
      start();
      if (child) await once(child, "exit");
    }
    start();
    const newest = (await readEvents(database.read, inbox.accountId, 0, 1000)).at(-1)?.sequence;
    const settled = async () => expect((await getCrmConnection(database.read, inbox.accountId))?.position).toBe(newest);
    await vi.waitFor(settled, { timeout: 40_000, interval: 50 });
    expect([...portal.emails.values()].map(({ contactIds }) => contactIds[0]).sort()).toEqual(addresses.map((_, i) => String(700 + i)));
    expect(portal.faults).toEqual([]);
  }, 60_000);
});
