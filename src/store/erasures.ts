import { createHash } from "node:crypto";
import type { Selectable } from "kysely";
import type { ErasureKind, Read, Tables, Write } from "../ports/database.ts";
import { newId } from "./ids.ts";
import { inBatches } from "./in-batches.ts";
import { fromJson, fromJsonOrNull, toJson } from "./json.ts";
import { type ListOptions, type ListPage, listPage, pageLimit, readPosition } from "./list-page.ts";

/** Rows by table. */
export type RowCounts = { [table: string]: number };

/** The receipt of an erasure. It holds no name and no address; times are epoch milliseconds. */
export type Erasure = {
  id: string;
  accountId: string;
  kind: ErasureKind;
  subjectId: string;
  by: string;
  /** Rows that are gone, and rows of others from which the subject was taken out. */
  removed: RowCounts;
  changed: RowCounts;
  /** The proof: rows that still mention the subject, found by a search after it. Null until that was made. */
  leftBehind: RowCounts | null;
  checkedAt: number | null;
  at: number;
};

export type NewErasure = Pick<Erasure, "kind" | "subjectId" | "by" | "removed" | "changed">;

export const saveErasure = async (tx: Write, accountId: string, erasure: NewErasure, now: number): Promise<Erasure> => {
  const row = {
    account_id: accountId,
    id: newId("ers", now),
    kind: erasure.kind,
    subject_id: erasure.subjectId,
    by_whom: erasure.by,
    removed: toJson(erasure.removed),
    changed: toJson(erasure.changed),
    left_behind: null,
    checked_at: null,
    at: now,
  };
  await tx.insertInto("erasures").values(row).execute();
  return toErasure(row);
};

/** Writes down what the search after an erasure found. */
export const saveProof = async (tx: Write, erasure: Erasure, leftBehind: RowCounts, now: number): Promise<Erasure> => {
  await tx
    .updateTable("erasures")
    .set({ left_behind: toJson(leftBehind), checked_at: now })
    .where("account_id", "=", erasure.accountId)
    .where("id", "=", erasure.id)
    .execute();
  return { ...erasure, leftBehind, checkedAt: now };
};

/** The newest erasure of a subject, or null. */
export const findErasure = async (read: Read, accountId: string, subjectId: string): Promise<Erasure | null> => {
  const row = await read
    .selectFrom("erasures")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("subject_id", "=", subjectId)
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  return row ? toErasure(row) : null;
};

/** Erasures of an account, oldest first. */
export const listErasures = async (read: Read, accountId: string, options: ListOptions = {}): Promise<ListPage<Erasure>> => {
  const after = readPosition(options);
  let query = read
    .selectFrom("erasures")
    .selectAll()
    .where("account_id", "=", accountId)
    .orderBy("id")
    .limit(pageLimit(options) + 1);
  if (after) query = query.where("id", ">", after[1]);
  return listPage(await query.execute(), options, (row) => [row.at, row.id], toErasure);
};

/** How a sent message (by its unique key) or a notice (by its fingerprint) is remembered once it was erased. */
export const messageHash = (kind: "sent" | "notice", key: string): string =>
  createHash("sha256").update(`${kind} ${key}`).digest("base64url");

export const rememberErased = (tx: Write, accountId: string, hashes: readonly string[]): Promise<unknown> =>
  inBatches(hashes, (batch) =>
    tx
      .insertInto("erased_messages")
      .values(batch.map((hash) => ({ account_id: accountId, message_hash: hash })))
      .onConflict((conflict) => conflict.columns(["account_id", "message_hash"]).doNothing())
      .execute(),
  );

/** Those of the hashes whose messages were erased. */
export const readErased = async (read: Read, accountId: string, hashes: readonly string[]): Promise<Set<string>> => {
  const rows = await inBatches(hashes, (batch) =>
    read
      .selectFrom("erased_messages")
      .select("message_hash")
      .where("account_id", "=", accountId)
      .where("message_hash", "in", batch)
      .execute(),
  );
  return new Set(rows.map((row) => row.message_hash));
};

const toErasure = (row: Selectable<Tables["erasures"]>): Erasure => ({
  id: row.id,
  accountId: row.account_id,
  kind: row.kind,
  subjectId: row.subject_id,
  by: row.by_whom,
  removed: fromJson<RowCounts>(row.removed),
  changed: fromJson<RowCounts>(row.changed),
  leftBehind: fromJsonOrNull<RowCounts>(row.left_behind),
  checkedAt: row.checked_at,
  at: row.at,
});
