import type { Selectable } from "kysely";
import { addressKey } from "../bounces/keys.ts";
import type { Flag, Read, Tables, UserRole, Write } from "../ports/database.ts";
import { newId } from "./ids.ts";

/** A person who signs in to the pages. Times are epoch milliseconds. */
export type User = {
  id: string;
  accountId: string;
  email: string;
  name: string;
  role: UserRole;
  /** False until the person has chosen a password. */
  hasPassword: boolean;
  /** Null: as the browser says. */
  language: "en" | "pl" | null;
  timeZone: string | null;
  /** Wants a digest of their bounces on weekdays. */
  digest: boolean;
  createdAt: number;
  signedInAt: number | null;
};

export type NewUser = { email: string; name: string; role: UserRole };

/** Makes a user without a password; null when somebody, in whatever account, has the address already. */
export const createUser = async (tx: Write, accountId: string, user: NewUser, now: number): Promise<User | null> => {
  const row = await tx
    .insertInto("users")
    .values({
      account_id: accountId,
      id: newId("usr", now),
      email_key: addressKey(user.email),
      email: user.email,
      name: user.name,
      role: user.role,
      password: null,
      language: null,
      time_zone: null,
      created_at: now,
      updated_at: now,
      signed_in_at: null,
      digest: 0,
      digest_at: null,
    })
    .onConflict((conflict) => conflict.column("email_key").doNothing())
    .returningAll()
    .executeTakeFirst();
  return row ? toUser(row) : null;
};

export const getUser = async (read: Read, accountId: string, userId: string): Promise<User | null> => {
  const row = await read.selectFrom("users").selectAll().where("account_id", "=", accountId).where("id", "=", userId).executeTakeFirst();
  return row ? toUser(row) : null;
};

/** The users of an account by name; there are few. */
export const listUsers = async (read: Read, accountId: string): Promise<User[]> => {
  const rows = await read.selectFrom("users").selectAll().where("account_id", "=", accountId).orderBy("name").orderBy("id").execute();
  return rows.map(toUser);
};

/** Who signs in with this address, with the password's hash (null while there is none). */
export const findLogin = async (read: Read, email: string): Promise<{ user: User; password: string | null } | null> => {
  const row = await read.selectFrom("users").selectAll().where("email_key", "=", addressKey(email)).executeTakeFirst();
  return row ? { user: toUser(row), password: row.password } : null;
};

export type UserChange = Partial<Pick<User, "name" | "role" | "language" | "timeZone" | "signedInAt" | "digest">> & {
  /** As sync/passwords makes it. */
  password?: string;
};

/** Changes a user; null when there is none, or it would take the last owner away. */
export const updateUser = async (tx: Write, accountId: string, userId: string, change: UserChange, now: number): Promise<User | null> => {
  if (change.role !== undefined && change.role !== "owner" && (await isLastOwner(tx, accountId, userId))) return null;
  const { name, role, language, timeZone, signedInAt, digest, password } = change;
  const row = await tx
    .updateTable("users")
    .set({
      ...(name !== undefined && { name }),
      ...(role !== undefined && { role }),
      ...(language !== undefined && { language }),
      ...(timeZone !== undefined && { time_zone: timeZone }),
      ...(signedInAt !== undefined && { signed_in_at: signedInAt }),
      ...(digest !== undefined && { digest: (digest ? 1 : 0) as Flag }),
      ...(password !== undefined && { password }),
      updated_at: now,
    })
    .where("account_id", "=", accountId)
    .where("id", "=", userId)
    .returningAll()
    .executeTakeFirst();
  return row ? toUser(row) : null;
};

/** Takes a user away, with links and sessions. False when there is none, or it is the last owner. */
export const deleteUser = async (tx: Write, accountId: string, userId: string): Promise<boolean> => {
  if (await isLastOwner(tx, accountId, userId)) return false;
  for (const table of ["sign_in_links", "web_sessions"] as const)
    await tx.deleteFrom(table).where("account_id", "=", accountId).where("user_id", "=", userId).execute();
  const gone = await tx.deleteFrom("users").where("account_id", "=", accountId).where("id", "=", userId).executeTakeFirst();
  return gone.numDeletedRows > 0n;
};

const isLastOwner = async (tx: Write, accountId: string, userId: string): Promise<boolean> => {
  const owners = (await listUsers(tx, accountId)).filter(({ role }) => role === "owner");
  return owners.length === 1 && owners[0]?.id === userId;
};

/** A row as the rest of the house sees it. */
export const toUser = (row: Selectable<Tables["users"]>): User => ({
  id: row.id,
  accountId: row.account_id,
  email: row.email,
  name: row.name,
  role: row.role,
  hasPassword: row.password !== null,
  language: row.language === "en" || row.language === "pl" ? row.language : null,
  timeZone: row.time_zone,
  digest: row.digest === 1,
  createdAt: row.created_at,
  signedInAt: row.signed_in_at,
});
