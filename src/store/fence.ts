import type { Write } from "../ports/database.ts";
import { FenceLost } from "./errors.ts";

/** Under which claim a worker writes. */
export type Claim = { accountId: string; inboxId: string; fence: number };

/**
 * Holds the inbox's row until the transaction ends, if the fence is still ours; else throws FenceLost. It must be the first
 * statement of each write of a turn: a pause or a new claim then either waits for the write, or makes it fail as a whole.
 */
export const holdFence = async (tx: Write, { accountId, inboxId, fence }: Claim): Promise<void> => {
  const held = await tx
    .updateTable("inboxes")
    .set({ fence })
    .where("account_id", "=", accountId)
    .where("id", "=", inboxId)
    .where("fence", "=", fence)
    .returning("id")
    .executeTakeFirst();
  if (!held) throw new FenceLost(inboxId);
};
