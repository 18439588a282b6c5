import { isDeepStrictEqual } from "node:util";
import type { Read } from "../ports/database.ts";
import { type HistoryEntry, newestReadings } from "../timeline/fold.ts";
import type { Addition } from "./append-history.ts";
import { withdrawal } from "./history-entry.ts";
import { inBatches } from "./in-batches.ts";
import { fromJson } from "./json.ts";
import type { Notice } from "./notices.ts";

/** What a notice is to say of an engagement from now on; no entries: nothing any more. */
export type Words = {
  engagementId: string;
  notice: Notice;
  entries: readonly HistoryEntry[];
  /** Why it may say something else than before. Null: what it said stands, and only where nothing stands it speaks. */
  again: "reclassified" | "decided" | null;
};

/** What a notice says of an engagement by its newest reading; `standing` is empty where that was withdrawn. */
export type Said = { reading: number; standing: HistoryEntry[] };

/** The key of what a notice said of an engagement. */
export const saidKey = (engagementId: string, noticeId: string): string => `${engagementId} ${noticeId}`;

/** What notices say of engagements by now, by saidKey; where a notice never said anything the key is missing. */
export const readSaid = async (
  read: Read,
  accountId: string,
  engagementIds: readonly string[],
  noticeIds: readonly string[],
): Promise<Map<string, Said>> => {
  const rows = await inBatches([...new Set(engagementIds)].sort(), (batch) =>
    read
      .selectFrom("engagement_history")
      .select(["engagement_id", "entry"])
      .where("account_id", "=", accountId)
      .where("engagement_id", "in", batch)
      .execute(),
  );
  const wanted = new Set(noticeIds);
  const entries = rows.map((row) => ({ engagementId: row.engagement_id, entry: fromJson<HistoryEntry>(row.entry) }));
  const byNotice = Map.groupBy(
    entries.filter(({ entry }) => entry.noticeId !== null && wanted.has(entry.noticeId)),
    ({ engagementId, entry }) => saidKey(engagementId, entry.noticeId ?? ""),
  );
  return new Map([...byNotice].map(([key, some]) => [key, saidBy(some.map(({ entry }) => entry))]));
};

const saidBy = (entries: readonly HistoryEntry[]): Said => {
  const newest = newestReadings(entries);
  const withdrawn = newest.some(({ state }) => state === "retracted");
  return { reading: newest[0]?.reading ?? 0, standing: withdrawn ? [] : newest };
};

/** The entries that bring histories to what the notices are to say: none where they say it already. */
export const newWords = (words: readonly Words[], said: ReadonlyMap<string, Said>, now: number): Addition[] =>
  words.flatMap((one) => {
    const before = said.get(saidKey(one.engagementId, one.notice.id));
    return entriesToAdd(one, before, now).map((entry) => ({ engagementId: one.engagementId, entry }));
  });

const entriesToAdd = ({ notice, entries, again }: Words, before: Said | undefined, now: number): readonly HistoryEntry[] => {
  if (!before) return entries;
  const { reading, standing } = before;
  if (standing.length > 0 && (again === null || isTheSame(standing, entries))) return [];
  if (entries.length > 0) {
    const because = again === "reclassified" ? ({ because: again } as const) : {};
    return entries.map((entry) => ofReading({ ...entry, ...because }, reading + 1));
  }
  if (standing.length === 0) return [];
  return [ofReading(withdrawal(notice, again === "reclassified" ? again : "dismissed", now), reading + 1)];
};

const ofReading = (entry: HistoryEntry, reading: number): HistoryEntry => ({
  ...entry,
  fingerprint: `${entry.fingerprint}#${reading}`,
  reading,
});

/** Two readings are the same where nothing differs that is decided by or shown; the parser's version alone is nothing new. */
const isTheSame = (some: readonly HistoryEntry[], others: readonly HistoryEntry[]): boolean =>
  isDeepStrictEqual(some.map(substance).sort(), others.map(substance).sort());

const substance = ({ state, facts }: HistoryEntry): string => {
  if (!facts) return JSON.stringify([state]);
  const { category, reason, reportedAddress, relation, server, match, willRetryUntil } = facts;
  const matched = [relation, match.rule, match.confidence, match.confirmedBy, match.trusted !== false];
  return JSON.stringify([state, category, reason, reportedAddress, server.status, server.diagnostic, willRetryUntil, ...matched]);
};
