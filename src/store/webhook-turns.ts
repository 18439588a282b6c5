import { type ExpressionBuilder, sql } from "kysely";
import type { Read, Tables, Write } from "../ports/database.ts";
import { appendEvents } from "./events.ts";
import { type FollowerStep, followerColumns, nobodyAtIt } from "./follower.ts";
import { toWebhook, type Webhook } from "./webhooks.ts";

export type DueWebhook = { accountId: string; webhookId: string };

/** Under which claim a worker delivers. */
export type WebhookClaim = DueWebhook & { fence: number };

/** Endpoints that have something to be sent and nobody at it, of all accounts, the longest due first. */
export const dueWebhooks = async (read: Read, now: number, limit: number): Promise<DueWebhook[]> => {
  const rows = await read
    .selectFrom("webhooks as w")
    .innerJoin("accounts as a", "a.id", "w.account_id")
    .select(["w.account_id", "w.id"])
    .where("w.enabled", "=", 1)
    .where("w.due_at", "<=", now)
    .where(nobodyAtIt("w.busy_until", now))
    .where((eb) => eb.or([eb("w.position", "<", eb.ref("a.event_seq")), eb.exists(dueLetter(eb, now))]))
    .orderBy("w.due_at")
    .limit(limit)
    .execute();
  return rows.map((row) => ({ accountId: row.account_id, webhookId: row.id }));
};

const dueLetter = (eb: ExpressionBuilder<Tables & { w: Tables["webhooks"] }, "w">, now: number) =>
  eb
    .selectFrom("webhook_letters as l")
    .select(sql.lit(1).as("one"))
    .whereRef("l.account_id", "=", "w.account_id")
    .whereRef("l.webhook_id", "=", "w.id")
    .where("l.due_at", "<=", now);

/**
 * Begins a turn: raises the fence, and nobody else begins one until it ends or `busyUntil` has passed. Null when there is nothing
 * to begin: disabled, waiting, or somebody else is at it.
 */
export const claimWebhook = async (
  tx: Write,
  { accountId, webhookId }: DueWebhook,
  options: { busyUntil: number },
  now: number,
): Promise<{ webhook: Webhook; claim: WebhookClaim } | null> => {
  const row = await tx
    .updateTable("webhooks")
    .set((eb) => ({ fence: eb("fence", "+", 1), busy_until: options.busyUntil }))
    .where("account_id", "=", accountId)
    .where("id", "=", webhookId)
    .where("enabled", "=", 1)
    .where("due_at", "<=", now)
    .where(nobodyAtIt("busy_until", now))
    .returningAll()
    .executeTakeFirst();
  return row ? { webhook: toWebhook(row), claim: { accountId, webhookId, fence: row.fence } } : null;
};

/** What became of an endpoint's next event, and how the turn goes on. */
export type WebhookStep =
  | FollowerStep
  /** 410: nothing is sent any more, and the account is told by `webhook.disabled`. */
  | { kind: "gone"; error: string }
  /** Something outside the order was sent: the turn goes on. */
  | { kind: "held"; busyUntil: number };

/** Writes a step under the claim. False when somebody changed or claimed the endpoint meanwhile: nothing was written. */
export const saveWebhookStep = async (tx: Write, claim: WebhookClaim, step: WebhookStep, now: number): Promise<boolean> => {
  const row = await tx
    .updateTable("webhooks")
    .set(columnsOf(step, now))
    .where("account_id", "=", claim.accountId)
    .where("id", "=", claim.webhookId)
    .where("fence", "=", claim.fence)
    .returning(["delivered_seq"])
    .executeTakeFirst();
  if (!row) return false;
  if (step.kind === "dead") await makeDeadLetter(tx, claim, step, now);
  if (step.kind === "gone") {
    const data = { webhookId: claim.webhookId, because: "gone", lastDeliveredSequence: row.delivered_seq };
    await appendEvents(tx, claim.accountId, [{ type: "webhook.disabled", backfill: false, data }], now);
  }
  return true;
};

/**
 * Ends the lease of a claim that was lost to a change, so that others need not wait it out. `heldUntil` is what the claim wrote
 * last: a later claim's lease stays.
 */
export const releaseWebhook = async (tx: Write, { accountId, webhookId }: WebhookClaim, heldUntil: number): Promise<void> => {
  await tx
    .updateTable("webhooks")
    .set({ busy_until: null })
    .where("account_id", "=", accountId)
    .where("id", "=", webhookId)
    .where("busy_until", "=", heldUntil)
    .execute();
};

const columnsOf = (step: WebhookStep, now: number) => {
  if (step.kind === "held") return { busy_until: step.busyUntil };
  if (step.kind === "taken") return { ...followerColumns(step, now), delivered_seq: step.sequence, delivered_at: now };
  if (step.kind !== "gone") return followerColumns(step, now);
  const { error, kind } = step;
  const end = { busy_until: null, due_at: now, attempts: 0, failing_since: null };
  return { ...end, enabled: 0 as const, disabled_because: kind, last_error: error, last_error_at: now };
};

const makeDeadLetter = (tx: Write, claim: WebhookClaim, { sequence, error }: { sequence: number; error: string }, now: number) =>
  tx
    .insertInto("webhook_letters")
    .values({
      account_id: claim.accountId,
      webhook_id: claim.webhookId,
      seq: sequence,
      attempts: 0,
      due_at: null,
      failing_since: null,
      error,
      created_at: now,
    })
    .onConflict((conflict) => conflict.columns(["account_id", "webhook_id", "seq"]).doUpdateSet({ due_at: null, error, created_at: now }))
    .execute();
