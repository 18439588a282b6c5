/** What a newer parser can judge again: kept notices with their text, and the header facts of ordinary mail; page by page. */
import type { TriageFacts } from "../bounces/triage.ts";
import type { Read, SeenVerdict } from "../ports/database.ts";
import { fromJson } from "./json.ts";
import { type Notice, toNotice } from "./notices.ts";

/** A notice and its text, gzip; null where the text was not kept or has been deleted since. */
export type NoticeWithSource = { notice: Notice; source: Uint8Array | null };

/** Notices in the order of their ids, from behind `after` on ("" for the first page). */
export const readNoticesWithSource = async (
  read: Read,
  accountId: string,
  page: { after: string; limit: number },
): Promise<NoticeWithSource[]> => {
  const rows = await read
    .selectFrom("notices")
    .leftJoin("notice_sources", (join) =>
      join.onRef("notice_sources.account_id", "=", "notices.account_id").onRef("notice_sources.notice_id", "=", "notices.id"),
    )
    .selectAll("notices")
    .select("notice_sources.source")
    .where("notices.account_id", "=", accountId)
    .where("notices.id", ">", page.after)
    .orderBy("notices.id")
    .limit(page.limit)
    .execute();
  return rows.map(({ source, ...row }) => ({ notice: toNotice(row), source }));
};

/** A message we looked at, with the verdict and the facts it rests on. */
export type SeenFacts = { inboxId: string; ref: string; verdict: SeenVerdict; facts: TriageFacts };

/** Messages whose facts are still kept, in the order of inbox and ref, from behind `after` on. */
export const readSeenFacts = async (
  read: Read,
  accountId: string,
  page: { after: { inboxId: string; ref: string } | null; limit: number },
): Promise<SeenFacts[]> => {
  const { inboxId, ref } = page.after ?? { inboxId: "", ref: "" };
  const rows = await read
    .selectFrom("seen_messages")
    .select(["inbox_id", "ref", "verdict", "facts"])
    .where("account_id", "=", accountId)
    .where("facts", "is not", null)
    .where((eb) => eb.or([eb("inbox_id", ">", inboxId), eb.and([eb("inbox_id", "=", inboxId), eb("ref", ">", ref)])]))
    .orderBy("inbox_id")
    .orderBy("ref")
    .limit(page.limit)
    .execute();
  return rows.map((row) => ({
    inboxId: row.inbox_id,
    ref: row.ref,
    verdict: row.verdict,
    facts: fromJson<TriageFacts>(row.facts ?? "null"),
  }));
};
