import type { InboxState, Read, Write } from "../ports/database.ts";
import { type Inbox, toInbox } from "./inboxes.ts";
import { toUser, type User } from "./users.ts";

/** States in which only the owner can help. */
const helpless = ["reconnect_needed", "missing_permission", "needs_admin"] as const satisfies readonly InboxState[];

/** An inbox that needs its owner, how many reminders went out since, and in which language its owner reads (null: not known). */
export type NeedyInbox = { inbox: Inbox; reminded: number; language: "en" | "pl" | null };

/** The inboxes of all accounts that wait for their owners. */
export const inboxesThatNeedOwners = async (read: Read): Promise<NeedyInbox[]> => {
  const rows = await read
    .selectFrom("inboxes as i")
    .leftJoin("users as u", (join) => join.onRef("u.account_id", "=", "i.account_id").onRef("u.email", "=", "i.address"))
    .selectAll("i")
    .select([
      "u.language",
      (eb) =>
        eb
          .selectFrom("reminders as r")
          .select((e) => e.fn.countAll<number>().as("sent"))
          .whereRef("r.account_id", "=", "i.account_id")
          .whereRef("r.inbox_id", "=", "i.id")
          .whereRef("r.state_since", "=", "i.state_since")
          .as("reminded"),
    ])
    .where("i.state", "in", helpless)
    .execute();
  return rows.map(({ language, reminded, ...row }) => ({
    inbox: toInbox(row),
    reminded: Number(reminded ?? 0),
    language: language === "en" || language === "pl" ? language : null,
  }));
};

/** Remembers that a reminder went out. */
export const saveReminder = async (tx: Write, inbox: Inbox, number: number, now: number): Promise<void> => {
  await tx
    .insertInto("reminders")
    .values({ account_id: inbox.accountId, inbox_id: inbox.id, state_since: inbox.stateSince, number, sent_at: now })
    .onConflict((conflict) => conflict.columns(["account_id", "inbox_id", "state_since", "number"]).doNothing())
    .execute();
};

/** Users of all accounts who want a digest, with when they got the last one. */
export const digestReaders = async (read: Read): Promise<{ user: User; sentAt: number | null }[]> => {
  const rows = await read.selectFrom("users").selectAll().where("digest", "=", 1).execute();
  return rows.map((row) => ({ user: toUser(row), sentAt: row.digest_at }));
};

/** Remembers that a digest went out, or that there was nothing to tell. */
export const saveDigest = async (tx: Write, user: User, now: number): Promise<void> => {
  await tx.updateTable("users").set({ digest_at: now }).where("account_id", "=", user.accountId).where("id", "=", user.id).execute();
};
