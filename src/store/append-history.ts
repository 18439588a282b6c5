import { isDeepStrictEqual } from "node:util";
import type { Json } from "../ports/connector.ts";
import type { Flag, Write } from "../ports/database.ts";
import { addressEffect } from "../timeline/address-health.ts";
import { type Folded, fold, type HistoryEntry } from "../timeline/fold.ts";
import { type AddressAddition, appendAddressEvents } from "./addresses.ts";
import { engagementBody } from "./engagement-body.ts";
import { type EngagementRow, readEngagements } from "./engagements.ts";
import type { NewEvent } from "./events.ts";
import { inBatches } from "./in-batches.ts";
import { fromJson, toJson } from "./json.ts";
import { locking } from "./locking.ts";

export type Addition = { engagementId: string; entry: HistoryEntry };

/**
 * Appends entries to the histories of engagements, folds those that changed, and returns the events that tell of it:
 * `engagement.created` for one that had no history yet, `retracted` where nothing stands any more, `reclassified` where judging a
 * notice again changed it, else `updated`. An entry whose fingerprint is there already changes nothing.
 */
export const appendHistory = async (
  tx: Write,
  accountId: string,
  additions: readonly Addition[],
  now: number,
): Promise<{ events: NewEvent[]; created: EngagementRow[] }> => {
  const locked = await lockEngagements(tx, accountId, [...new Set(additions.map((addition) => addition.engagementId))].sort());
  const ours = additions.filter((addition) => locked.has(addition.engagementId));
  const added = await insertHistory(tx, accountId, ours);
  const before = [...Map.groupBy(added, (addition) => addition.engagementId).keys()].sort().flatMap((id) => locked.get(id) ?? []);
  const after = await foldAll(tx, accountId, before, now);
  await writeEngagements(tx, after);
  const events = await tell(tx, accountId, before, added);
  const backfill = added.every(({ entry }) => entry.backfill);
  const effects = after.flatMap((row) => effectOnAddress(locked.get(row.id), row, now));
  events.push(...(await appendAddressEvents(tx, accountId, effects, backfill, now)));
  return { events, created: before.filter((row) => row.version === 0) };
};

/** What an engagement's new state does to its address, where that is something else than before. */
const effectOnAddress = (before: EngagementRow | undefined, row: EngagementRow, now: number): AddressAddition[] => {
  const [was, is] = [before && before.version > 0 ? hardBounce(before) : null, hardBounce(row)];
  if (isDeepStrictEqual(was, is)) return [];
  const { recipient_key: addressKey, id: engagementId, version } = row;
  if (is) return [{ addressKey, id: `hard/${engagementId}/${version}`, event: { kind: "hard", ...is, engagementId, version } }];
  const event = { kind: "withdrawn", at: now, engagementId, version } as const;
  return [{ addressKey, id: `withdrawn/${engagementId}/${version}`, event }];
};

/** What an engagement says against its address; null for nothing. */
const hardBounce = ({ folded, occurred_at, category, reason }: EngagementRow) =>
  addressEffect(fromJson<Folded>(folded)) === "made_ineligible" ? { at: occurred_at, category, reason } : null;

const lockEngagements = async (tx: Write, accountId: string, ids: readonly string[]): Promise<Map<string, EngagementRow>> => {
  const rows = await inBatches(ids, (batch) =>
    locking(
      tx,
      tx.selectFrom("engagements").selectAll().where("account_id", "=", accountId).where("id", "in", batch).orderBy("id"),
    ).execute(),
  );
  return new Map(rows.map((row) => [row.id, row]));
};

/** Inserts what is new and returns it. */
const insertHistory = async (tx: Write, accountId: string, additions: readonly Addition[]): Promise<Addition[]> => {
  const rows = additions.map(({ engagementId, entry }) => ({
    account_id: accountId,
    engagement_id: engagementId,
    fingerprint: entry.fingerprint,
    at: entry.at,
    entry: toJson(entry),
  }));
  const made = await inBatches(rows, (batch) =>
    tx
      .insertInto("engagement_history")
      .values(batch)
      .onConflict((conflict) => conflict.columns(["account_id", "engagement_id", "fingerprint"]).doNothing())
      .returning(["engagement_id", "fingerprint"])
      .execute(),
  );
  const keys = new Set(made.map((row) => `${row.engagement_id} ${row.fingerprint}`));
  return additions.filter(({ engagementId, entry }) => keys.has(`${engagementId} ${entry.fingerprint}`));
};

