/** From a letter that arrives in Gmail to the engagement, by the daemon as it is wired, whose next poll is a day away. */
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
import { pollNow } from "../../src/store/turns.ts";
import { disconnectInbox } from "../../src/sync/disconnect-inbox.ts";
import { renewDueWatches } from "../../src/sync/push-watches.ts";
import { openGmail, timesAsked } from "../connectors/gmail/open-gmail.ts";
import { setUpPubSub } from "../connectors/gmail/set-up-pubsub.ts";
import { demoMailbox } from "../fixtures/demo-mailbox.ts";
import { afterThis, temporaryDirectory } from "../store/engines.ts";

const day = 86_400_000;

test("a notice is on the timeline seconds after it arrived, a day before the next poll; one that is not told of comes with that", async () => {
  const stage = await openGmail();
  setUpPubSub(stage);
  const config = loadConfig({}, temporaryDirectory());
  const house = await openHouse(
    {
      ...config,
      listen: { host: "127.0.0.1", port: 0 },
      apps: { gmail: stage.app as Record<string, unknown> },
      sync: { ...config.sync, pollEverySeconds: 86_400 },
    },
    { log: pino({ level: "silent" }) },
  );
  afterThis(() => house.close());
  const { database, now } = house;
  const account = await database.transaction((tx) => upsertAccount(tx, { name: "Sales" }, now()));
  const wish = { provider: "gmail", address: stage.mailbox.address, since: now() - 30 * day, nextPollAt: now() };
  const inbox = await database.transaction((tx) => createInbox(tx, account.id, wish, now()));
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
  const letterOf = (path: string): Buffer => demoMailbox().get(`${path}.eml`) ?? Buffer.from("");

  const daemon = await runDaemon(house);
  await until(({ nextPollIn }) => nextPollIn > day / 2);
  await renewDueWatches(pushDeps(house));
  expect(stage.google.pubsub.watched(stage.mailbox)).toBe(true);
  stage.mailbox.put(letterOf("Sent/postfix-unknown-user"), ["SENT"]);
  stage.mailbox.put(letterOf("INBOX/postfix-unknown-user"));
  await until(({ bounces, nextPollIn }) => bounces === 1 && nextPollIn > day / 2);
  const polls = timesAsked(stage, "gmail.users.history.list");
  expect(polls).toBeLessThan(6);

  stage.google.pubsub.loses = true;
  stage.mailbox.put(letterOf("Sent/dma-unknown-user"), ["SENT"]);
  stage.mailbox.put(letterOf("INBOX/dma-unknown-user"));
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect((await seen()).nextPollIn).toBeGreaterThan(day / 2);
  await database.transaction((tx) => pollNow(tx, account.id, inbox.id, now()));
  await until(({ bounces, nextPollIn }) => bounces === 2 && nextPollIn > day / 2);

  const connected = await getInbox(database.read, account.id, inbox.id);
  if (connected) await disconnectInbox(house.connecting, connected, "the test");
  expect(stage.google.pubsub.watched(stage.mailbox)).toBe(false);
  await daemon.stop();
  await stage.google.stop();
}, 40_000);
