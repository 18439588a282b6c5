import type { Database, Read } from "../ports/database.ts";
import { appendEvents } from "./events.ts";
import { readNotices } from "./notices.ts";
import { tieNotices } from "./tie-notices.ts";

/** Notices of one transaction: few enough that nobody waits long for it. */
const atOnce = 100;

/** Accounts that have notices whose wait is over. */
export const accountsWithExpiredNotices = async (read: Read, now: number): Promise<string[]> => {
  const rows = await read
    .selectFrom("notices")
    .select("account_id")
    .distinct()
    .where("waits_until", "<=", now)
    .orderBy("account_id")
    .execute();
  return rows.map((row) => row.account_id);
};

/** Accounts that have notices which still wait. */
export const accountsWithWaitingNotices = async (read: Read): Promise<string[]> => {
  const rows = await read
    .selectFrom("notices")
    .select("account_id")
    .distinct()
    .where("waits_until", "is not", null)
    .orderBy("account_id")
    .execute();
  return rows.map((row) => row.account_id);
};

/**
 * Ends the wait of an account's notices that waited long enough: their ancestors count now, and what stays untied becomes
 * `unmatched` or `not_ours`, with its event. Returns how many waits ended.
 */
export const expireWaiting = async (database: Database, accountId: string, now: number): Promise<number> => {
  let total = 0;
  for (;;) {
    const ended = await database.transaction(async (tx) => {
      const due = await tx
        .selectFrom("notices")
        .select("id")
        .where("account_id", "=", accountId)
        .where("waits_until", "<=", now)
        .orderBy("waits_until")
        .limit(atOnce)
        .execute();
      const ids = due.map((row) => row.id);
      await appendEvents(tx, accountId, await tieNotices(tx, accountId, ids, { waitingIsOver: true }, now), now);
      return ids.length;
    });
    total += ended;
    if (ended < atOnce) return total;
  }
};

/**
 * Tries an account's waiting notices again. For the schedule: a new sent message wakes its notices by itself, unless the two were
 * saved by two workers in the same moment, neither of which saw the other's. Returns how many no longer wait.
 */
export const retryWaiting = async (database: Database, accountId: string, now: number): Promise<number> => {
  let tied = 0;
  for (let after = ""; ; ) {
    const { last, done } = await database.transaction(async (tx) => {
      const rows = await tx
        .selectFrom("notices")
        .select("id")
        .where("account_id", "=", accountId)
        .where("state", "=", "waiting")
        .where("id", ">", after)
        .orderBy("id")
        .limit(atOnce)
        .execute();
      const ids = rows.map((row) => row.id);
      await appendEvents(tx, accountId, await tieNotices(tx, accountId, ids, { waitingIsOver: false }, now), now);
      const still = (await readNotices(tx, accountId, ids)).filter((notice) => notice.state === "waiting").length;
      return { last: rows.length === atOnce ? ids.at(-1) : undefined, done: ids.length - still };
    });
    tied += done;
    if (last === undefined) return tied;
    after = last;
  }
};
