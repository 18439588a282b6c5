import type { ExpressionBuilder } from "kysely";
import type { Cursor, Folder, Json, Warning } from "../ports/connector.ts";
import type { InboxState, Read, Tables, Write } from "../ports/database.ts";
import type { Before } from "../ports/jobs.ts";
import { FenceLost } from "./errors.ts";
import type { Claim } from "./fence.ts";
import { saveInboxState } from "./inbox-states.ts";
import { type Inbox, toInbox } from "./inboxes.ts";
import { fromJsonOrNull, toJson } from "./json.ts";
import { oweBegun } from "./owed.ts";

/** Inboxes whose next poll is due, of all accounts, the longest overdue first. */
export const dueInboxes = async (
  read: Read,
  now: number,
  limit: number,
): Promise<{ accountId: string; inboxId: string; nextPollAt: number }[]> => {
  const rows = await read
    .selectFrom("inboxes")
    .select(["account_id", "id", "next_poll_at"])
    .where("next_poll_at", "<=", now)
    .orderBy("next_poll_at")
    .limit(limit)
    .execute();
  return rows.map((row) => ({ accountId: row.account_id, inboxId: row.id, nextPollAt: row.next_poll_at ?? now }));
};

/**
 * Begins a turn: raises the fence, so that any earlier turn writes nothing more, and moves the next poll to `busyUntil`, so that
 * nobody else takes the inbox while the turn runs and somebody does if its worker dies. Messages whose attempt was begun and
 * never ended were being read when their worker died, unless it lives. Null when the inbox is not due: paused, or taken by somebody
 * else. `before`: with any other word than `ended` the turn that runs is taken away from its worker, which can write nothing more.
 */
export const claimInbox = async (
  tx: Write,
  accountId: string,
  inboxId: string,
  { busyUntil, before = "ended" }: { busyUntil: number; before?: Before },
  now: number,
): Promise<{ inbox: Inbox; cursor: Cursor; claim: Claim } | null> => {
  const row = await tx
    .updateTable("inboxes")
    .set((eb) => ({
      fence: eb("fence", "+", 1),
      turn_fence: eb("fence", "+", 1),
      next_poll_at: busyUntil,
      last_poll_at: now,
      poll_again_at: null,
    }))
    .where("account_id", "=", accountId)
    .where("id", "=", inboxId)
    .where((eb) => (before === "ended" ? eb("next_poll_at", "<=", now) : eb.or([eb("next_poll_at", "<=", now), turnRuns(eb)])))
    .returningAll()
    .executeTakeFirst();
  if (!row) return null;
  if (before === "threw") await oweBegun(tx, accountId, inboxId, now);
  else await ownUpToCrash(tx, accountId, inboxId, now);
  return { inbox: toInbox(row), cursor: fromJsonOrNull<Cursor>(row.cursor), claim: { accountId, inboxId, fence: row.fence } };
};

/** A fence that was raised meanwhile, by whatever release, ends the turn without its doing. */
const turnRuns = (eb: ExpressionBuilder<Tables, "inboxes">) =>
  eb.and([eb("turn_fence", "=", eb.ref("fence")), eb("next_poll_at", "is not", null)]);

/**
 * Makes every inbox due whose turn runs. For a worker that knows itself to be the only one, when it starts: whoever ran them is
 * dead, and nobody else would take them before their time is up.
 */
export const takeOverTurns = async (tx: Write, now: number): Promise<void> => {
  await tx
    .updateTable("inboxes")
    .set((eb) => ({ fence: eb("fence", "+", 1), next_poll_at: now }))
    .where(turnRuns)
    .execute();
};

/** A worker's clock may be off by so much. */
const clockMarginMs = 60_000;

/**
 * Makes inboxes due that were last polled in the future: by a clock that was set back since, and whose next poll would be waited
 * for as long. Returns how many.
 */
export const mendFuturePolls = async (tx: Write, now: number): Promise<number> => {
  const mended = await tx
    .updateTable("inboxes")
    .set({ next_poll_at: now })
    .where("last_poll_at", ">", now + clockMarginMs)
    .where("next_poll_at", ">", now)
    .returning("id")
    .execute();
  return mended.length;
};

