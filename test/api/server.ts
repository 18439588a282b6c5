/** A server with the API and the pages on a new database, with two accounts that know nothing of each other. */
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import pino from "pino";
import { buildApi } from "../../src/api/build-api.ts";
import type { ApiDeps } from "../../src/api/deps.ts";
import { markingEffects } from "../../src/api/idempotency.ts";
import type { Authorize, Connector } from "../../src/ports/connector.ts";
import type { Database } from "../../src/ports/database.ts";
import { upsertAccount } from "../../src/store/accounts.ts";
import { createApiKey } from "../../src/store/api-keys.ts";
import { openAuditLog } from "../../src/store/audit-log.ts";
import { newId } from "../../src/store/ids.ts";
import { createInbox } from "../../src/store/inboxes.ts";
import type { Keys } from "../../src/store/secrets.ts";
import type { ConnectDeps } from "../../src/sync/connect-inbox.ts";
import { disconnectInbox } from "../../src/sync/disconnect-inbox.ts";
import { eraseAccountForGood, eraseContactForGood, eraseInboxForGood } from "../../src/sync/erase.ts";
import { buildPages } from "../../src/web/build-pages.ts";
import { testTools } from "../connectors/test-tools.ts";
import { testDelivery } from "../deliver/test-delivery.ts";
import { type MemoryMailbox, memoryConnector } from "../fakes/memory-connector.ts";
import { afterThis, newKeys, openNew, quiet } from "../store/engines.ts";
import { demoMessage, now, worldOf } from "../sync/world.ts";

export type Tenant = { accountId: string; read: string; write: string; inboxId: string };

export type TestServer = {
  server: FastifyInstance;
  database: Database;
  keys: Keys;
  admin: string;
  ours: Tenant;
  theirs: Tenant;
  nudges: () => number;
};

const keyFor = (database: Database, accountId: string | null, scope: "read" | "write" | "admin"): Promise<string> =>
  database.transaction(async (tx) => (await createApiKey(tx, accountId, { scope, label: scope }, now)).key);

/** An account with an inbox that has read a few lab mails. */
const makeTenant = async (database: Database, name: string): Promise<Tenant> => {
  const { id: accountId } = await database.transaction((tx) => upsertAccount(tx, { name, externalId: `crm-${name}` }, now));
  const inbox = await database.transaction((tx) =>
    createInbox(
      tx,
      accountId,
      {
        provider: "memory",
        address: `${name}@sales.example`,
        owner: { externalId: `user-${name}`, name },
        since: now - 86_400_000,
        nextPollAt: now,
      },
      now,
    ),
  );
  const messages = [
    "Sent/postfix-unknown-user",
    "INBOX/postfix-unknown-user",
    "Sent/postfix-greylist-expired",
    "INBOX/postfix-greylist-expired.delay",
  ].map(demoMessage);
  await worldOf(database, accountId, inbox, { messages }).turn();
  return {
    accountId,
    inboxId: inbox.id,
    read: await keyFor(database, accountId, "read"),
    write: await keyFor(database, accountId, "write"),
  };
};

/** `others`: further connectors, by name. */
export const startServer = async (
  deps: Partial<ApiDeps> = {},
  authorize?: Authorize,
  mailbox: MemoryMailbox = { messages: [] },
  others: Readonly<Record<string, Connector>> = {},
): Promise<TestServer> => {
  const keys = newKeys();
  const database = markingEffects(await openNew("sqlite", { keys }));
  const connector = memoryConnector(mailbox, authorize);
  // The same, with a page of the provider for each message.
  const openUrl = (address: string, ref: string) => `https://mail.example/${address}?${ref}`;
  const linked = { ...connector, describe: { ...connector.describe, openUrl } };
  const connecting: ConnectDeps = {
    database,
    keys,
    loadConnector: async (provider) => ({ ...others, memory: connector, linked })[provider] ?? null,
    tools: (_provider, credentials) => testTools({ app: { clientId: "app" }, credentials }),
    now: () => now,
  };
  const publicUrl = deps.publicUrl ?? (() => "http://bounceline.example");
  let nudges = 0;
  const server = Fastify({
    loggerInstance: pino({ level: "silent" }) as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => newId("req", now),
    routerOptions: { maxParamLength: 1000 },
  });
  const audit = openAuditLog(database, { error() {} });
  const openApi = await buildApi(server, {
    audit,
    database,
    keys,
    now: () => now,
    version: "0.0.0",
    connectInbox: async () => {
      throw new Error("no mail server in this test");
    },
    disconnectInbox: async (inbox) => (await disconnectInbox(connecting, inbox, "the CRM")).inbox,
    eraseContact: (accountId, contactId, by) => eraseContactForGood(connecting, accountId, contactId, by),
    eraseInbox: (inbox, by) => eraseInboxForGood(connecting, inbox, by),
    eraseAccount: (accountId, by) => eraseAccountForGood(connecting, accountId, by),
    describe: async () => null,
    nudge: () => {
      nudges += 1;
    },
    publicUrl,
    delivery: testDelivery({ database, keys }),
    limits: { requestsPerMinute: 600, failuresPerMinute: 60 },
    metrics: async () => ({ contentType: "text/plain", text: 'bounceline_inboxes{provider="gmail",state="watching"} 12\n' }),
    ready: async () => ({ ready: true, checks: { database: "ok" } }),
    ...deps,
  });
  await buildPages(server, {
    audit,
    keys,
    database,
    openApi,
    now: () => now,
    connecting,
    mailboxes: { ...connecting, log: quiet },
    publicUrl,
    providers: async () => [
      { name: "memory", label: "Memory", ready: true, origin: "https://provider.example" },
      { name: "later", label: "Later", ready: false, origin: null },
    ],
    operatorName: "Sales GmbH",
    privacyUrl: "https://sales.example/privacy",
    firstSyncDays: 30,
    askIspdb: false,
    nudge: () => {
      nudges += 1;
    },
  });
  await server.ready();
  afterThis(() => server.close());
  const ours = await makeTenant(database, "anna");
  const theirs = await makeTenant(database, "bob");
  return { server, database, keys, admin: await keyFor(database, null, "admin"), ours, theirs, nudges: () => nudges };
};

/** Asks as somebody with a key would. */
export const ask = async (
  server: FastifyInstance,
  key: string | null,
  method: "GET" | "POST" | "PATCH" | "DELETE" | "PUT",
  url: string,
  body?: object,
  headers: Record<string, string> = {},
) => {
  const response = await server.inject({
    method,
    url,
    ...(body && { payload: body }),
    headers: { ...headers, ...(key !== null && { authorization: `Bearer ${key}` }) },
  });
  const json = response.headers["content-type"]?.toString().includes("json") ? response.json() : null;
  return { status: response.statusCode, json, text: response.body, headers: response.headers };
};
