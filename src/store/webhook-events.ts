import { type ExpressionBuilder, sql } from "kysely";
import type { Json } from "../ports/connector.ts";
import type { Read, Tables } from "../ports/database.ts";
import type { StoredEvent } from "./events.ts";
import { fromJson } from "./json.ts";
import type { Webhook } from "./webhooks.ts";

/** What an endpoint gets next, and up to which sequence nothing else is for it. */
export type NextEvents = { events: StoredEvent[]; upTo: number };

/** Who follows the log, from where, and which events of it. */
export type Follower = Pick<Webhook, "accountId" | "position" | "includeBackfill" | "types">;

/** The next events for an endpoint after its position, in order. */
export const nextWebhookEvents = async (read: Read, webhook: Follower, limit: number): Promise<NextEvents> => {
  // The counter first: what it counts is there. An event that comes between the two reads is for the next look.
  const account = await read.selectFrom("accounts").select("event_seq").where("id", "=", webhook.accountId).executeTakeFirst();
  const newest = Math.max(account?.event_seq ?? 0, webhook.position);
  const rows = await forWebhook(read, webhook).where("seq", "<=", newest).selectAll().orderBy("seq").limit(limit).execute();
  const last = rows.at(-1);
  return { events: rows.map(toEvent), upTo: rows.length === limit && last ? last.seq : newest };
};

/** Nobody reads a larger number, and counting a long log takes its time. */
const countUpTo = 1_000;

/** How many events an endpoint has before it, 1,000 at most. */
export const countPending = async (read: Read, webhook: Webhook): Promise<number> => {
  const found = await read
    .selectFrom(forWebhook(read, webhook).select("seq").limit(countUpTo).as("waiting"))
    .select((eb) => eb.fn.countAll<number>().as("n"))
    .executeTakeFirstOrThrow();
  return Number(found.n);
};

/** One event of an account's log, or null when it is not there (any more). */
export const readWebhookEvent = async (read: Read, accountId: string, sequence: number): Promise<StoredEvent | null> => {
  const row = await read
    .selectFrom("events")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("seq", "=", sequence)
    .executeTakeFirst();
  return row ? toEvent(row) : null;
};

const forWebhook = (read: Read, webhook: Follower) => {
  let query = read.selectFrom("events").where("account_id", "=", webhook.accountId).where("seq", ">", webhook.position);
  if (!webhook.includeBackfill) query = query.where("backfill", "=", 0);
  if (!webhook.types.includes("*")) query = query.where((eb) => eb.or(webhook.types.map((type) => isOfType(eb, type))));
  return query;
};

const isOfType = (eb: ExpressionBuilder<Tables, "events">, type: string) => {
  if (!type.endsWith(".*")) return eb("type", "=", type);
  // `_` stands for any letter in a pattern, and is in the names of groups.
  return sql<boolean>`${eb.ref("type")} like ${`${type.slice(0, -1).replaceAll("_", "\\_")}%`} escape '\\'`;
};

const toEvent = (row: Tables["events"]): StoredEvent => ({
  id: row.id,
  type: row.type,
  at: row.at,
  sequence: row.seq,
  accountId: row.account_id,
  backfill: row.backfill === 1,
  data: fromJson<Json>(row.data),
});