const foldAll = async (tx: Write, accountId: string, rows: readonly EngagementRow[], now: number): Promise<EngagementRow[]> => {
  const ids = rows.map((row) => row.id);
  const entries = await inBatches(ids, (batch) =>
    tx
      .selectFrom("engagement_history")
      .select(["engagement_id", "entry"])
      .where("account_id", "=", accountId)
      .where("engagement_id", "in", batch)
      .execute(),
  );
  const sent = await inBatches([...new Set(rows.map((row) => row.sent_message_id))], (batch) =>
    tx.selectFrom("sent_messages").select(["id", "sent_at"]).where("account_id", "=", accountId).where("id", "in", batch).execute(),
  );
  const histories = Map.groupBy(entries, (row) => row.engagement_id);
  const sentAt = new Map(sent.map((row) => [row.id, row.sent_at]));
  return rows.map((row) => {
    const history = (histories.get(row.id) ?? []).map((entry) => fromJson<HistoryEntry>(entry.entry));
    return withFold(row, fold(history, sentAt.get(row.sent_message_id) ?? row.occurred_at), now);
  });
};

/** The engagement's columns as its folded history says. */
export const withFold = (row: EngagementRow, folded: Folded, now: number): EngagementRow => ({
  ...row,
  state: folded.state,
  category: folded.category,
  reason: folded.reason,
  folded: toJson(folded),
  pending_until: folded.pendingUntil,
  backfill: (folded.backfill ? 1 : 0) as Flag,
  occurred_at: folded.occurredAt,
  detected_at: folded.detectedAt,
  updated_at: now,
  version: row.version + 1,
});

/** An update of many rows in one statement: they are there, so each insert becomes an update. */
const writeEngagements = (tx: Write, rows: readonly EngagementRow[]) =>
  inBatches(rows, (batch) =>
    tx
      .insertInto("engagements")
      .values(batch)
      .onConflict((conflict) =>
        conflict.columns(["account_id", "id"]).doUpdateSet((eb) => ({
          state: eb.ref("excluded.state"),
          category: eb.ref("excluded.category"),
          reason: eb.ref("excluded.reason"),
          folded: eb.ref("excluded.folded"),
          pending_until: eb.ref("excluded.pending_until"),
          backfill: eb.ref("excluded.backfill"),
          occurred_at: eb.ref("excluded.occurred_at"),
          detected_at: eb.ref("excluded.detected_at"),
          updated_at: eb.ref("excluded.updated_at"),
          version: eb.ref("excluded.version"),
        })),
      )
      .execute(),
  );

const tell = async (tx: Write, accountId: string, before: readonly EngagementRow[], added: readonly Addition[]): Promise<NewEvent[]> => {
  const rows = new Map(before.map((row) => [row.id, row]));
  const news = Map.groupBy(added, (addition) => addition.engagementId);
  const engagements = await readEngagements(tx, accountId, [...rows.keys()]);
  return engagements.map((engagement) => {
    const row = rows.get(engagement.id);
    const added = (news.get(engagement.id) ?? []).map(({ entry }) => entry);
    const backfill = added.every((entry) => entry.backfill);
    const data: Json = { engagement: engagementBody(engagement) };
    if (!row || row.version === 0) return { type: "engagement.created", backfill, data };
    const previous = { state: row.state, category: row.category, reason: row.reason };
    return { type: changeOf(engagement, previous, added), backfill, data: { ...data, previous } };
  });
};

type Told = Pick<EngagementRow, "state" | "category" | "reason">;

const changeOf = (is: Told, was: Told, added: readonly HistoryEntry[]): string => {
  if (is.state === "retracted" && was.state !== "retracted") return "engagement.retracted";
  const changed = is.state !== was.state || is.category !== was.category || is.reason !== was.reason;
  return changed && added.some(({ because }) => because === "reclassified") ? "engagement.reclassified" : "engagement.updated";
};
