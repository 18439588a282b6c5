import type { DeliverDeps } from "../../src/deliver/deliver-webhook.ts";
import { deliverWebhook } from "../../src/deliver/deliver-webhook.ts";
import type { Database } from "../../src/ports/database.ts";
import { upsertAccount } from "../../src/store/accounts.ts";
import { appendEvents, type NewEvent } from "../../src/store/events.ts";
import type { Keys } from "../../src/store/secrets.ts";
import { dueWebhooks } from "../../src/store/webhook-turns.ts";
import { createWebhook, getWebhook, type NewWebhook, type Webhook } from "../../src/store/webhooks.ts";
import { type Engine, newKeys, openNew } from "../store/engines.ts";
import { now } from "../store/sample-mail.ts";
import { testDelivery } from "./test-delivery.ts";

export type World = {
  database: Database;
  keys: Keys;
  accountId: string;
  /** A clock that stands until a test moves it. */
  clock: { now: number };
  deps: DeliverDeps;
  happen: (count: number, event?: Partial<NewEvent>) => Promise<number>;
  endpoint: (wish: NewWebhook) => Promise<{ webhook: Webhook; secret: string }>;
  /** The endpoint as it is now. */
  look: (id: string) => Promise<Webhook>;
  /** Works what is due until nothing is. */
  deliver: (signal?: AbortSignal) => Promise<void>;
};

export const newWorld = async (engine: Engine, given: Partial<DeliverDeps> = {}): Promise<World> => {
  const keys = newKeys();
  const database = await openNew(engine, { keys });
  const clock = { now };
  const { id: accountId } = await database.transaction((tx) => upsertAccount(tx, { name: "Acme" }, now));
  const deps = testDelivery({ database, keys, now: () => clock.now, ...given });
  const due = () => dueWebhooks(database.read, clock.now, 100);
  return {
    database,
    keys,
    accountId,
    clock,
    deps,
    happen: async (count, event = {}) => {
      const events = Array.from({ length: count }, () => ({ type: "engagement.created", backfill: false, data: {}, ...event }));
      return (await database.transaction((tx) => appendEvents(tx, accountId, events, clock.now))) ?? 0;
    },
    endpoint: (wish) => database.transaction((tx) => createWebhook(tx, keys, accountId, wish, clock.now)),
    look: async (id) => {
      const row = await getWebhook(database.read, accountId, id);
      if (!row) throw new Error(`no webhook ${id}`);
      return row;
    },
    deliver: async (signal = new AbortController().signal) => {
      for (let work = await due(); work.length > 0; work = await due()) {
        await Promise.all(work.map((one) => deliverWebhook(deps, one, signal)));
        if (signal.aborted) return;
      }
    },
  };
};

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