/** After a crash with nothing else to blame, so that the worker does not die again at once. */
const afterCrashMs = 300_000;

/**
 * One message that was begun alone counts a crash. Of several nobody knows which it was, so none does; each is tried again by
 * itself. A kill from outside falls on what it falls on: only a message that is hit again, later and alone, is set aside.
 */
const ownUpToCrash = async (tx: Write, accountId: string, inboxId: string, now: number): Promise<void> => {
  const begun = await tx
    .selectFrom("owed")
    .select("ref")
    .where("account_id", "=", accountId)
    .where("inbox_id", "=", inboxId)
    .where("begun", "=", 1)
    .limit(2)
    .execute();
  if (begun.length === 0) return;
  const alone = begun.length === 1;
  await tx
    .updateTable("owed")
    .set((eb) => ({ begun: 0, crashes: eb("crashes", "+", alone ? 1 : 0), due_at: alone ? now + afterCrashMs : now }))
    .where("account_id", "=", accountId)
    .where("inbox_id", "=", inboxId)
    .where("begun", "=", 1)
    .execute();
};

export type TurnEnd = {
  state: InboxState;
  stateDetail?: Json;
  nextPollAt: number | null;
  failedPolls: number;
  /** The position is of no use any more: the next turn lists anew. */
  forgetCursor?: boolean;
  /** What is left out stays as it was. */
  progress?: { done: number; total: number | null } | null;
  folders?: readonly Folder[];
  warnings?: readonly Warning[];
};

/**
 * Ends a turn. `stateSince` moves only when the state changes. Who asked for a poll meanwhile gets one, unless the end is a wait
 * that the provider or a failure asks for. Throws FenceLost when somebody else took the inbox.
 */
export const finishTurn = async (tx: Write, claim: Claim, end: TurnEnd, now: number): Promise<Inbox> => {
  const row = await tx
    .updateTable("inboxes")
    .set((eb) => ({
      state: end.state,
      state_since: eb.case().when("state", "=", end.state).then(eb.ref("state_since")).else(now).end(),
      state_detail: toJson(end.stateDetail),
      next_poll_at: nextPollAt(eb, end),
      poll_again_at: null,
      turn_fence: null,
      failed_polls: end.failedPolls,
      updated_at: now,
      ...(end.forgetCursor && { cursor: null }),
      ...(end.progress !== undefined && { progress: end.progress && toJson(end.progress) }),
      ...(end.folders !== undefined && { folders: toJson(end.folders) }),
      ...(end.warnings !== undefined && { warnings: toJson(end.warnings) }),
    }))
    .where("account_id", "=", claim.accountId)
    .where("id", "=", claim.inboxId)
    .where("fence", "=", claim.fence)
    .returningAll()
    .executeTakeFirst();
  if (!row) throw new FenceLost(claim.inboxId);
  if (row.state_since === now) await saveInboxState(tx, row);
  return toInbox(row);
};

const nextPollAt = (eb: ExpressionBuilder<Tables, "inboxes">, { state, nextPollAt: at }: TurnEnd) => {
  if (at === null || (state !== "watching" && state !== "first_sync")) return eb.val(at);
  return eb.case().when("poll_again_at", "<", at).then(eb.ref("poll_again_at")).else(at).end();
};

/**
 * Makes an inbox due at `at`, if it is polled at all (a person asked, or the provider gave a hint); while a turn runs, when that
 * has ended. True when it is polled.
 */
export const pollNow = async (tx: Write, accountId: string, inboxId: string, at: number): Promise<boolean> => {
  const row = await tx
    .updateTable("inboxes")
    .set((eb) => ({
      next_poll_at: eb.case().when(turnRuns(eb)).then(eb.ref("next_poll_at")).else(at).end(),
      poll_again_at: eb.case().when(turnRuns(eb)).then(at).else(eb.ref("poll_again_at")).end(),
    }))
    .where("account_id", "=", accountId)
    .where("id", "=", inboxId)
    .where("next_poll_at", "is not", null)
    .returning("id")
    .executeTakeFirst();
  return row !== undefined;
};
