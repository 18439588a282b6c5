/**
 * Nothing of another account is read or changed: every exported function of src/store is called for one account with the ids of
 * another. A function that is new must be added to `calls` (every-call.ts), or with its reason to `withoutAccount`.
 */
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { FenceLost } from "../../src/store/errors.ts";
import { newKeys, onBothEngines, openNew } from "./engines.ts";
import { calls, setUp, theirDueAt } from "./every-call.ts";
import { wholeDatabase } from "./sample-mail.ts";

/** Functions that belong to no account, and why that is right. */
const withoutAccount: Record<string, string> = {
  "accounts/upsertAccount": "makes accounts: for instance admins",
  "accounts/listAccounts": "lists accounts: for instance admins",
  "accounts/lockAccount": "makes others wait, and reads nothing",
  "age-pending/accountsWithAgedPending": "tells the scheduler which accounts have work; gives ids alone",
  "audit-log/openAuditLog": "gathers entries that each name their account",
  "api-keys/verifyApiKey": "finds out whose key it is",
  "authorizations/takeAuthorization": "finds out whose sign-in it is",
  "authorizations/deleteEndedAuthorizations": "removes what has ended, of everybody",
  "connect-links/findConnectLink": "finds out whose link it is",
  "crm-connections/resealCrmTokens": "turns the keys of the whole installation",
  "crm-turns/dueCrms": "tells the dispatcher which accounts have work; gives ids alone",
  "global-bounces/sharingAccounts": "tells the scheduler which accounts share; gives ids alone",
  "idempotency-keys/resealAnswers": "turns the keys of the whole installation",
  "inbox-secrets/resealSecrets": "turns the keys of the whole installation",
  "inboxes/listWatching": "tells the daemon which inboxes to hold a connection to",
  "jobs-schema/jobsSchema": "the installation's schema",
  "key-check/checkKeys": "the installation's keys",
  "move-database/moveDatabase": "copies the whole installation",
  "operating-figures/readOperatingFigures": "counts over all accounts, for the operator; names nobody",
  "owner-mail/inboxesThatNeedOwners": "tells the calendar whom to remind",
  "owner-mail/digestReaders": "tells the calendar who wants a digest",
  "push-watches/findWatched": "finds out whose notification it is; gives ids and a hash alone",
  "push-watches/inboxesDueForPush": "tells the calendar which inboxes have work; gives ids alone",
  "quotas/withdrawQuota": "the operator's quotas at providers",
  "request-counts/countRequest": "counts by the id of a key that was verified",
  "sign-in/deleteEndedSignIns": "removes what has ended, of everybody",
  "sign-in/readSession": "finds out whose session it is",
  "sign-in/closeSession": "ends the session whose secret it is given",
  "users/findLogin": "finds out who signs in",
  "sign-in/useSignInLink": "finds out whose link it is",
  "sqlite-statistics/writeStatistics": "the planner of the whole installation",
  "slots/claimSlot": "calendar work of the installation",
  "slots/forgetSlots": "calendar work of the installation",
  "turns/mendFuturePolls": "what a clock did, to everybody",
  "turns/takeOverTurns": "turns of a dead daemon, of everybody",
  "turns/dueInboxes": "tells the scheduler which inboxes have work; gives ids alone",
  "waiting-notices/accountsWithExpiredNotices": "tells the scheduler which accounts have work; gives ids alone",
  "waiting-notices/accountsWithWaitingNotices": "tells the scheduler which accounts have work; gives ids alone",
  "webhook-turns/dueWebhooks": "tells the dispatcher which endpoints have work; gives ids alone",
  "webhook-secrets/resealWebhookSecrets": "turns the keys of the whole installation",
  "whom-to-log/decideWhomToLog": "takes ties, which only tieNotices makes; covered by it",
};

/** Files without queries. */
const withoutQueries = new Set([
  "backup",
  "beginning-with",
  "engagement-body",
  "errors",
  "history-entry",
  "ids",
  "in-batches",
  "json",
  "list-page",
  "locking",
  "lock-data-directory",
  "migrate",
  "notice-event",
  "one-time-secret",
  "open",
  "postgres",
  "secrets",
  "sqlite",
  "sqlite-worker",
]);

/** Functions in the other files that take no database. */
const pure = new Set([
  "append-history/withFold",
  "erasures/messageHash",
  "gaps/gapEvent",
  "follower/followerColumns",
  "follower/nobodyAtIt",
  "mentions/mentionOf",
  "crm-connections/toCrmConnection",
  "inboxes/toInbox",
  "key-check/newKeyCheck",
  "notice-shares/isShared",
  "notice-waits/wakeKeys",
  "notice-words/newWords",
  "notice-words/saidKey",
  "notices/toNotice",
  "owed/retryDelay",
  "sent-messages/toCandidate",
  "sent-messages/toCandidates",
  "webhook-secrets/newSigningSecret",
  "webhook-secrets/sealSigningSecret",
  "users/toUser",
  "webhooks/toWebhook",
]);

const exportedFunctions = async (): Promise<string[]> => {
  const directory = new URL("../../src/store/", import.meta.url);
  const files = readdirSync(directory)
    .filter((name) => name.endsWith(".ts"))
    .map((name) => name.slice(0, -3))
    .filter((name) => !withoutQueries.has(name));
  const names: string[] = [];
  for (const file of files) {
    const module = (await import(new URL(`${file}.ts`, directory).href)) as Record<string, unknown>;
    names.push(
      ...Object.keys(module)
        .filter((name) => typeof module[name] === "function")
        .map((name) => `${file}/${name}`),
    );
  }
  return names.filter((name) => !pure.has(name)).sort();
};

test("every function of the store is covered here", async () => {
  expect([...Object.keys(calls), ...Object.keys(withoutAccount)].sort()).toEqual(await exportedFunctions());
});

const inWords = (answer: unknown): string =>
  JSON.stringify(answer ?? null, (_, value) => {
    if (value instanceof Uint8Array) return "foreign bytes";
    return value instanceof Map || value instanceof Set ? [...value] : value;
  });

onBothEngines("with the ids of another account", (engine) => {
  test("nothing of it is read or changed", async () => {
    const keys = newKeys();
    const database = await openNew(engine, { keys });
    const setting = await setUp(database, keys);
    const theirRows = async () => {
      const whole = await wholeDatabase(database);
      return Object.values(whole).flatMap((rows) => rows.filter((row) => row.includes(setting.theirs.accountId)));
    };
    const before = await theirRows();
    expect(before.length).toBeGreaterThan(30);
    const theirIds = [...new Set(before.join().match(/[a-z]{3}_[0-9A-Z]{26}/g)), String(theirDueAt)];
    for (const [name, call] of Object.entries(calls)) {
      const answer = await Promise.resolve(call(setting)).catch((error) => {
        // The one refusal there is; any other error would hide that the call proves nothing.
        if (error instanceof FenceLost) return null;
        throw new Error(`${name}: ${error}`, { cause: error });
      });
      const told = inWords(answer);
      expect.soft(told.replaceAll(/foreign(-2)?@x\.example|"externalId":"foreign"/g, "named by us"), name).not.toMatch(/foreign/);
      expect
        .soft(
          theirIds.filter((id) => told.includes(id)),
          name,
        )
        .toEqual([]);
      expect.soft(await theirRows(), name).toEqual(before);
    }
  });
});
