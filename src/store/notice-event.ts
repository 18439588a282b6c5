import type { NoticeState } from "../ports/database.ts";
import type { NewEvent } from "./events.ts";
import type { Notice } from "./notices.ts";

/**
 * The event that tells that a notice cannot be tied (`notice.unmatched`), or only by a person (`notice.suggested`); null when that
 * is not so, or was told before.
 */
export const noticeEvent = (notice: Notice, before: NoticeState): NewEvent | null => {
  const open = notice.state === "unmatched" || notice.state === "not_ours";
  if (!open || notice.state === before) return null;
  const suggested = notice.matches.some(({ suggestions }) => suggestions.length > 0);
  return { type: suggested ? "notice.suggested" : "notice.unmatched", backfill: notice.backfill, data: { notice: noticeBody(notice) } };
};

/** A notice as the events show it: no subject and no text of the letter. */
const noticeBody = (notice: Notice) => ({
  id: notice.id,
  object: "notice",
  state: notice.state,
  kind: notice.kind,
  format: notice.format,
  inboxId: notice.inboxId,
  folder: notice.folder,
  receivedAt: new Date(notice.receivedAt).toISOString(),
  recipients: notice.matches.slice(0, 50).map(({ address, because, suggestions }) => ({ address, because, suggestions: [...suggestions] })),
});
