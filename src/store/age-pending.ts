import type { Database, Read } from "../ports/database.ts";
import { appendHistory } from "./append-history.ts";
import { appendEvents } from "./events.ts";

const atOnce = 100;

/** Accounts that have pending engagements whose time is up. */
export const accountsWithAgedPending = async (read: Read, now: number): Promise<string[]> => {
  const rows = await read
    .selectFrom("engagements")
    .select("account_id")
    .distinct()
    .where("pending_until", "<=", now)
    .orderBy("account_id")
    .execute();
  return rows.map((row) => row.account_id);
};

/** Makes an account's pending engagements soft when their time is up, with their events. Returns how many. */
export const agePending = async (database: Database, accountId: string, now: number): Promise<number> => {
  let total = 0;
  for (;;) {
    const aged = await database.transaction(async (tx) => {
      const due = await tx
        .selectFrom("engagements")
        .select(["id", "pending_until"])
        .where("account_id", "=", accountId)
        .where("pending_until", "<=", now)
        .orderBy("pending_until")
        .limit(atOnce)
        .execute();
      const additions = due.map((row) => ({ engagementId: row.id, entry: agedEntry(row.pending_until ?? now, now) }));
      const { events } = await appendHistory(tx, accountId, additions, now);
      await appendEvents(tx, accountId, events, now);
      // Counted by what changed, so that an entry that was there already cannot make this go round for ever.
      return events.length;
    });
    total += aged;
    if (aged < atOnce) return total;
  }
};

const agedEntry = (pendingUntil: number, now: number) => ({
  // A later Will-Retry-Until makes a later end: each end is an entry of its own.
  fingerprint: `aged/${pendingUntil}`,
  state: "soft" as const,
  because: "aged_72h" as const,
  occurredAt: pendingUntil,
  at: now,
  noticeId: null,
  backfill: false,
  facts: null,
});
