/** From a letter that arrives in Microsoft 365 to the engagement, by the daemon as it is wired, whose next poll is a day away. */
import { Agent, request } from "node:http";
import pino from "pino";
import { expect, test } from "vitest";
import { loadConfig } from "../../src/cli/config.ts";
import { openHouse } from "../../src/cli/house.ts";
import { pushDeps } from "../../src/cli/push-deps.ts";
import { runDaemon } from "../../src/cli/run-daemon.ts";
import { upsertAccount } from "../../src/store/accounts.ts";
import { listEngagements } from "../../src/store/engagements.ts";
import { saveSecrets } from "../../src/store/inbox-secrets.ts";
import { createInbox, getInbox } from "../../src/store/inboxes.ts";
import { disconnectInbox } from "../../src/sync/disconnect-inbox.ts";
import { renewDueWatches } from "../../src/sync/push-watches.ts";
import { openOffice365 } from "../connectors/office365/open-office365.ts";
import { demoMailbox } from "../fixtures/demo-mailbox.ts";
import { afterThis, temporaryDirectory } from "../store/engines.ts";

const day = 86_400_000;

test("notifications that are doubled, out of order, forged or lost: each notice is there in seconds, a day before the next poll", async () => {
  const stage = await openOffice365();
  const { subscriptions } = stage.fake;
  const config = loadConfig({}, temporaryDirectory());
  const house = await openHouse(
    {
      ...config,
      publicUrl: "https://bounceline.example",
      listen: { host: "127.0.0.1", port: 0 },
      apps: { office365: stage.app },
      sync: { ...config.sync, pollEverySeconds: 86_400 },
    },
    { log: pino({ level: "silent" }) },
  );
  afterThis(() => house.close());
  const { database, now } = house;
  const account = await database.transaction((tx) => upsertAccount(tx, { name: "Sales" }, now()));
  const wish = { provider: "office365", address: stage.inbox.address, since: now() - 30 * day, nextPollAt: now() };
  const inbox = await database.transaction((tx) => createInbox(tx, account.id, { ...wish, settings: stage.inbox.settings }, now()));
  await database.transaction((tx) => saveSecrets(tx, house.keys, account.id, inbox.id, stage.secrets, null));
  const seen = async () => ({
    nextPollIn: ((await getInbox(database.read, account.id, inbox.id))?.nextPollAt ?? 0) - now(),
    bounces: (await listEngagements(database.read, account.id)).data.length,
  });
  const until = async (holds: (state: Awaited<ReturnType<typeof seen>>) => boolean): Promise<void> => {
    for (const end = Date.now() + 15_000; !holds(await seen()); ) {
      if (Date.now() > end) throw new Error(`still ${JSON.stringify(await seen())}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const arrives = (folder: string, name: string): void =>
    stage.put(folder, demoMailbox().get(`${folder === "inbox" ? "INBOX" : "Sent"}/${name}.eml`) ?? "");
  const atRest = (bounces: number) => until((state) => state.bounces === bounces && state.nextPollIn > day / 2);

  const daemon = await runDaemon(house);
  // As the proxy does that ends TLS in front of us.
  const agent = new Agent();
  subscriptions.post = (url, body) => {
    const { origin, pathname, search } = new URL(url);
    if (origin !== "https://bounceline.example") throw new Error(`sent to ${origin}`);
    return posted(`${daemon.url}${pathname}${search}`, body, agent);
  };
  await atRest(0);
  await renewDueWatches(pushDeps(house));
  expect(subscriptions.active.size).toBe(4);

  subscriptions.copies = 3;
  arrives("sentitems", "postfix-unknown-user");
  arrives("inbox", "postfix-unknown-user");
  await atRest(1);

  subscriptions.clientState = "forged";
  arrives("sentitems", "dma-unknown-user");
  arrives("inbox", "dma-unknown-user");
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect((await seen()).nextPollIn).toBeGreaterThan(day / 2);
  subscriptions.clientState = null;
  await subscriptions.lifecycle("missed");
  await atRest(2);
  expect(new Set(subscriptions.answered)).toEqual(new Set([202]));

  await subscriptions.lifecycle("subscriptionRemoved");
  const renewed = async (): Promise<number> => {
    await renewDueWatches(pushDeps(house));
    return subscriptions.active.size;
  };
  await expect.poll(renewed, { timeout: 5000 }).toBe(4);
  subscriptions.holds = true;
  arrives("sentitems", "dma-full-at-data");
  arrives("inbox", "dma-full-at-data");
  await subscriptions.release();
  await atRest(3);

  const connected = await getInbox(database.read, account.id, inbox.id);
  if (connected) await disconnectInbox(house.connecting, connected, "the test");
  expect(subscriptions.active.size).toBe(0);
  await daemon.stop();
  agent.destroy();
  await stage.close();
}, 60_000);

const posted = (url: string, body: string | null, agent: Agent): Promise<{ status: number; type: string; text: string }> =>
  new Promise((resolve, reject) => {
    const headers = { "content-type": body === null ? "text/plain; charset=utf-8" : "application/json" };
    const asked = request(url, { method: "POST", headers, agent }, async (response) => {
      let text = "";
      for await (const piece of response) text += piece;
      resolve({ status: response.statusCode ?? 0, type: response.headers["content-type"] ?? "", text });
    });
    asked.on("error", reject).end(body ?? "");
  });
