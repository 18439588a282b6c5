import type { Write } from "../ports/database.ts";

/**
 * Claims a piece of calendar work, such as ("nightly-audit", "2026-11-25"): true for the first who asks, false for everybody
 * after. The claim holds only if the transaction commits.
 */
export const claimSlot = async (tx: Write, name: string, slot: string, now: number): Promise<boolean> => {
  const made = await tx
    .insertInto("slots")
    .values({ name, slot, at: now })
    .onConflict((conflict) => conflict.columns(["name", "slot"]).doNothing())
    .returning("name")
    .executeTakeFirst();
  return made !== undefined;
};

/** Forgets claims older than `before` (epoch milliseconds). */
export const forgetSlots = async (tx: Write, before: number): Promise<void> => {
  await tx.deleteFrom("slots").where("at", "<", before).execute();
};
