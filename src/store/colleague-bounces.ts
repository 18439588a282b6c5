import type { Json } from "../ports/connector.ts";
import type { Read } from "../ports/database.ts";
import { fromJsonOrNull } from "./json.ts";

/** An inbox from which mail to an address bounced, and when last. */
export type ColleagueBounce = { inboxId: string; owner: Json; inboxAddress: string; address: string; occurredAt: number };

/** Bounces of addresses (by addressKey) in other inboxes than one's own since a time, the newest of each inbox and address. */
export const listColleagueBounces = async (
  read: Read,
  accountId: string,
  addressKeys: readonly string[],
  { ownInboxIds, since }: { ownInboxIds: readonly string[]; since: number },
): Promise<ColleagueBounce[]> => {
  if (addressKeys.length === 0) return [];
  let query = read
    .selectFrom("engagements as e")
    .innerJoin("inboxes as i", (join) => join.onRef("i.account_id", "=", "e.account_id").onRef("i.id", "=", "e.inbox_id"))
    .select(["i.id", "i.owner", "i.address", "e.recipient_address", (eb) => eb.fn.max("e.occurred_at").as("occurred_at")])
    .where("e.account_id", "=", accountId)
    .where("e.recipient_key", "in", addressKeys)
    .where("e.state", "in", ["soft", "hard"])
    .where("e.occurred_at", ">=", since)
    .groupBy(["i.id", "i.owner", "i.address", "e.recipient_address"])
    .orderBy("occurred_at", "desc")
    .limit(20);
  if (ownInboxIds.length > 0) query = query.where("e.inbox_id", "not in", ownInboxIds);
  return (await query.execute()).map((row) => ({
    inboxId: row.id,
    owner: fromJsonOrNull<Json>(row.owner),
    inboxAddress: row.address,
    address: row.recipient_address,
    occurredAt: Number(row.occurred_at),
  }));
};
