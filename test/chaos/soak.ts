/**
 * `npm run soak`: the whole sync loop on stand-ins of Gmail and Microsoft 365 that misbehave at random (429 with a wait, 5xx, resets,
 * expired positions, expired tokens), while mail goes out and notices come back, some before their message is in Sent. In the end
 * every bounce must be logged once and none be missed. MINUTES (30) and MAILBOXES of each provider (4) are the environment's.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { loadConfig } from "../../src/cli/config.ts";
import { openHouse } from "../../src/cli/house.ts";
import { runDaemon } from "../../src/cli/run-daemon.ts";
import { upsertAccount } from "../../src/store/accounts.ts";
import { saveSecrets } from "../../src/store/inbox-secrets.ts";
import { createInbox } from "../../src/store/inboxes.ts";
import { letterOf, type Provider, startGmail, startOffice365 } from "./soak-providers.ts";

const minutes = Number(process.env.MINUTES ?? 30);
const mailboxes = Number(process.env.MAILBOXES ?? 4);

const folder = mkdtempSync(join(tmpdir(), "bounceline-soak-"));
const providers: Provider[] = [await startGmail(mailboxes), await startOffice365(mailboxes)];
const apps = Object.fromEntries(providers.map(({ name, app }) => [name, app as Record<string, unknown>]));
const config = loadConfig({ BOUNCELINE_DATA_DIR: join(folder, "data"), BOUNCELINE_PORT: "0", BOUNCELINE_LOG_LEVEL: "error" }, folder);
const house = await openHouse({ ...config, apps, sync: { ...config.sync, pollEverySeconds: 2, turnSeconds: 10 } });

const account = await house.database.transaction((tx) => upsertAccount(tx, { name: "Soak", logFor: "all" }, Date.now()));
for (const provider of providers) {
  for (const { address, secrets } of provider.boxes) {
    await house.database.transaction(async (tx) => {
      const wish = {
        provider: provider.name,
        address,
        settings: provider.settings,
        since: Date.now() - 86_400_000,
        nextPollAt: Date.now(),
      };
      const inbox = await createInbox(tx, account.id, wish, Date.now());
      await saveSecrets(tx, house.keys, account.id, inbox.id, secrets, null);
    });
  }
}
const daemon = await runDaemon(house);

/** What is due to arrive where: a notice may come before its message is in Sent. */
let sent = 0;
const deliverSome = (): void => {
  for (const provider of providers) {
    for (const box of provider.boxes) {
      if (Math.random() < 0.5) continue;
      const n = sent++;
      const { message, notice, ordinary } = letterOf(n, box.address);
      if (Math.random() < 0.3) setTimeout(() => box.put("sent", message), 4000);
      else box.put("sent", message);
      if (n % 3 === 0) setTimeout(() => box.put(Math.random() < 0.2 ? "junk" : "inbox", notice), 1000);
      else box.put("inbox", ordinary);
      if (n % 3 === 0) expected.push(`u${n}@customer.example`);
    }
  }
};

const expected: string[] = [];
const logged = async (): Promise<string[]> =>
  (await house.database.read.selectFrom("engagements").select(["recipient_address", "version"]).where("state", "=", "hard").execute()).map(
    (row) => row.recipient_address,
  );

const began = Date.now();
let told = 0;
while (Date.now() - began < minutes * 60_000) {
  deliverSome();
  for (const provider of providers) provider.misbehave();
  if (Date.now() - told > 60_000) {
    told = Date.now();
    const states = await house.database.read
      .selectFrom("inboxes")
      .select((eb) => ["provider", "state", eb.fn.countAll<number>().as("n")])
      .groupBy(["provider", "state"])
      .execute();
    console.log(
      `${Math.round((Date.now() - began) / 60_000)} min: ${sent} sent, ${expected.length} bounced, ${(await logged()).length} logged; ${states.map((row) => `${row.n} ${row.provider} ${row.state}`).join(", ")}; ${Math.round(process.memoryUsage().rss / 1e6)} MB`,
    );
  }
  await pause(3000);
}
for (const provider of providers) provider.behave();
// Longer than a turn: then none is going on. Polling an inbox whose turn is going on would take its fence, and its page with it.
await pause(15_000);
// What is backed off or owed need not be waited for now that the weather is fair.
await house.database.transaction((tx) =>
  tx.updateTable("inboxes").set({ next_poll_at: Date.now() }).where("next_poll_at", "is not", null).execute(),
);
await house.database.transaction((tx) => tx.updateTable("owed").set({ due_at: 0 }).where("due_at", "is not", null).execute());
daemon.nudge();
for (let waited = 0; waited < 240 && (await logged()).length < expected.length; waited += 1) await pause(1000);
const found = await logged();
const missed = expected.filter((address) => !found.includes(address));
const histories = await house.database.read.selectFrom("engagement_history").select("fingerprint").execute();
const states = await house.database.read.selectFrom("inboxes").select(["provider", "state"]).execute();
await daemon.stop();
await house.close();
for (const provider of providers) console.log(`${provider.name}: ${provider.tally()}`);
for (const provider of providers) await provider.stop();
rmSync(folder, { recursive: true, force: true });
console.log(
  `${sent} sent, ${expected.length} bounced; logged ${found.length}, once each: ${new Set(found).size === found.length && histories.length === expected.length}; missed: ${missed.length} ${missed.slice(0, 5).join(" ")}`,
);
console.log(`inboxes at the end: ${states.map(({ provider, state }) => `${provider} ${state}`).join(", ")}`);
process.exit(missed.length === 0 && found.length === expected.length && histories.length === expected.length ? 0 : 1);
