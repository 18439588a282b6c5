/** A small world for tests of the sync loop: an account with an inbox on a mailbox in memory, filled with lab mails. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Database } from "../../src/ports/database.ts";
import type { Before } from "../../src/ports/jobs.ts";
import { upsertAccount } from "../../src/store/accounts.ts";
import { listEngagements } from "../../src/store/engagements.ts";
import { readEvents } from "../../src/store/events.ts";
import { createInbox, getInbox, type Inbox } from "../../src/store/inboxes.ts";
import { listNotices } from "../../src/store/notices.ts";
import { pollNow } from "../../src/store/turns.ts";
import type { TurnEnd } from "../../src/sync/next-poll.ts";
import { type SyncDeps, syncInbox } from "../../src/sync/sync-inbox.ts";
import { type MemoryMailbox, type MemoryMessage, memoryConnector } from "../fakes/memory-connector.ts";
import { newKeys, quiet } from "../store/engines.ts";

/** The time in these tests, unless a test has a clock of its own. */
export const now = Date.UTC(2026, 10, 25, 17);

const demo = join(import.meta.dirname, "../../src/cli/demo-mailbox");

/** A message of the demo's mailbox; its ref is its path. */
export const demoMessage = (path: string): MemoryMessage => ({
  ref: path,
  role: path.startsWith("Sent/") ? "sent" : "inbox",
  raw: readFileSync(join(demo, `${path}.eml`)),
  receivedAt: now - 3_600_000,
});

/** An ordinary received message. */
export const ordinary = (n: number): MemoryMessage => ({
  ref: `ordinary-${n}`,
  role: "inbox",
  raw: Buffer.from(
    `From: Eva <eva@customer.example>\r\nTo: sales@sales.example\r\nSubject: Lunch\r\nMessage-ID: <o${n}@customer.example>\r\n\r\nHello\r\n`,
  ),
  receivedAt: now - 1_800_000,
});

export type World = {
  database: Database;
  accountId: string;
  inbox: Inbox;
  mailbox: MemoryMailbox;
  /** Makes the inbox due and runs one turn. */
  turn: (options?: { signal?: AbortSignal; before?: Before; deps?: Partial<SyncDeps> }) => Promise<TurnEnd | null>;
  /** What a person would see, without ids. */
  seen: () => Promise<{ bounces: string[]; notices: string[]; events: string[]; cursor: unknown; owed: number; state: string }>;
};

export const makeWorld = async (database: Database, mailbox: MemoryMailbox, clock: () => number = () => now): Promise<World> => {
  const account = await database.transaction((tx) => upsertAccount(tx, { name: "Sales" }, now));
  const inbox = await database.transaction((tx) =>
    createInbox(tx, account.id, { provider: "memory", address: "sales@sales.example", since: now - 30 * 86_400_000, nextPollAt: now }, now),
  );
  return worldOf(database, account.id, inbox, mailbox, clock);
};

export const worldOf = (
  database: Database,
  accountId: string,
  inbox: Inbox,
  mailbox: MemoryMailbox,
  clock: () => number = () => now,
): World => {
  const connector = memoryConnector(mailbox);
  const deps: SyncDeps = {
    database,
    keys: newKeys(),
    loadConnector: async () => connector,
    tools: (_provider, credentials, signal) => ({
      app: null,
      signal,
      now: clock,
      log: quiet,
      limiter: { take: async () => {}, pause: () => {} },
      places: { wait: async () => () => {}, ifFree: () => () => {} },
      dial: async () => ({ address: "", port: 0, servername: "" }),
      credentials,
    }),
    now: clock,
    log: quiet,
    tell() {},
    pollEveryMs: 60_000,
    turnMs: 60_000,
    maxMessageBytes: 25_000_000,
  };
  return {
    database,
    accountId,
    inbox,
    mailbox,
    turn: async (options = {}) => {
      await database.transaction((tx) => pollNow(tx, accountId, inbox.id, clock()));
      const { signal = new AbortController().signal, before = "ended" } = options;
      return syncInbox({ ...deps, ...options.deps }, { accountId, inboxId: inbox.id }, signal, { before });
    },
    seen: () => seenIn(database, accountId, inbox.id),
  };
};

const seenIn = async (database: Database, accountId: string, inboxId: string): ReturnType<World["seen"]> => {
  const { read } = database;
  const { data: bounces } = await listEngagements(read, accountId, { limit: 200 });
  const { data: notices } = await listNotices(read, accountId, { limit: 200 });
  const row = await read.selectFrom("inboxes").select("cursor").where("id", "=", inboxId).executeTakeFirstOrThrow();
  const owed = await read.selectFrom("owed").select("ref").where("inbox_id", "=", inboxId).execute();
  const after = await getInbox(read, accountId, inboxId);
  return {
    bounces: bounces
      .map((b) => `${b.state} ${b.recipient.address} ${b.sentMessage.messageId} v${b.version} ${b.history.map((h) => h.state).join(">")}`)
      .sort(),
    notices: notices.map((n) => `${n.state} ${n.ref}`).sort(),
    events: (await readEvents(read, accountId, 0, 1000)).map((e) => e.type).sort(),
    cursor: row.cursor === null ? null : JSON.parse(row.cursor),
    owed: owed.length,
    state: after?.state ?? "",
  };
};
