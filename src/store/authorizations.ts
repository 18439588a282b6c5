import type { Json } from "../ports/connector.ts";
import type { Write } from "../ports/database.ts";
import { hashSecret, newSecret } from "./one-time-secret.ts";
import { type Keys, open, type SealedAt, seal } from "./secrets.ts";

/** How long a person may take to sign in at the provider. */
const lifeMs = 15 * 60_000;

/**
 * Keeps what a sign-in needs when the browser comes back (sealed), and returns the `state` that goes to the provider and the
 * secret that binds the sign-in to the browser, as a cookie: a stolen `state` alone connects nothing (RFC 9700, 4.7).
 */
export const createAuthorization = async (
  tx: Write,
  keys: Keys,
  accountId: string,
  kept: Json,
  now: number,
): Promise<{ state: string; browser: string }> => {
  const state = newSecret();
  const browser = newSecret();
  const stateHash = hashSecret(state);
  await tx
    .insertInto("authorizations")
    .values({
      account_id: accountId,
      state_hash: stateHash,
      browser_hash: hashSecret(browser),
      sealed: seal(keys, place(accountId, stateHash), JSON.stringify(kept)),
      expires_at: now + lifeMs,
    })
    .execute();
  return { state, browser };
};

/** Takes what was kept, once, and for the browser that began. Null when there is none, it is too old, or another browser asks. */
export const takeAuthorization = async (
  tx: Write,
  keys: Keys,
  given: { state: string; browser: string },
  now: number,
): Promise<{ accountId: string; kept: Json } | null> => {
  const row = await tx
    .deleteFrom("authorizations")
    .where("state_hash", "=", hashSecret(given.state))
    .where("browser_hash", "=", hashSecret(given.browser))
    .returningAll()
    .executeTakeFirst();
  if (!row || row.expires_at <= now) return null;
  return { accountId: row.account_id, kept: JSON.parse(open(keys, place(row.account_id, row.state_hash), row.sealed)) };
};

/** Forgets sign-ins that nobody finished. */
export const deleteEndedAuthorizations = async (tx: Write, now: number): Promise<void> => {
  await tx.deleteFrom("authorizations").where("expires_at", "<=", now).execute();
};

const place = (accountId: string, row: string): SealedAt => ({ table: "authorizations", accountId, row, column: "sealed" });
