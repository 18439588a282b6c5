import type { Read, Write } from "../ports/database.ts";
import { hashSecret, newSecret } from "./one-time-secret.ts";

const hour = 3_600_000;

/** Makes a one-time link into an account's pages and returns its secret, for the only time. It lasts 24 hours. */
export const createSignInLink = async (tx: Write, accountId: string, now: number): Promise<string> => {
  const secret = newSecret();
  await tx
    .insertInto("sign_in_links")
    .values({ account_id: accountId, hash: hashSecret(secret), expires_at: now + 24 * hour })
    .execute();
  return secret;
};

/** Uses a link up and opens a browser session of 12 hours. Null when the link is unknown, used or too old. */
export const useSignInLink = async (tx: Write, secret: string, now: number): Promise<{ accountId: string; session: string } | null> => {
  const link = await tx.deleteFrom("sign_in_links").where("hash", "=", hashSecret(secret)).returningAll().executeTakeFirst();
  if (!link || link.expires_at <= now) return null;
  const session = newSecret();
  await tx
    .insertInto("web_sessions")
    .values({ account_id: link.account_id, hash: hashSecret(session), expires_at: now + 12 * hour })
    .execute();
  return { accountId: link.account_id, session };
};

/** Whose a browser session is, or null when it opens nothing (any more). */
export const sessionAccount = async (read: Read, session: string, now: number): Promise<string | null> => {
  const row = await read.selectFrom("web_sessions").selectAll().where("hash", "=", hashSecret(session)).executeTakeFirst();
  return row && row.expires_at > now ? row.account_id : null;
};

/** Forgets links and sessions that have ended. */
export const deleteEndedSignIns = async (tx: Write, now: number): Promise<void> => {
  await tx.deleteFrom("sign_in_links").where("expires_at", "<=", now).execute();
  await tx.deleteFrom("web_sessions").where("expires_at", "<=", now).execute();
};
