import { createHash } from "node:crypto";
import type { Gap } from "../ports/connector.ts";
import type { Read, Write } from "../ports/database.ts";
import type { NewEvent } from "./events.ts";
import { inBatches } from "./in-batches.ts";

/** A stretch whose messages could not all be listed. `at`: when we learned of it, epoch milliseconds. */
export type StoredGap = Gap & { id: string; at: number };

/** Keeps gaps, each once however often its page is read. Returns those that are new. */
export const saveGaps = async (tx: Write, accountId: string, inboxId: string, gaps: readonly Gap[], now: number): Promise<StoredGap[]> => {
  const made = gaps.map((gap) => ({ ...gap, id: gapId(gap), at: now }));
  const rows = await inBatches(made, (batch) =>
    tx
      .insertInto("gaps")
      .values(
        batch.map((gap) => ({
          account_id: accountId,
          inbox_id: inboxId,
          id: gap.id,
          folder: gap.folder,
          from_at: gap.from,
          to_at: gap.to,
          because: gap.because,
          at: now,
        })),
      )
      .onConflict((conflict) => conflict.columns(["account_id", "inbox_id", "id"]).doNothing())
      .returning("id")
      .execute(),
  );
  const ids = new Set(rows.map((row) => row.id));
  return made.filter((gap) => ids.has(gap.id));
};

/** The gaps of an inbox, oldest first. */
export const listGaps = async (read: Read, accountId: string, inboxId: string): Promise<StoredGap[]> => {
  const rows = await read
    .selectFrom("gaps")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("inbox_id", "=", inboxId)
    .orderBy("at")
    .orderBy("id")
    .limit(200)
    .execute();
  return rows.map((row) => ({ id: row.id, folder: row.folder, from: row.from_at, to: row.to_at, because: row.because, at: row.at }));
};

/** The event that tells of a gap. */
export const gapEvent = ({ folder, from, to, because }: Gap, inboxId: string, backfill: boolean): NewEvent => {
  const time = (at: number | null) => (at === null ? null : new Date(at).toISOString());
  return { type: "inbox.gap_found", backfill, data: { inboxId, gap: { folder, from: time(from), to: time(to), because } } };
};

const gapId = (gap: Gap): string =>
  createHash("sha256")
    .update(JSON.stringify([gap.folder, gap.from, gap.to, gap.because]))
    .digest("hex")
    .slice(0, 26);
