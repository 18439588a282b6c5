import type { Write } from "../ports/database.ts";
import { keptMs } from "./idempotency-keys.ts";

/** How long things are kept, in milliseconds. */
export type Retention = { headerFactsMs: number; noticesMs: number; eventsMs: number; auditMs: number };

const day = 24 * 3_600_000;
const defaultRetention: Retention = { headerFactsMs: 30 * day, noticesMs: 90 * day, eventsMs: 90 * day, auditMs: 400 * day };

/**
 * Deletes what an account has kept long enough: the header facts of ordinary mail, the text of notices and who may read it, traces,
 * events, which states inboxes were in, and answers to keyed requests. The narrow rows stay: they say what was seen, and hold no subject
 * and no address.
 */
export const forgetOld = async (tx: Write, accountId: string, now: number, retention: Retention = defaultRetention): Promise<void> => {
  await tx
    .updateTable("seen_messages")
    .set({ facts: null, near_miss: null })
    .where("account_id", "=", accountId)
    .where("seen_at", "<", now - retention.headerFactsMs)
    .where("facts", "is not", null)
    .execute();
  const old = tx
    .selectFrom("notices")
    .select("id")
    .where("account_id", "=", accountId)
    .where("detected_at", "<", now - retention.noticesMs);
  await tx.deleteFrom("notice_sources").where("account_id", "=", accountId).where("notice_id", "in", old).execute();
  const keptByTime = [
    ["notice_shares", retention.noticesMs],
    ["traces", retention.noticesMs],
    ["events", retention.eventsMs],
    ["audit_log", retention.auditMs],
    ["inbox_states", retention.eventsMs],
  ] as const;
  for (const [table, kept] of keptByTime) {
    await tx
      .deleteFrom(table)
      .where("account_id", "=", accountId)
      .where("at", "<", now - kept)
      .execute();
  }
  // Admins belong to no account: theirs go with anybody's.
  await tx
    .deleteFrom("idempotency_keys")
    .where("account_id", "in", [accountId, ""])
    .where("began_at", "<=", now - keptMs)
    .execute();
  // Letters whose events went just now.
  await tx
    .deleteFrom("webhook_letters")
    .where("account_id", "=", accountId)
    .where("seq", "<", (eb) =>
      eb
        .selectFrom("events")
        .select((e) => e.fn.min("seq").as("oldest"))
        .where("account_id", "=", accountId),
    )
    .execute();
};
