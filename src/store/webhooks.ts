import type { Selectable } from "kysely";
import type { Flag, Read, Tables, Write } from "../ports/database.ts";
import { newId } from "./ids.ts";
import { fromJson, toJson } from "./json.ts";
import { type ListOptions, type ListPage, listPage, pageLimit, readPosition } from "./list-page.ts";
import type { Keys } from "./secrets.ts";
import { newSigningSecret, sealSigningSecret, webhookSecrets } from "./webhook-secrets.ts";

/** An endpoint that an account's events are sent to, without its secrets. Times are epoch milliseconds. */
export type Webhook = {
  id: string;
  accountId: string;
  url: string;
  description: string | null;
  /** Types, `group.*`, or `*`. */
  types: string[];
  includeBackfill: boolean;
  enabled: boolean;
  disabledBecause: string | null;
  /** Every event up to this sequence is settled. */
  position: number;
  lastDeliveredSequence: number | null;
  lastDeliveredAt: number | null;
  /** How often the event that is next failed, and since when. */
  attempts: number;
  failingSince: number | null;
  dueAt: number;
  lastError: string | null;
  lastErrorAt: number | null;
  previousSecretUntil: number | null;
  createdAt: number;
  updatedAt: number;
};

export type NewWebhook = {
  url: string;
  description?: string | null;
  /** All by default. */
  types?: readonly string[];
  includeBackfill?: boolean;
  /** The sequence it begins after; by default only what happens from now on is sent. */
  after?: number;
};

/** Makes an endpoint and returns its secret, `whsec_` and 32 random bytes in base64, for the only time. */
export const createWebhook = async (
  tx: Write,
  keys: Keys,
  accountId: string,
  webhook: NewWebhook,
  now: number,
): Promise<{ webhook: Webhook; secret: string }> => {
  const { event_seq: newest } = await tx.selectFrom("accounts").select("event_seq").where("id", "=", accountId).executeTakeFirstOrThrow();
  const id = newId("whk", now);
  const secret = newSigningSecret();
  const row: Tables["webhooks"] = {
    account_id: accountId,
    id,
    url: webhook.url,
    description: webhook.description ?? null,
    types: toJson(webhook.types ?? ["*"]),
    include_backfill: flag(webhook.includeBackfill ?? true),
    enabled: 1,
    disabled_because: null,
    secret: sealSigningSecret(keys, { accountId, webhookId: id, column: "secret" }, secret),
    previous_secret: null,
    previous_until: null,
    fence: 1,
    position: Math.min(webhook.after ?? newest, newest),
    delivered_seq: null,
    delivered_at: null,
    attempts: 0,
    failing_since: null,
    due_at: now,
    busy_until: null,
    last_error: null,
    last_error_at: null,
    created_at: now,
    updated_at: now,
  };
  await tx.insertInto("webhooks").values(row).execute();
  return { webhook: toWebhook(row), secret };
};

export const getWebhook = async (read: Read, accountId: string, webhookId: string): Promise<Webhook | null> => {
  const row = await read
    .selectFrom("webhooks")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("id", "=", webhookId)
    .executeTakeFirst();
  return row ? toWebhook(row) : null;
};

/** The endpoints of an account, oldest first. */
export const listWebhooks = async (read: Read, accountId: string, options: ListOptions = {}): Promise<ListPage<Webhook>> => {
  const after = readPosition(options);
  let query = read
    .selectFrom("webhooks")
    .selectAll()
    .where("account_id", "=", accountId)
    .orderBy("id")
    .limit(pageLimit(options) + 1);
  if (after) query = query.where("id", ">", after[1]);
  return listPage(await query.execute(), options, (row) => [row.created_at, row.id], toWebhook);
};

export type WebhookChanges = {
  url?: string | undefined;
  description?: string | null | undefined;
  types?: readonly string[] | undefined;
  includeBackfill?: boolean | undefined;
  enabled?: boolean | undefined;
  /** Go back, never ahead: everything after this sequence is sent (again). */
  replayAfter?: number | undefined;
};

