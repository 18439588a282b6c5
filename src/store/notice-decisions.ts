import type { Read } from "../ports/database.ts";
import { inBatches } from "./in-batches.ts";

/** What a person said of a notice: it is about this message, or (null) about none of the account's. */
export type NoticeDecision = { sentMessageId: string | null; by: string };

/** Decisions on notices, by notice. */
export const readDecisions = async (read: Read, accountId: string, noticeIds: readonly string[]): Promise<Map<string, NoticeDecision>> => {
  const rows = await inBatches(noticeIds, (batch) =>
    read
      .selectFrom("notice_decisions")
      .select(["notice_id", "sent_message_id", "said_by"])
      .where("account_id", "=", accountId)
      .where("notice_id", "in", batch)
      .execute(),
  );
  return new Map(rows.map((row) => [row.notice_id, { sentMessageId: row.sent_message_id, by: row.said_by }]));
};
