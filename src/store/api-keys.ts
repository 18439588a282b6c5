import type { Read, Tables, Write } from "../ports/database.ts";
import { newId } from "./ids.ts";
import { hashSecret, newSecret } from "./one-time-secret.ts";

export type Scope = Tables["api_keys"]["scope"];

/** What may be shown of a key. Times are epoch milliseconds. */
export type ApiKey = {
  id: string;
  accountId: string | null;
  scope: Scope;
  label: string;
  createdAt: number;
  /** From then on it opens nothing; it can lie ahead, while a rotation is under way. */
  revokedAt: number | null;
};

export type NewApiKey = { scope: Scope; label: string /** What the key begins with, `bl` by default. */; prefix?: string };

/**
 * Makes a key and returns it, in `key`, for the only time: `bl_<scope>_<random>`. `accountId` is null for an instance admin's.
 */
export const createApiKey = async (
  tx: Write,
  accountId: string | null,
  options: NewApiKey,
  now: number,
): Promise<ApiKey & { key: string }> => {
  const key = `${options.prefix ?? "bl"}_${options.scope}_${newSecret()}`;
  const row = {
    id: newId("key", now),
    account_id: accountId,
    scope: options.scope,
    label: options.label,
    hash: hashSecret(key),
    created_at: now,
    revoked_at: null,
  };
  await tx.insertInto("api_keys").values(row).execute();
  return { ...toApiKey(row), key };
};

/** Whose key this is, or null when it opens nothing (any more). */
export const verifyApiKey = async (
  read: Read,
  key: string,
  now: number,
): Promise<{ accountId: string | null; scope: Scope; keyId: string } | null> => {
  const row = await read.selectFrom("api_keys").selectAll().where("hash", "=", hashSecret(key)).executeTakeFirst();
  if (!row || (row.revoked_at !== null && row.revoked_at <= now)) return null;
  return { accountId: row.account_id, scope: row.scope, keyId: row.id };
};

/** Keys of one account, or of the instance's admins (null), oldest first. */
export const listApiKeys = async (read: Read, accountId: string | null): Promise<ApiKey[]> => {
  const rows = await read.selectFrom("api_keys").selectAll().where("account_id", "is not distinct from", accountId).orderBy("id").execute();
  return rows.map(toApiKey);
};

/** Makes a successor with the same scope and label; the old key goes on for `overlapMs`. Null when there is no such live key. */
export const rotateApiKey = async (
  tx: Write,
  accountId: string | null,
  keyId: string,
  options: { overlapMs: number },
  now: number,
): Promise<(ApiKey & { key: string }) | null> => {
  const old = await revokeApiKey(tx, accountId, keyId, now + options.overlapMs);
  return old && createApiKey(tx, accountId, { scope: old.scope, label: old.label }, now);
};

/** Ends a live key at `at`. Null when there is none. */
export const revokeApiKey = async (tx: Write, accountId: string | null, keyId: string, at: number): Promise<ApiKey | null> => {
  const row = await tx
    .updateTable("api_keys")
    .set({ revoked_at: at })
    .where("account_id", "is not distinct from", accountId)
    .where("id", "=", keyId)
    .where((eb) => eb.or([eb("revoked_at", "is", null), eb("revoked_at", ">", at)]))
    .returningAll()
    .executeTakeFirst();
  return row ? toApiKey(row) : null;
};

const toApiKey = (row: Tables["api_keys"]): ApiKey => ({
  id: row.id,
  accountId: row.account_id,
  scope: row.scope,
  label: row.label,
  createdAt: row.created_at,
  revokedAt: row.revoked_at,
});
