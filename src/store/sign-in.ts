import type { Read, Write } from "../ports/database.ts";
import { hashSecret, newSecret } from "./one-time-secret.ts";
import { getUser, type User } from "./users.ts";

const hour = 3_600_000;
const sessionMs = 12 * hour;

/** A browser's session: of a user, or, where that is null, of the operator, who came by a link from the command line. */
export type Session = { accountId: string; user: User | null };

/**
 * Makes a one-time link into an account's pages and returns its secret, for the only time: the operator's (24 hours), or with `userId`
 * the one a person chooses a password by (7 days).
 */
export const createSignInLink = async (tx: Write, accountId: string, now: number, userId: string | null = null): Promise<string> => {
  const secret = newSecret();
  const expires_at = now + (userId === null ? 24 * hour : 168 * hour);
  await tx
    .insertInto("sign_in_links")
    .values({ account_id: accountId, hash: hashSecret(secret), expires_at, user_id: userId })
    .execute();
  return secret;
};

/** Uses a link up and opens a browser session of 12 hours. Null when the link is unknown, used or too old. */
export const useSignInLink = async (
  tx: Write,
  secret: string,
  now: number,
): Promise<{ accountId: string; userId: string | null; session: string } | null> => {
  const link = await tx.deleteFrom("sign_in_links").where("hash", "=", hashSecret(secret)).returningAll().executeTakeFirst();
  if (!link || link.expires_at <= now) return null;
  return { accountId: link.account_id, userId: link.user_id, session: await openSession(tx, link.account_id, link.user_id, now) };
};

/** Opens a session and returns its secret: a new one at each sign-in, so that nobody can be made to use one known before. */
export const openSession = async (tx: Write, accountId: string, userId: string | null, now: number): Promise<string> => {
  const session = newSecret();
  await tx
    .insertInto("web_sessions")
    .values({ account_id: accountId, hash: hashSecret(session), expires_at: now + sessionMs, user_id: userId })
    .execute();
  return session;
};

/** Whose a browser session is, or null when it opens nothing (any more). */
export const readSession = async (read: Read, session: string, now: number): Promise<Session | null> => {
  const row = await read.selectFrom("web_sessions").selectAll().where("hash", "=", hashSecret(session)).executeTakeFirst();
  if (!row || row.expires_at <= now) return null;
  if (row.user_id === null) return { accountId: row.account_id, user: null };
  const user = await getUser(read, row.account_id, row.user_id);
  return user && { accountId: row.account_id, user };
};

/** Ends one session. */
export const closeSession = async (tx: Write, session: string): Promise<void> => {
  await tx.deleteFrom("web_sessions").where("hash", "=", hashSecret(session)).execute();
};

/** Ends all sessions and links of a user but `except`: a new password shuts everybody else out. */
export const closeSessionsOf = async (tx: Write, accountId: string, userId: string, except: string): Promise<void> => {
  const of = { account_id: accountId, user_id: userId };
  await tx
    .deleteFrom("web_sessions")
    .where(({ and }) => and(of))
    .where("hash", "!=", hashSecret(except))
    .execute();
  await tx
    .deleteFrom("sign_in_links")
    .where(({ and }) => and(of))
    .execute();
};

/** Forgets links and sessions that have ended. */
export const deleteEndedSignIns = async (tx: Write, now: number): Promise<void> => {
  await tx.deleteFrom("sign_in_links").where("expires_at", "<=", now).execute();
  await tx.deleteFrom("web_sessions").where("expires_at", "<=", now).execute();
};
