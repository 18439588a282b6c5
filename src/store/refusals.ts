import type { Read } from "../ports/database.ts";

/** An endpoint that was not told of an engagement: which one, and how often it refused. */
export type Refusal = { webhookId: string; times: number };

/**
 * The endpoints that do not know of an engagement as it is now: the event became a dead letter, or waits behind one that fails.
 * `updatedAt`: when the engagement changed last.
 */
export const findRefusals = async (
  read: Read,
  accountId: string,
  { engagementId, updatedAt }: { engagementId: string; updatedAt: number },
): Promise<Refusal[]> => {
  const endpoints = await read
    .selectFrom("webhooks")
    .select(["id", "position", "attempts"])
    .where("account_id", "=", accountId)
    .where("enabled", "=", 1)
    .orderBy("id")
    .execute();
  const refusals: Refusal[] = [];
  for (const { id, position, attempts } of endpoints) {
    const letter = await read
      .selectFrom("webhook_letters as l")
      .innerJoin("events as e", (join) => join.onRef("e.account_id", "=", "l.account_id").onRef("e.seq", "=", "l.seq"))
      .select("l.attempts")
      .where("l.account_id", "=", accountId)
      .where("l.webhook_id", "=", id)
      .where("l.due_at", "is", null)
      .where("e.data", "like", `%"${engagementId}"%`)
      .orderBy("l.seq", "desc")
      .limit(1)
      .executeTakeFirst();
    if (letter) refusals.push({ webhookId: id, times: Math.max(1, letter.attempts) });
    else if (attempts > 0 && (await isBehind(read, accountId, position, updatedAt))) refusals.push({ webhookId: id, times: attempts });
  }
  return refusals;
};

/** True where the engagement changed after what was settled last. */
const isBehind = async (read: Read, accountId: string, position: number, updatedAt: number): Promise<boolean> => {
  const next = await read
    .selectFrom("events")
    .select("at")
    .where("account_id", "=", accountId)
    .where("seq", ">", position)
    .orderBy("seq")
    .limit(1)
    .executeTakeFirst();
  return next !== undefined && updatedAt >= next.at;
};
