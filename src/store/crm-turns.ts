import type { Json } from "../ports/connector.ts";
import type { Read, Write } from "../ports/database.ts";
import { type CrmConnection, toCrmConnection } from "./crm-connections.ts";
import { type FollowerStep, followerColumns, nobodyAtIt } from "./follower.ts";
import { toJson } from "./json.ts";

export type DueCrm = { accountId: string };

/** Under which claim a worker writes. */
export type CrmClaim = DueCrm & { fence: number };

/** Connections with events before them and nobody at it, of all accounts, the longest due first. */
export const dueCrms = async (read: Read, now: number, limit: number): Promise<DueCrm[]> => {
  const rows = await read
    .selectFrom("crm_connections as c")
    .innerJoin("accounts as a", "a.id", "c.account_id")
    .select("c.account_id")
    .where("c.due_at", "<=", now)
    .where(nobodyAtIt("c.busy_until", now))
    .whereRef("c.position", "<", "a.event_seq")
    .orderBy("c.due_at")
    .limit(limit)
    .execute();
  return rows.map((row) => ({ accountId: row.account_id }));
};

/** Begins a turn: nobody else begins one until it ends or `busyUntil` has passed. Null when there is nothing to begin. */
export const claimCrm = async (
  tx: Write,
  { accountId }: DueCrm,
  options: { busyUntil: number },
  now: number,
): Promise<{ connection: CrmConnection; claim: CrmClaim } | null> => {
  const row = await tx
    .updateTable("crm_connections")
    .set((eb) => ({ fence: eb("fence", "+", 1), busy_until: options.busyUntil }))
    .where("account_id", "=", accountId)
    .where("due_at", "<=", now)
    .where(nobodyAtIt("busy_until", now))
    .returningAll()
    .executeTakeFirst();
  return row ? { connection: toCrmConnection(row), claim: { accountId, fence: row.fence } } : null;
};

/** What became of the next event, and how the turn goes on. */
export type CrmStep =
  | FollowerStep
  /** The CRM asked to wait until `dueAt`: nothing failed, and the turn is over. */
  | { kind: "wait"; dueAt: number };

/** Writes a step, and what was found out about the CRM, under the claim. False when the claim was lost: nothing was written. */
export const saveCrmStep = async (tx: Write, claim: CrmClaim, step: CrmStep, memory: Json, now: number): Promise<boolean> => {
  const row = await tx
    .updateTable("crm_connections")
    .set({ ...columnsOf(step, now), memory: toJson(memory) })
    .where("account_id", "=", claim.accountId)
    .where("fence", "=", claim.fence)
    .returning("account_id")
    .executeTakeFirst();
  if (row && step.kind === "dead") {
    const letter = { account_id: claim.accountId, seq: step.sequence, error: step.error, at: now };
    await tx
      .insertInto("crm_dead_letters")
      .values(letter)
      .onConflict((conflict) => conflict.columns(["account_id", "seq"]).doUpdateSet({ error: step.error, at: now }))
      .execute();
  }
  return row !== undefined;
};

/** Ends the lease of a claim that was lost to a new token; a later claim's lease stays. */
export const releaseCrm = async (tx: Write, { accountId }: CrmClaim, heldUntil: number): Promise<void> => {
  await tx
    .updateTable("crm_connections")
    .set({ busy_until: null })
    .where("account_id", "=", accountId)
    .where("busy_until", "=", heldUntil)
    .execute();
};

/** How many events the CRM did not take, and the newest of them. */
export const crmDeadLetters = async (
  read: Read,
  accountId: string,
): Promise<{ count: number; newest: { sequence: number; error: string; at: number } | null }> => {
  const of = read.selectFrom("crm_dead_letters").where("account_id", "=", accountId);
  const { n } = await of.select((eb) => eb.fn.countAll<number>().as("n")).executeTakeFirstOrThrow();
  const last = await of.selectAll().orderBy("seq", "desc").limit(1).executeTakeFirst();
  return { count: Number(n), newest: last ? { sequence: last.seq, error: last.error, at: last.at } : null };
};

const columnsOf = (step: CrmStep, now: number) => {
  if (step.kind === "wait") return { busy_until: null, due_at: step.dueAt };
  return { ...followerColumns(step, now), ...(step.kind === "taken" && { written_at: now }) };
};
