import type { Selectable } from "kysely";
import type { Read, ShareState, Tables, Write } from "../ports/database.ts";
import { inBatches } from "./in-batches.ts";

/** How long a notice is shared. */
export const sharedMs = 7 * 86_400_000;

/** What was asked of a notice's owner last, and answered. Times are epoch milliseconds. */
export type NoticeShare = {
  noticeId: string;
  state: ShareState;
  /** A user; null: who came by the operator's link. */
  askedById: string | null;
  note: string;
  askedAt: number;
  decidedById: string | null;
  decidedAt: number | null;
  endsAt: number | null;
};

/** True while support may read the notice. */
export const isShared = (share: NoticeShare | null, now: number): boolean => share?.state === "shared" && (share.endsAt ?? 0) > now;

/**
 * Asks a notice's owner to share it. False when there is no such notice, it is asked already, or it is shared: what was declined or
 * has ended can be asked again.
 */
export const askToShare = async (
  tx: Write,
  accountId: string,
  noticeId: string,
  by: { userId: string | null; note: string },
  now: number,
): Promise<boolean> => {
  const notice = await tx
    .selectFrom("notices")
    .select("id")
    .where("account_id", "=", accountId)
    .where("id", "=", noticeId)
    .executeTakeFirst();
  const share = await readShare(tx, accountId, noticeId);
  if (!notice || share?.state === "asked" || isShared(share, now)) return false;
  const row = {
    state: "asked",
    asked_by_id: by.userId,
    note: by.note,
    at: now,
    decided_by_id: null,
    decided_at: null,
    ends_at: null,
  } as const;
  await tx
    .insertInto("notice_shares")
    .values({ account_id: accountId, notice_id: noticeId, ...row })
    .onConflict((conflict) => conflict.columns(["account_id", "notice_id"]).doUpdateSet(row))
    .execute();
  return true;
};

/**
 * The owner's answer: shares for seven days, declines, or ends what was shared. False where it answers nothing: nobody asked, or what
 * is to be ended is not shared.
 */
export const answerShare = async (
  tx: Write,
  accountId: string,
  noticeId: string,
  answer: { state: Exclude<ShareState, "asked">; userId: string },
  now: number,
): Promise<boolean> => {
  const { state, userId } = answer;
  const changed = await tx
    .updateTable("notice_shares")
    .set({ state, decided_by_id: userId, decided_at: now, ends_at: state === "shared" ? now + sharedMs : null })
    .where("account_id", "=", accountId)
    .where("notice_id", "=", noticeId)
    .where("state", "=", state === "ended" ? "shared" : "asked")
    .executeTakeFirst();
  return changed.numUpdatedRows > 0n;
};

export const readShare = async (read: Read, accountId: string, noticeId: string): Promise<NoticeShare | null> => {
  const row = await read
    .selectFrom("notice_shares")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("notice_id", "=", noticeId)
    .executeTakeFirst();
  return row ? toShare(row) : null;
};

/** What nobody has answered yet about notices of these inboxes, the oldest first. */
export const openRequests = async (read: Read, accountId: string, inboxIds: readonly string[]): Promise<NoticeShare[]> => {
  const rows = await inBatches([...new Set(inboxIds)].sort(), (batch) =>
    read
      .selectFrom("notice_shares as s")
      .innerJoin("notices as n", (join) => join.onRef("n.account_id", "=", "s.account_id").onRef("n.id", "=", "s.notice_id"))
      .selectAll("s")
      .where("s.account_id", "=", accountId)
      .where("s.state", "=", "asked")
      .where("n.inbox_id", "in", batch)
      .orderBy("s.at")
      .limit(50)
      .execute(),
  );
  return rows.map(toShare);
};

const toShare = (row: Selectable<Tables["notice_shares"]>): NoticeShare => ({
  noticeId: row.notice_id,
  state: row.state,
  askedById: row.asked_by_id,
  note: row.note,
  askedAt: row.at,
  decidedById: row.decided_by_id,
  decidedAt: row.decided_at,
  endsAt: row.ends_at,
});
