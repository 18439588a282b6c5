import type { Watch } from "../ports/connector.ts";
import type { Read, Write } from "../ports/database.ts";

export type PushInbox = { accountId: string; inboxId: string };

/** Inboxes of these providers that are polled and whose watches are due: never made, or to be renewed. Of all accounts. */
export const inboxesDueForPush = async (read: Read, providers: readonly string[], now: number, limit: number): Promise<PushInbox[]> => {
  if (providers.length === 0) return [];
  const rows = await read
    .selectFrom("inboxes")
    .leftJoin("push_inboxes", (join) =>
      join.onRef("push_inboxes.account_id", "=", "inboxes.account_id").onRef("push_inboxes.inbox_id", "=", "inboxes.id"),
    )
    .select(["inboxes.account_id", "inboxes.id"])
    .where("inboxes.provider", "in", providers)
    .where("inboxes.next_poll_at", "is not", null)
    .where((eb) => eb.or([eb("push_inboxes.renew_at", "is", null), eb("push_inboxes.renew_at", "<=", now)]))
    .limit(limit)
    .execute();
  return rows.map((row) => ({ accountId: row.account_id, inboxId: row.id }));
};

/** What an inbox's provider watches for us. */
export const readWatches = async (read: Read, accountId: string, inboxId: string): Promise<Watch[]> => {
  const rows = await read
    .selectFrom("push_watches")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("inbox_id", "=", inboxId)
    .orderBy("watch_id")
    .execute();
  return rows.map((row) => ({ id: row.watch_id, secretHash: row.secret_hash, about: row.about, expiresAt: row.expires_at }));
};

/** Why an inbox has fewer watches than wanted; null where it has them all, or none is wanted. */
export const readPushWarning = async (read: Read, accountId: string, inboxId: string): Promise<string | null> => {
  const row = await read
    .selectFrom("push_inboxes")
    .select("warning")
    .where("account_id", "=", accountId)
    .where("inbox_id", "=", inboxId)
    .executeTakeFirst();
  return row?.warning ?? null;
};

/** Whose watch it is, whichever account's; several inboxes where one mailbox is connected more than once. */
export const findWatched = async (read: Read, watchId: string): Promise<(PushInbox & { secretHash: string | null })[]> => {
  const rows = await read
    .selectFrom("push_watches")
    .select(["account_id", "inbox_id", "secret_hash"])
    .where("watch_id", "=", watchId)
    .execute();
  return rows.map((row) => ({ accountId: row.account_id, inboxId: row.inbox_id, secretHash: row.secret_hash }));
};

export type PushState = { watches: readonly Watch[]; renewAt: number; warning: string | null };

/** Replaces what is known of an inbox's watches. Does nothing for an inbox that is not there, or not polled any more. */
export const savePush = async (tx: Write, accountId: string, inboxId: string, state: PushState): Promise<void> => {
  const inbox = await tx
    .selectFrom("inboxes")
    .select("id")
    .where("account_id", "=", accountId)
    .where("id", "=", inboxId)
    .where("next_poll_at", "is not", null)
    .executeTakeFirst();
  if (!inbox) return;
  await forgetPush(tx, accountId, inboxId);
  const key = { account_id: accountId, inbox_id: inboxId };
  await tx
    .insertInto("push_inboxes")
    .values({ ...key, renew_at: state.renewAt, warning: state.warning })
    .execute();
  if (state.watches.length === 0) return;
  const rows = state.watches.map((watch) => ({
    ...key,
    watch_id: watch.id,
    secret_hash: watch.secretHash,
    about: watch.about,
    expires_at: watch.expiresAt,
  }));
  await tx.insertInto("push_watches").values(rows).execute();
};

/** Has an inbox's watches looked after at the next occasion, whatever was planned. */
export const renewSoon = async (tx: Write, accountId: string, inboxId: string): Promise<void> => {
  await tx.updateTable("push_inboxes").set({ renew_at: 0 }).where("account_id", "=", accountId).where("inbox_id", "=", inboxId).execute();
};

/** Forgets an inbox's watches; a notification that still comes names nobody then. */
export const forgetPush = async (tx: Write, accountId: string, inboxId: string): Promise<void> => {
  for (const table of ["push_watches", "push_inboxes"] as const) {
    await tx.deleteFrom(table).where("account_id", "=", accountId).where("inbox_id", "=", inboxId).execute();
  }
};
