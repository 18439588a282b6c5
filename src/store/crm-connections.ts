import type { Selectable } from "kysely";
import type { Json } from "../ports/connector.ts";
import type { Flag, Read, Tables, Write } from "../ports/database.ts";
import { fromJson } from "./json.ts";
import { type Keys, open, type SealedAt, seal, sealedWith } from "./secrets.ts";

/** The CRM that an account's bounces are written to, without its token. Times are epoch milliseconds. */
export type CrmConnection = {
  accountId: string;
  kind: string;
  includeBackfill: boolean;
  /** Every event up to this sequence is settled. */
  position: number;
  lastWrittenAt: number | null;
  /** How often the event that is next failed, and since when. */
  attempts: number;
  failingSince: number | null;
  dueAt: number;
  lastError: string | null;
  lastErrorAt: number | null;
  /** What was found out about the CRM. */
  memory: Json;
  createdAt: number;
};

export type NewCrmConnection = {
  kind: string;
  token: string;
  includeBackfill: boolean;
  memory: Json;
  /** The sequence it begins after; by default only what happens from now on is written. */
  after?: number | undefined;
};

/**
 * Connects an account's CRM. A connection of the same kind gets the new token and goes on where it was, at once; what was
 * written stays known, because the same bounce is found in the CRM by its id in any case.
 */
export const saveCrmConnection = async (
  tx: Write,
  keys: Keys,
  accountId: string,
  wish: NewCrmConnection,
  now: number,
): Promise<CrmConnection> => {
  const { event_seq: newest } = await tx.selectFrom("accounts").select("event_seq").where("id", "=", accountId).executeTakeFirstOrThrow();
  const fresh = {
    token: seal(keys, place(accountId), wish.token),
    memory: JSON.stringify(wish.memory),
    include_backfill: (wish.includeBackfill ? 1 : 0) as Flag,
    attempts: 0,
    failing_since: null,
    due_at: now,
    last_error: null,
    last_error_at: null,
  };
  const begin = Math.min(wish.after ?? newest, newest);
  const made = { account_id: accountId, kind: wish.kind, fence: 1, position: begin, written_at: null, busy_until: null, created_at: now };
  const row = await tx
    .insertInto("crm_connections")
    .values({ ...made, ...fresh })
    .onConflict((conflict) =>
      conflict.column("account_id").doUpdateSet((eb) => ({
        ...fresh,
        fence: eb("crm_connections.fence", "+", 1),
        ...(wish.after !== undefined && { position: begin }),
      })),
    )
    .returningAll()
    .executeTakeFirstOrThrow();
  return toCrmConnection(row);
};

export const getCrmConnection = async (read: Read, accountId: string): Promise<CrmConnection | null> => {
  const row = await read.selectFrom("crm_connections").selectAll().where("account_id", "=", accountId).executeTakeFirst();
  return row ? toCrmConnection(row) : null;
};

/** Forgets the connection, its token, and what was written where; what is in the CRM stays there. False when there is none. */
export const deleteCrmConnection = async (tx: Write, accountId: string): Promise<boolean> => {
  for (const table of ["crm_links", "crm_dead_letters"] as const) await tx.deleteFrom(table).where("account_id", "=", accountId).execute();
  const gone = await tx.deleteFrom("crm_connections").where("account_id", "=", accountId).returning("account_id").executeTakeFirst();
  return gone !== undefined;
};

/** The token of an account's CRM; null when none is connected. */
export const readCrmToken = async (read: Read, keys: Keys, accountId: string): Promise<string | null> => {
  const row = await read.selectFrom("crm_connections").select("token").where("account_id", "=", accountId).executeTakeFirst();
  return row ? open(keys, place(accountId), row.token) : null;
};

/** Seals all tokens anew under the newest key; part of `resealSecrets`. Returns how many. */
export const resealCrmTokens = async (tx: Write, keys: Keys): Promise<number> => {
  const rows = await tx.selectFrom("crm_connections").select(["account_id", "token"]).execute();
  const old = rows.filter((row) => sealedWith(row.token) !== keys.sealing[0]?.id);
  for (const { account_id, token } of old) {
    const sealed = seal(keys, place(account_id), open(keys, place(account_id), token));
    await tx.updateTable("crm_connections").set({ token: sealed }).where("account_id", "=", account_id).execute();
  }
  return old.length;
};

const place = (accountId: string): SealedAt => ({ table: "crm_connections", accountId, row: accountId, column: "token" });

export const toCrmConnection = (row: Selectable<Tables["crm_connections"]>): CrmConnection => ({
  accountId: row.account_id,
  kind: row.kind,
  includeBackfill: row.include_backfill === 1,
  position: row.position,
  lastWrittenAt: row.written_at,
  attempts: row.attempts,
  failingSince: row.failing_since,
  dueAt: row.due_at,
  lastError: row.last_error,
  lastErrorAt: row.last_error_at,
  memory: fromJson<Json>(row.memory),
  createdAt: row.created_at,
});
