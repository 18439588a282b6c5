import type { Selectable } from "kysely";
import { type Envelope, type FolderRole, firstValue } from "../bounces/envelope.ts";
import { idKey } from "../bounces/keys.ts";
import type { Flag, Read, Tables, Write } from "../ports/database.ts";
import { type Claim, holdFence } from "./fence.ts";
import { inBatches } from "./in-batches.ts";
import { fromJson, fromJsonOrNull, toJson } from "./json.ts";

/** A message whose work is not done. Times are epoch milliseconds. */
export type Owed = {
  envelope: Envelope;
  backfill: boolean;
  /**
   * Times it was begun, this one included, and how many of those took their worker down. None yet where only a change of rules made
   * it a suspect.
   */
  attempts: number;
  crashes: number;
  dueAt: number | null;
  error: string | null;
  firstAt: number;
  /** No page told of it: its header is judged before anything else. */
  judge: boolean;
};

/** What savePage writes for a message that is to be tried again. */
export type OwedAgain = { envelope: Envelope; backfill: boolean; error: string; dueAt: number };

const minute = 60_000;
const retryAfter = [1, 5, 30, 120, 360, 1440, 1440, 1440].map((minutes) => minutes * minute);

/** How long to wait before a message is tried again, milliseconds, after so many attempts; null: it has been tried often enough. */
export const retryDelay = (attempts: number): number | null => retryAfter[attempts - 1] ?? null;

/**
 * What was begun by a turn that could not be carried through, though its worker lives: nobody knows whether one of these messages is to
 * blame, or the database that did not answer. Each is tried again by itself, the first time at once, then on its own schedule.
 */
export const oweBegun = async (tx: Write, accountId: string, inboxId: string, now: number): Promise<void> => {
  const begun = await tx
    .selectFrom("owed")
    .select(["ref", "attempts"])
    .where("account_id", "=", accountId)
    .where("inbox_id", "=", inboxId)
    .where("begun", "=", 1)
    .execute();
  for (const [attempts, some] of Map.groupBy(begun, (row) => row.attempts)) {
    const dueAt = attempts === 1 ? now : now + (retryDelay(attempts - 1) ?? 0);
    await inBatches(
      some.map(({ ref }) => ref),
      (batch) =>
        tx
          .updateTable("owed")
          .set({ begun: 0, due_at: dueAt, error: "What was found could not be saved." })
          .where("account_id", "=", accountId)
          .where("inbox_id", "=", inboxId)
          .where("ref", "in", batch)
          .execute(),
    );
  }
};

/**
 * Counts an attempt at each message, in a transaction of its own before the work begins, and returns the counts: a message that
 * took the process down twice is to be set aside. What is begun and neither saved nor released when its worker dies counts as a
 * crash at the next claim. Throws FenceLost.
 */
export const beginAttempts = async (
  tx: Write,
  claim: Claim,
  items: readonly { envelope: Envelope; backfill: boolean }[],
  now: number,
): Promise<Owed[]> => {
  await holdFence(tx, claim);
  const rows = items.map(({ envelope, backfill }) => ({
    ...keyOf(claim, envelope.ref),
    envelope: envelopeToJson(envelope),
    backfill: flag(backfill),
    begun: flag(true),
    attempts: 1,
    crashes: 0,
    due_at: null,
    error: null,
    first_at: now,
  }));
  const begun = await inBatches(rows, (batch) =>
    tx
      .insertInto("owed")
      .values(batch)
      .onConflict((conflict) =>
        conflict.columns(["account_id", "inbox_id", "ref"]).doUpdateSet((eb) => ({ begun: 1, attempts: eb("owed.attempts", "+", 1) })),
      )
      .returningAll()
      .execute(),
  );
  return begun.map(toOwed);
};

/**
 * Makes messages that were not opened so far owed at once: today's rules call them suspects. Of their header only the Message-ID is
 * still known, and that is enough to open them. Returns how many that are; null where the inbox is connected no more.
 */
