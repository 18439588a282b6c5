import type { Selectable } from "kysely";
import type { ConnectLinkState, Read, Tables, Write } from "../ports/database.ts";
import { appendEvents } from "./events.ts";
import { newId } from "./ids.ts";
import { fromJson, toJson } from "./json.ts";
import { hashSecret, newSecret } from "./one-time-secret.ts";

/** What the CRM wants connected. */
export type ConnectLinkWish = {
  owner: { externalId: string | null; name: string | null };
  /** The mailbox that must be signed in to; null: any. */
  expectedAddress: string | null;
  /** Providers to choose from; empty: all that are set up. */
  providers: string[];
  /** Set: this inbox is reconnected. */
  inboxId: string | null;
  language: string | null;
  /** Where the browser goes at the end; null: nowhere else. */
  returnUrl: string | null;
  sinceDays: number;
};

export type ConnectLink = {
  id: string;
  accountId: string;
  wish: ConnectLinkWish;
  state: ConnectLinkState;
  /** With completed: connected. With failed: denied, needs_admin, wrong_address, missing_permission or failed. */
  outcome: string | null;
  inboxId: string | null;
  expiresAt: number;
  createdAt: number;
  updatedAt: number;
};

/** Makes a link and returns its secret, for the only time. */
export const createConnectLink = async (
  tx: Write,
  accountId: string,
  wish: ConnectLinkWish,
  expiresAt: number,
  now: number,
): Promise<{ link: ConnectLink; secret: string }> => {
  const secret = newSecret();
  const row = await tx
    .insertInto("connect_links")
    .values({
      account_id: accountId,
      id: newId("lnk", now),
      secret_hash: hashSecret(secret),
      wish: toJson(wish),
      state: "open",
      outcome: null,
      inbox_id: null,
      expires_at: expiresAt,
      created_at: now,
      updated_at: now,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return { link: toLink(row, now), secret };
};

export const getConnectLink = async (read: Read, accountId: string, linkId: string, now: number): Promise<ConnectLink | null> => {
  const row = await read
    .selectFrom("connect_links")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("id", "=", linkId)
    .executeTakeFirst();
  return row ? toLink(row, now) : null;
};

/** The link a secret opens, whatever its state, or null. Looking uses nothing up: mail scanners open links. */
export const findConnectLink = async (read: Read, secret: string, now: number): Promise<ConnectLink | null> => {
  const row = await read.selectFrom("connect_links").selectAll().where("secret_hash", "=", hashSecret(secret)).executeTakeFirst();
  return row ? toLink(row, now) : null;
};

/** Its button was pressed: true for the first who does. A link whose sign-in failed can be used again until it expires. */
export const useConnectLink = async (tx: Write, accountId: string, linkId: string, now: number): Promise<boolean> => {
  const row = await tx
    .updateTable("connect_links")
    .set({ state: "used", updated_at: now })
    .where("account_id", "=", accountId)
    .where("id", "=", linkId)
    .where("state", "in", ["open", "used", "failed"])
    .where("expires_at", ">", now)
    .returning("id")
    .executeTakeFirst();
  return row !== undefined;
};

/** Writes how a link's sign-in ended, and its event. A completed link stays completed. */
export const settleConnectLink = async (
  tx: Write,
  accountId: string,
  linkId: string,
  end: { outcome: string; inboxId: string | null },
  now: number,
): Promise<void> => {
  const state: ConnectLinkState = end.inboxId === null ? "failed" : "completed";
  const row = await tx
    .updateTable("connect_links")
    .set({ state, outcome: end.outcome, inbox_id: end.inboxId, updated_at: now })
    .where("account_id", "=", accountId)
    .where("id", "=", linkId)
    .where("state", "!=", "completed")
    .returning("id")
    .executeTakeFirst();
  if (!row) return;
  const data = { connectLinkId: linkId, ...end };
  await appendEvents(tx, accountId, [{ type: `connect_link.${state}`, backfill: false, data }], now);
};

const toLink = (row: Selectable<Tables["connect_links"]>, now: number): ConnectLink => ({
  id: row.id,
  accountId: row.account_id,
  // Older ones have no address to return to.
  wish: { returnUrl: null, ...fromJson<Omit<ConnectLinkWish, "returnUrl">>(row.wish) },
  state: row.state !== "completed" && row.expires_at <= now ? "expired" : row.state,
  outcome: row.outcome,
  inboxId: row.inbox_id,
  expiresAt: row.expires_at,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});
