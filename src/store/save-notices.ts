import type { Selectable } from "kysely";
import { fingerprint } from "../bounces/fingerprint.ts";
import type { Report } from "../bounces/report.ts";
import type { Flag, Tables, Write } from "../ports/database.ts";
import { messageHash, readErased } from "./erasures.ts";
import { newId } from "./ids.ts";
import { inBatches } from "./in-batches.ts";
import { toJson } from "./json.ts";

/** What a message was kept as. A copy is another message with the same facts as the one that was kept. */
export type KeptAs = { noticeId: string; copy: boolean };

export type NewNotice = {
  ref: string;
  folder: string;
  report: Report;
  /** The notice itself, gzip, with returned letters cut to their headers. */
  source: Uint8Array | null;
  /** The provider\'s conversation it lies in. */
  threadId: string | null;
  backfill: boolean;
  receivedAt: number;
};

/**
 * Keeps notices, each once per account by its fingerprint, and once per inbox and ref. Returns the ids of those that are new, not
 * yet tied (state `waiting`), and for every ref which notice it is, or is a copy of: for none that was erased.
 */
export const saveNotices = async (
  tx: Write,
  accountId: string,
  inboxId: string,
  notices: readonly NewNotice[],
  now: number,
): Promise<{ made: string[]; noticeOf: Map<string, KeptAs> }> => {
  const all = notices.map((notice) => newRow(accountId, inboxId, notice, now));
  const erased = await readErased(tx, accountId, all.map(hashOf));
  const rows = all.filter((row) => !erased.has(hashOf(row)));
  rows.sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
  const made = await inBatches(rows, (batch) =>
    tx
      .insertInto("notices")
      .values(batch)
      // Whichever of the two it repeats.
      .onConflict((conflict) => conflict.doNothing())
      .returning(["id", "ref"])
      .execute(),
  );
  await saveSources(tx, accountId, made, notices);
  return { made: made.map((row) => row.id), noticeOf: await findCopied(tx, accountId, inboxId, rows, made) };
};

type Row = Selectable<Tables["notices"]>;

const hashOf = (row: Row): string => messageHash("notice", row.fingerprint);

const newRow = (accountId: string, inboxId: string, notice: NewNotice, now: number): Row => ({
  account_id: accountId,
  id: newId("ntc", now),
  inbox_id: inboxId,
  ref: notice.ref,
  folder: notice.folder,
  fingerprint: fingerprint(notice.report),
  message_id: notice.report.notice.messageId,
  kind: notice.report.kind,
  format: notice.report.format,
  state: "waiting",
  matches: toJson([]),
  report: toJson(notice.report),
  thread_id: notice.threadId,
  backfill: (notice.backfill ? 1 : 0) as Flag,
  waits_until: null,
  received_at: notice.receivedAt,
  detected_at: now,
  updated_at: now,
});

const saveSources = async (tx: Write, accountId: string, made: readonly { id: string; ref: string }[], notices: readonly NewNotice[]) => {
  const sourceOf = new Map(notices.map((notice) => [notice.ref, notice.source]));
  const rows = made.flatMap(({ id, ref }) => {
    const source = sourceOf.get(ref);
    return source ? [{ account_id: accountId, notice_id: id, source }] : [];
  });
  await inBatches(rows, (batch) => tx.insertInto("notice_sources").values(batch).execute());
};

/** For those that were there already, the notice with the same fingerprint, or with the same inbox and ref. */
const findCopied = async (
  tx: Write,
  accountId: string,
  inboxId: string,
  rows: readonly Row[],
  made: readonly { id: string; ref: string }[],
) => {
  const noticeOf = new Map<string, KeptAs>(made.map((row) => [row.ref, { noticeId: row.id, copy: false }]));
  const others = rows.filter((row) => !noticeOf.has(row.ref));
  const found = await inBatches(others, (batch) =>
    tx
      .selectFrom("notices")
      .select(["id", "fingerprint", "inbox_id", "ref"])
      .where("account_id", "=", accountId)
      .where((eb) =>
        eb.or([
          eb(
            "fingerprint",
            "in",
            batch.map((row) => row.fingerprint),
          ),
          eb.and([
            eb("inbox_id", "=", inboxId),
            eb(
              "ref",
              "in",
              batch.map((row) => row.ref),
            ),
          ]),
        ]),
      )
      .execute(),
  );
  for (const row of others) {
    const itself = found.find((other) => other.inbox_id === inboxId && other.ref === row.ref);
    const same = itself ?? found.find((other) => other.fingerprint === row.fingerprint);
    if (same) noticeOf.set(row.ref, { noticeId: same.id, copy: itself === undefined });
  }
  return noticeOf;
};
