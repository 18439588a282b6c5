import type { Json } from "../ports/connector.ts";
import type { Flag, Read, Write } from "../ports/database.ts";
import { newId } from "./ids.ts";
import { inBatches } from "./in-batches.ts";
import { fromJson, toJson } from "./json.ts";

export type NewEvent = { type: string; backfill: boolean; data: Json };

/** One entry of an account's log. `sequence` counts from 1 without holes; `at` is epoch milliseconds. */
export type StoredEvent = { id: string; type: string; at: number; sequence: number; accountId: string; backfill: boolean; data: Json };

/**
 * Appends to the account's log and returns the newest sequence. The numbers come from the account's own counter, whose row stays
 * locked until the transaction ends: a follower misses none. Call it late in the transaction, and once.
 */
export const appendEvents = async (tx: Write, accountId: string, events: readonly NewEvent[], now: number): Promise<number | null> => {
  if (events.length === 0) return null;
  const { event_seq: last } = await tx
    .updateTable("accounts")
    .set((eb) => ({ event_seq: eb("event_seq", "+", events.length) }))
    .where("id", "=", accountId)
    .returning("event_seq")
    .executeTakeFirstOrThrow();
  const rows = events.map((event, i) => ({
    account_id: accountId,
    seq: last - events.length + 1 + i,
    id: newId("evt", now),
    type: event.type,
    at: now,
    backfill: (event.backfill ? 1 : 0) as Flag,
    data: toJson(event.data),
  }));
  await inBatches(rows, (batch) => tx.insertInto("events").values(batch).execute());
  return last;
};

/** Events after a sequence, in order. */
export const readEvents = async (read: Read, accountId: string, after: number, limit: number): Promise<StoredEvent[]> => {
  const rows = await read
    .selectFrom("events")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("seq", ">", after)
    .orderBy("seq")
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    type: row.type,
    at: row.at,
    sequence: row.seq,
    accountId: row.account_id,
    backfill: row.backfill === 1,
    data: fromJson<Json>(row.data),
  }));
};
