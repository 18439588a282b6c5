import type { Selectable } from "kysely";
import type { CoverageNote, Read, Tables, Write } from "../ports/database.ts";
import { fromJson, toJson } from "./json.ts";

/** A message the provider holds and we have no record of: no subject, no address. */
export type MissingMessage = { ref: string; folder: string; receivedAt: number | null };

/** What the newest comparison of an inbox with our rows found. Times are epoch milliseconds. */
export type Coverage = {
  inboxId: string;
  beganAt: number;
  /** When what is told here was found; null before the first comparison ended. */
  checkedAt: number | null;
  /** Which stretch was compared. */
  from: number | null;
  to: number | null;
  /** How many messages the comparison under way has looked at. */
  looked: number;
  providerCount: number | null;
  ourCount: number | null;
  gap: number | null;
  /** Of the gap at most 200, oldest first. */
  missing: MissingMessage[];
  note: CoverageNote | null;
  detail: string | null;
};

export type CoverageFound = {
  from: number;
  to: number;
  providerCount: number;
  ourCount: number;
  missing: readonly MissingMessage[];
  note: CoverageNote | null;
  detail: string | null;
};

const mostListed = 200;

/**
 * Begins a comparison; what the one before found stays to be seen. False while another runs, which is believed dead after
 * `longestMs`.
 */
export const beginCoverage = async (tx: Write, accountId: string, inboxId: string, longestMs: number, now: number): Promise<boolean> => {
  const inbox = await tx
    .selectFrom("inboxes")
    .select("id")
    .where("account_id", "=", accountId)
    .where("id", "=", inboxId)
    .executeTakeFirst();
  if (!inbox) return false;
  const row = await tx
    .insertInto("coverage_checks")
    .values({
      account_id: accountId,
      inbox_id: inboxId,
      began_at: now,
      checked_at: null,
      from_at: null,
      to_at: null,
      looked: 0,
      provider_count: null,
      our_count: null,
      missing: "[]",
      note: "running",
      detail: null,
    })
    .onConflict((conflict) =>
      conflict
        .columns(["account_id", "inbox_id"])
        .doUpdateSet({ began_at: now, looked: 0, note: "running", detail: null })
        .where((eb) =>
          eb.or([
            eb("coverage_checks.note", "is", null),
            eb("coverage_checks.note", "<>", "running"),
            eb("coverage_checks.began_at", "<", now - longestMs),
          ]),
        ),
    )
    .returning("inbox_id")
    .executeTakeFirst();
  return row !== undefined;
};

/** How far a comparison is. */
export const saveCoverageProgress = async (tx: Write, accountId: string, inboxId: string, looked: number): Promise<void> => {
  await ofInbox(tx, accountId, inboxId, { looked });
};

/** Ends a comparison. Without `found` (nothing could be compared) what the one before found stays, with the note why. */
export const saveCoverage = async (
  tx: Write,
  accountId: string,
  inboxId: string,
  found: CoverageFound | { note: CoverageNote; detail: string | null },
  now: number,
): Promise<void> => {
  const { note, detail } = found;
  if (!("missing" in found)) return ofInbox(tx, accountId, inboxId, { note, detail });
  const listed = [...found.missing].sort((a, b) => (a.receivedAt ?? 0) - (b.receivedAt ?? 0)).slice(0, mostListed);
  await ofInbox(tx, accountId, inboxId, {
    note,
    detail,
    checked_at: now,
    from_at: found.from,
    to_at: found.to,
    provider_count: found.providerCount,
    our_count: found.ourCount,
    missing: toJson(listed),
  });
};

const ofInbox = async (
  tx: Write,
  accountId: string,
  inboxId: string,
  changes: Partial<Omit<Selectable<Tables["coverage_checks"]>, "account_id" | "inbox_id">>,
): Promise<void> => {
  await tx.updateTable("coverage_checks").set(changes).where("account_id", "=", accountId).where("inbox_id", "=", inboxId).execute();
};

/** What was found, by inbox; inboxes that were never compared are missing. There are as many as inboxes. */
export const readCoverage = async (read: Read, accountId: string, inboxIds: readonly string[]): Promise<Map<string, Coverage>> => {
  if (inboxIds.length === 0) return new Map();
  const rows = await read
    .selectFrom("coverage_checks")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("inbox_id", "in", inboxIds)
    .execute();
  return new Map(rows.map((row) => [row.inbox_id, toCoverage(row)]));
};

const toCoverage = (row: Selectable<Tables["coverage_checks"]>): Coverage => ({
  inboxId: row.inbox_id,
  beganAt: row.began_at,
  checkedAt: row.checked_at,
  from: row.from_at,
  to: row.to_at,
  looked: row.looked,
  providerCount: row.provider_count,
  ourCount: row.our_count,
  gap: row.provider_count === null || row.our_count === null ? null : row.provider_count - row.our_count,
  missing: fromJson<MissingMessage[]>(row.missing),
  note: row.note,
  detail: row.detail,
});