export const oweUnopened = async (
  tx: Write,
  accountId: string,
  inboxId: string,
  refs: readonly string[],
  now: number,
): Promise<number | null> => {
  const inbox = await tx
    .selectFrom("inboxes")
    .select(["state", "created_at"])
    .where("account_id", "=", accountId)
    .where("id", "=", inboxId)
    .executeTakeFirst();
  if (!inbox || inbox.state === "disconnected" || inbox.state === "erased") return null;
  const seen = await inBatches(refs, (batch) =>
    tx
      .updateTable("seen_messages")
      .set({ verdict: "owed" })
      .where("account_id", "=", accountId)
      .where("inbox_id", "=", inboxId)
      .where("ref", "in", batch)
      .where("verdict", "in", ["reply", "other"])
      .returningAll()
      .execute(),
  );
  const rows = seen.map((row) => ({
    ...keyOf({ accountId, inboxId }, row.ref),
    envelope: envelopeToJson(leanEnvelope(row)),
    backfill: flag(row.received_at !== null && row.received_at < inbox.created_at),
    begun: flag(false),
    attempts: 0,
    crashes: 0,
    due_at: now,
    error: null,
    first_at: now,
  }));
  await inBatches(rows, (batch) =>
    tx
      .insertInto("owed")
      .values(batch)
      .onConflict((conflict) => conflict.columns(["account_id", "inbox_id", "ref"]).doNothing())
      .execute(),
  );
  return rows.length;
};

/**
 * Makes messages owed that a mailbox holds and no page told of: the next turn judges each by its header, as it would have then. What
 * was seen meanwhile is left alone. Returns the refs of those that are new.
 */
export const oweMissed = async (
  tx: Write,
  accountId: string,
  inboxId: string,
  missed: readonly { envelope: Envelope; backfill: boolean }[],
  now: number,
): Promise<string[]> => {
  const inbox = await tx
    .selectFrom("inboxes")
    .select("state")
    .where("account_id", "=", accountId)
    .where("id", "=", inboxId)
    .executeTakeFirst();
  if (!inbox || inbox.state === "disconnected" || inbox.state === "erased") return [];
  const rows = missed.map(({ envelope, backfill }) => ({
    ...keyOf({ accountId, inboxId }, envelope.ref),
    envelope: envelopeToJson(envelope),
    backfill: flag(backfill),
    begun: flag(false),
    attempts: 0,
    crashes: 0,
    due_at: now,
    error: null,
    first_at: now,
    judge: flag(true),
  }));
  const made = await inBatches(rows, (batch) =>
    tx
      .insertInto("owed")
      .values(batch)
      .onConflict((conflict) => conflict.columns(["account_id", "inbox_id", "ref"]).doNothing())
      .returning("ref")
      .execute(),
  );
  const fresh = new Set(made.map(({ ref }) => ref));
  const seen = missed
    .filter(({ envelope }) => fresh.has(envelope.ref))
    .map(({ envelope }) => ({
      ...keyOf({ accountId, inboxId }, envelope.ref),
      folder: envelope.folder,
      verdict: "owed" as const,
      message_key: idKey(firstValue(envelope.headers, "message-id")) || null,
      facts: null,
      received_at: envelope.receivedAt,
      seen_at: now,
    }));
  await inBatches(seen, (batch) =>
    tx
      .insertInto("seen_messages")
      .values(batch)
      .onConflict((conflict) => conflict.columns(["account_id", "inbox_id", "ref"]).doNothing())
      .execute(),
  );
  return [...fresh];
};

/** One owed message, by the provider's id; null where it is not owed. */
export const readOwed = async (read: Read, accountId: string, inboxId: string, ref: string): Promise<Owed | null> => {
  const row = await read
    .selectFrom("owed")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("inbox_id", "=", inboxId)
    .where("ref", "=", ref)
    .executeTakeFirst();
  return row ? toOwed(row) : null;
};

const leanEnvelope = ({ ref, folder, message_key, received_at, facts }: Selectable<Tables["seen_messages"]>): Envelope => ({
  ref,
  folder,
  role: fromJsonOrNull<{ role?: FolderRole }>(facts)?.role ?? "other",
  headers: new Map(message_key === null ? [] : [["message-id", [`<${message_key}>`]]]),
  receivedAt: received_at,
  size: null,
  threadId: null,
  hints: {},
});

/** Messages of an inbox that are to be tried now, the longest overdue first. */
export const dueOwed = async (read: Read, accountId: string, inboxId: string, now: number, limit: number): Promise<Owed[]> => {
  const rows = await read
    .selectFrom("owed")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("inbox_id", "=", inboxId)
    .where("due_at", "<=", now)
    .orderBy("due_at")
    .orderBy("ref")
    .limit(limit)
    .execute();
  return rows.map(toOwed);
};

