import type { Suggestion } from "../bounces/match.ts";
import type { Write } from "../ports/database.ts";
import { appendEvents } from "./events.ts";
import { toJson } from "./json.ts";
import { lockNotices } from "./notice-waits.ts";
import { getSentMessage } from "./sent-messages.ts";
import { tieNotices } from "./tie-notices.ts";

/**
 * Ties a notice to the message a person chose, and logs it; kept with what had been offered, as a labelled example. False when
 * there is no such notice or message. Appends events, so it is called once and late in its transaction.
 */
export const confirmNotice = async (
  tx: Write,
  accountId: string,
  noticeId: string,
  decision: { sentMessageId: string; by: string; note: string },
  now: number,
): Promise<boolean> => {
  if (!(await getSentMessage(tx, accountId, decision.sentMessageId))) return false;
  return decide(tx, accountId, noticeId, decision, now);
};

/** Says that a notice belongs to none of the account's messages; what it had logged is withdrawn. False when there is none. */
export const dismissNotice = (
  tx: Write,
  accountId: string,
  noticeId: string,
  decision: { by: string; note: string },
  now: number,
): Promise<boolean> => decide(tx, accountId, noticeId, { ...decision, sentMessageId: null }, now);

const decide = async (
  tx: Write,
  accountId: string,
  noticeId: string,
  { sentMessageId, by, note }: { sentMessageId: string | null; by: string; note: string },
  now: number,
): Promise<boolean> => {
  const [notice] = await lockNotices(tx, accountId, [noticeId]);
  if (!notice) return false;
  const offered: Suggestion[] = notice.matches.flatMap(({ suggestions }) => suggestions);
  const row = { sent_message_id: sentMessageId, said_by: by, note, offered: toJson(offered), at: now };
  await tx
    .insertInto("notice_decisions")
    .values({ account_id: accountId, notice_id: noticeId, ...row })
    .onConflict((conflict) => conflict.columns(["account_id", "notice_id"]).doUpdateSet(row))
    .execute();
  // What was logged on another message, or should not have been logged at all, is withdrawn there.
  await appendEvents(tx, accountId, await tieNotices(tx, accountId, [noticeId], { waitingIsOver: true }, now), now);
  return true;
};
