/** The whole way, from Google's answers to bounces in the store, with the demo's mailbox in Gmail. */
import { expect, test } from "vitest";
import { loadConnector } from "../../connectors/registry.ts";
import { upsertAccount } from "../../src/store/accounts.ts";
import { listEngagements } from "../../src/store/engagements.ts";
import { saveSecrets } from "../../src/store/inbox-secrets.ts";
import { createInbox } from "../../src/store/inboxes.ts";
import { pollNow } from "../../src/store/turns.ts";
import { type SyncDeps, syncInbox } from "../../src/sync/sync-inbox.ts";
import { openGmail, timesAsked } from "../connectors/gmail/open-gmail.ts";
import { testTools } from "../connectors/test-tools.ts";
import { demoMailbox } from "../fixtures/demo-mailbox.ts";
import { newKeys, openNew, quiet } from "../store/engines.ts";

const day = 86_400_000;

test("the demo's mailbox gives the demo's bounces, a second look costs one request, and a lost list of changes adds none", async () => {
  const stage = await openGmail();
  for (const [path, content] of demoMailbox())
    stage.mailbox.put(content, path.startsWith("Sent") ? ["SENT"] : ["INBOX"], Date.now() - 60_000);
  const keys = newKeys();
  const database = await openNew("sqlite", { keys });
  const now = Date.now;
  const account = await database.transaction((tx) => upsertAccount(tx, { name: "Sales" }, now()));
  const wish = { provider: "gmail", address: stage.mailbox.address, since: now() - 30 * day, nextPollAt: now() };
  const inbox = await database.transaction((tx) => createInbox(tx, account.id, wish, now()));
  await database.transaction((tx) => saveSecrets(tx, keys, account.id, inbox.id, stage.secrets, null));
  const tools: SyncDeps["tools"] = (_provider, credentials, signal) => ({ ...testTools({ app: stage.app }), credentials, signal });
  const deps: SyncDeps = {
    database,
    keys,
    loadConnector,
    tools,
    now,
    log: quiet,
    tell() {},
    pollEveryMs: 60_000,
    turnMs: 60_000,
    maxMessageBytes: 25e6,
  };
  const turn = async (): Promise<string | undefined> => {
    await database.transaction((tx) => pollNow(tx, account.id, inbox.id, now()));
    return (await syncInbox(deps, { accountId: account.id, inboxId: inbox.id }, new AbortController().signal))?.kind;
  };
  const states = async (): Promise<Record<string, number>> => {
    const { data } = await listEngagements(database.read, account.id, { limit: 200 });
    return Object.fromEntries(["hard", "soft", "pending"].map((state) => [state, data.filter((each) => each.state === state).length]));
  };

  expect(await turn()).toBe("done");
  const demo = { hard: 19, soft: 3, pending: 3 };
  expect(await states()).toEqual(demo);
  expect(timesAsked(stage, "token")).toBe(1);

  const before = stage.google.asked.length;
  expect(await turn()).toBe("done");
  expect(stage.google.asked.length - before).toBe(1);

  stage.mailbox.forgetChanges();
  stage.mailbox.put("Subject: hello\r\nMessage-ID: <h@customer.example>\r\nFrom: jan@customer.example\r\n\r\nhello\r\n");
  expect(await turn()).toBe("done");
  expect(await states()).toEqual(demo);
  await database.close();
  await stage.google.stop();
}, 30_000);