/**
 * Changes what is given, and tries the event that is next at once: who changes something has a reason to think that it works now.
 * A request under way ends, and moves nothing. Null when there is no such endpoint.
 */
export const updateWebhook = async (
  tx: Write,
  accountId: string,
  webhookId: string,
  changes: WebhookChanges,
  now: number,
): Promise<Webhook | null> => {
  const { replayAfter } = changes;
  const row = await tx
    .updateTable("webhooks")
    .set((eb) => ({
      ...tryAnew(now),
      fence: eb("fence", "+", 1),
      updated_at: now,
      ...(changes.url !== undefined && { url: changes.url }),
      ...(changes.description !== undefined && { description: changes.description }),
      ...(changes.types !== undefined && { types: toJson(changes.types) }),
      ...(changes.includeBackfill !== undefined && { include_backfill: flag(changes.includeBackfill) }),
      ...(changes.enabled !== undefined && { enabled: flag(changes.enabled), disabled_because: changes.enabled ? null : "asked" }),
      ...(replayAfter !== undefined && {
        position: eb.case().when("position", ">", replayAfter).then(replayAfter).else(eb.ref("position")).end(),
      }),
    }))
    .where("account_id", "=", accountId)
    .where("id", "=", webhookId)
    .returningAll()
    .executeTakeFirst();
  return row ? toWebhook(row) : null;
};

/** Forgets an endpoint, its secrets and its dead letters. False when there is none. */
export const deleteWebhook = async (tx: Write, accountId: string, webhookId: string): Promise<boolean> => {
  await tx.deleteFrom("webhook_letters").where("account_id", "=", accountId).where("webhook_id", "=", webhookId).execute();
  const gone = await tx
    .deleteFrom("webhooks")
    .where("account_id", "=", accountId)
    .where("id", "=", webhookId)
    .returning("id")
    .executeTakeFirst();
  return gone !== undefined;
};

/**
 * Makes a new secret and returns it, for the only time. Until `overlapMs` has passed each request bears a signature of both; of
 * a rotation before that, nothing stays. Null when there is no such endpoint.
 */
export const rotateWebhookSecret = async (
  tx: Write,
  keys: Keys,
  accountId: string,
  webhookId: string,
  options: { overlapMs: number },
  now: number,
): Promise<{ webhook: Webhook; secret: string } | null> => {
  const [current] = (await webhookSecrets(tx, keys, accountId, webhookId, now)) ?? [];
  if (current === undefined) return null;
  const secret = newSigningSecret();
  const overlaps = options.overlapMs > 0;
  const row = await tx
    .updateTable("webhooks")
    .set((eb) => ({
      ...tryAnew(now),
      fence: eb("fence", "+", 1),
      updated_at: now,
      secret: sealSigningSecret(keys, { accountId, webhookId, column: "secret" }, secret),
      previous_secret: overlaps ? sealSigningSecret(keys, { accountId, webhookId, column: "previous_secret" }, current) : null,
      previous_until: overlaps ? now + options.overlapMs : null,
    }))
    .where("account_id", "=", accountId)
    .where("id", "=", webhookId)
    .returningAll()
    .executeTakeFirstOrThrow();
  return { webhook: toWebhook(row), secret };
};

/** The lease stays: whoever is at it notices by the fence, and only then somebody else begins. */
const tryAnew = (now: number) => ({ attempts: 0, failing_since: null, due_at: now });

const flag = (value: boolean): Flag => (value ? 1 : 0);

export const toWebhook = (row: Selectable<Tables["webhooks"]>): Webhook => ({
  id: row.id,
  accountId: row.account_id,
  url: row.url,
  description: row.description,
  types: fromJson<string[]>(row.types),
  includeBackfill: row.include_backfill === 1,
  enabled: row.enabled === 1,
  disabledBecause: row.disabled_because,
  position: row.position,
  lastDeliveredSequence: row.delivered_seq,
  lastDeliveredAt: row.delivered_at,
  attempts: row.attempts,
  failingSince: row.failing_since,
  dueAt: row.due_at,
  lastError: row.last_error,
  lastErrorAt: row.last_error_at,
  previousSecretUntil: row.previous_until,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});