/** Which of these messages are owed, due or not. */
export const readOwedRefs = async (read: Read, accountId: string, inboxId: string, refs: readonly string[]): Promise<Set<string>> => {
  const rows = await inBatches(refs, (batch) =>
    read
      .selectFrom("owed")
      .select("ref")
      .where("account_id", "=", accountId)
      .where("inbox_id", "=", inboxId)
      .where("due_at", "is not", null)
      .where("ref", "in", batch)
      .execute(),
  );
  return new Set(rows.map((row) => row.ref));
};

/** When the next of an inbox's owed messages is due; null when none is owed. */
export const nextOwedAt = async (read: Read, accountId: string, inboxId: string): Promise<number | null> => {
  const row = await read
    .selectFrom("owed")
    .select((eb) => eb.fn.min("due_at").as("at"))
    .where("account_id", "=", accountId)
    .where("inbox_id", "=", inboxId)
    .executeTakeFirst();
  return row?.at ?? null;
};

/**
 * Gives up attempts that were begun and not carried out (a turn that was stopped): they do not count. Those that were never owed
 * before are forgotten, because the cursor did not pass them. Throws FenceLost.
 */
export const releaseAttempts = async (tx: Write, claim: Claim, refs: readonly string[]): Promise<void> => {
  await holdFence(tx, claim);
  await inBatches(refs, (batch) => deleteOwed(tx, claim).where("ref", "in", batch).where("due_at", "is", null).execute());
  await inBatches(refs, (batch) =>
    tx
      .updateTable("owed")
      .set((eb) => ({ begun: 0, attempts: eb("attempts", "-", 1) }))
      .where("account_id", "=", claim.accountId)
      .where("inbox_id", "=", claim.inboxId)
      .where("ref", "in", batch)
      .where("begun", "=", 1)
      .execute(),
  );
};

/** Within savePage: what is done is owed no more, what failed is owed again. */
export const settleOwed = async (
  tx: Write,
  claim: Claim,
  settled: { done: readonly string[]; again: readonly OwedAgain[] },
  now: number,
): Promise<void> => {
  await inBatches(settled.done, (batch) => deleteOwed(tx, claim).where("ref", "in", batch).execute());
  const rows = settled.again.map(({ envelope, backfill, error, dueAt }) => ({
    ...keyOf(claim, envelope.ref),
    envelope: envelopeToJson(envelope),
    backfill: flag(backfill),
    begun: flag(false),
    attempts: 1,
    crashes: 0,
    due_at: dueAt,
    error,
    first_at: now,
  }));
  await inBatches(rows, (batch) =>
    tx
      .insertInto("owed")
      .values(batch)
      .onConflict((conflict) =>
        conflict
          .columns(["account_id", "inbox_id", "ref"])
          .doUpdateSet((eb) => ({ begun: 0, due_at: eb.ref("excluded.due_at"), error: eb.ref("excluded.error") })),
      )
      .execute(),
  );
};

const keyOf = ({ accountId, inboxId }: Pick<Claim, "accountId" | "inboxId">, ref: string) => ({
  account_id: accountId,
  inbox_id: inboxId,
  ref,
});

const deleteOwed = (tx: Write, claim: Claim) =>
  tx.deleteFrom("owed").where("account_id", "=", claim.accountId).where("inbox_id", "=", claim.inboxId);

const flag = (value: boolean): Flag => (value ? 1 : 0);

/** Headers are a Map, which JSON does not know: they lie as a list of entries. */
const envelopeToJson = (envelope: Envelope): string => toJson({ ...envelope, headers: [...envelope.headers] });

const toOwed = (row: Selectable<Tables["owed"]>): Owed => {
  const stored = fromJson<Omit<Envelope, "headers"> & { headers: [string, string[]][] }>(row.envelope);
  return {
    envelope: { ...stored, headers: new Map(stored.headers) },
    backfill: row.backfill === 1,
    attempts: row.attempts,
    crashes: row.crashes,
    dueAt: row.due_at,
    error: row.error,
    firstAt: row.first_at,
    judge: row.judge === 1,
  };
};
