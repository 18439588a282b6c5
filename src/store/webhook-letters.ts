import type { Read, Write } from "../ports/database.ts";
import { type ListOptions, type ListPage, listPage, pageLimit, readPosition } from "./list-page.ts";
import type { WebhookClaim } from "./webhook-turns.ts";

/** An event that was given up for an endpoint. Times are epoch milliseconds. */
export type DeadLetter = { sequence: number; eventId: string; type: string; error: string | null; at: number };

/** An event somebody asked for (again), outside the order. */
export type DueLetter = { sequence: number; attempts: number; failingSince: number | null };

/** Dead letters of an endpoint, oldest event first, as long as the log has their events. */
export const listDeadLetters = async (
  read: Read,
  accountId: string,
  webhookId: string,
  options: ListOptions = {},
): Promise<ListPage<DeadLetter>> => {
  const after = readPosition(options);
  let query = read
    .selectFrom("webhook_letters as l")
    .innerJoin("events as e", (join) => join.onRef("e.account_id", "=", "l.account_id").onRef("e.seq", "=", "l.seq"))
    .select(["l.seq", "e.id", "e.type", "l.error", "l.created_at"])
    .where("l.account_id", "=", accountId)
    .where("l.webhook_id", "=", webhookId)
    .where("l.due_at", "is", null)
    .orderBy("l.seq")
    .limit(pageLimit(options) + 1);
  if (after) query = query.where("l.seq", ">", Number(after[0]));
  return listPage(
    await query.execute(),
    options,
    (row) => [row.seq, row.id],
    (row) => ({ sequence: row.seq, eventId: row.id, type: row.type, error: row.error, at: row.created_at }),
  );
};

/** Sends one event of the log to an endpoint again, outside the order. False when there is no such endpoint or event. */
export const queueLetter = async (tx: Write, accountId: string, webhookId: string, sequence: number, now: number): Promise<boolean> => {
  const anew = { attempts: 0, due_at: now, failing_since: null };
  const made = await tx
    .insertInto("webhook_letters")
    .columns(["account_id", "webhook_id", "seq", "attempts", "due_at", "failing_since", "error", "created_at"])
    // From their own rows: no letter without an endpoint and an event of this account.
    .expression((eb) =>
      eb
        .selectFrom("webhooks as w")
        .innerJoin("events as e", "e.account_id", "w.account_id")
        .select([
          "w.account_id",
          "w.id as webhook_id",
          "e.seq",
          eb.lit(0).as("attempts"),
          eb.cast<number>(eb.val(now), "bigint").as("due_at"),
          eb.cast<number | null>(eb.lit(null), "bigint").as("failing_since"),
          eb.cast<string | null>(eb.lit(null), "text").as("error"),
          eb.cast<number>(eb.val(now), "bigint").as("created_at"),
        ])
        .where("w.account_id", "=", accountId)
        .where("w.id", "=", webhookId)
        .where("e.seq", "=", sequence),
    )
    .onConflict((conflict) => conflict.columns(["account_id", "webhook_id", "seq"]).doUpdateSet(anew))
    .returning("seq")
    .executeTakeFirst();
  return made !== undefined;
};

/** Sends all dead letters of an endpoint again. Returns how many. */
export const queueDeadLetters = async (tx: Write, accountId: string, webhookId: string, now: number): Promise<number> => {
  const rows = await tx
    .updateTable("webhook_letters")
    .set({ attempts: 0, due_at: now, failing_since: null })
    .where("account_id", "=", accountId)
    .where("webhook_id", "=", webhookId)
    .where("due_at", "is", null)
    .returning("seq")
    .execute();
  return rows.length;
};

/** What is due outside the order, the lowest sequence first. */
export const dueLetters = async (read: Read, accountId: string, webhookId: string, now: number, limit: number): Promise<DueLetter[]> => {
  const rows = await read
    .selectFrom("webhook_letters")
    .select(["seq", "attempts", "failing_since"])
    .where("account_id", "=", accountId)
    .where("webhook_id", "=", webhookId)
    .where("due_at", "<=", now)
    .orderBy("seq")
    .limit(limit)
    .execute();
  return rows.map((row) => ({ sequence: row.seq, attempts: row.attempts, failingSince: row.failing_since }));
};

/** Accepted (or of an event the log no longer has): it is done. */
export const deleteLetter = async (tx: Write, { accountId, webhookId }: WebhookClaim, sequence: number): Promise<void> => {
  await tx
    .deleteFrom("webhook_letters")
    .where("account_id", "=", accountId)
    .where("webhook_id", "=", webhookId)
    .where("seq", "=", sequence)
    .execute();
};

/** Refused: due again at `dueAt`, or, with null, a dead letter (again). */
export const failLetter = async (
  tx: Write,
  { accountId, webhookId }: WebhookClaim,
  sequence: number,
  failure: { error: string; dueAt: number | null },
  now: number,
): Promise<void> => {
  await tx
    .updateTable("webhook_letters")
    .set((eb) => ({
      attempts: eb("attempts", "+", 1),
      failing_since: eb.fn.coalesce("failing_since", eb.val(now)),
      due_at: failure.dueAt,
      error: failure.error,
    }))
    .where("account_id", "=", accountId)
    .where("webhook_id", "=", webhookId)
    .where("seq", "=", sequence)
    .execute();
};
