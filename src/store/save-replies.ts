import { addressKey } from "../bounces/keys.ts";
import type { Write } from "../ports/database.ts";
import { type AddressAddition, appendAddressEvents } from "./addresses.ts";
import { type Addition, appendHistory } from "./append-history.ts";
import type { NewEvent } from "./events.ts";
import { inBatches } from "./in-batches.ts";
import { findSentByIds } from "./sent-messages.ts";

/** A letter a person wrote in answer to a message of ours. `answers` are idKeys; `at` is epoch milliseconds. */
export type Reply = { from: string; answers: readonly string[]; messageKey: string; at: number; backfill: boolean };

/**
 * What a reply tells: its sender is alive, so a hard bounce from before is over; and the message it answers arrived, so a delay
 * that was told of it is over too. Returns the events; the caller appends them, late.
 */
export const saveReplies = async (tx: Write, accountId: string, replies: readonly Reply[], now: number): Promise<NewEvent[]> => {
  if (replies.length === 0) return [];
  const { events } = await appendHistory(tx, accountId, await arrivals(tx, accountId, replies, now), now);
  const backfill = replies.every((reply) => reply.backfill);
  return [...events, ...(await appendAddressEvents(tx, accountId, replies.map(signOfLife), backfill, now))];
};

/** One a day is enough to know. */
const signOfLife = ({ from, at }: Reply): AddressAddition => ({
  addressKey: addressKey(from),
  id: `alive/${new Date(at).toISOString().slice(0, 10)}`,
  event: { kind: "alive", at },
});

/** Closes what is open: engagements of the answered messages at the one who answers. */
const arrivals = async (tx: Write, accountId: string, replies: readonly Reply[], now: number): Promise<Addition[]> => {
  const sent = await findSentByIds(
    tx,
    accountId,
    replies.flatMap((reply) => reply.answers),
  );
  const ids = [...new Set([...sent.values()].flat().map((message) => message.id))].sort();
  const open = await inBatches(ids, (batch) =>
    tx
      .selectFrom("engagements")
      .select(["id", "sent_message_id", "recipient_key"])
      .where("account_id", "=", accountId)
      .where("sent_message_id", "in", batch)
      .where("state", "in", ["pending", "soft"])
      .execute(),
  );
  return replies.flatMap((reply) => {
    const answered = new Set(reply.answers.flatMap((id) => sent.get(id) ?? []).map((message) => message.id));
    return open
      .filter((row) => answered.has(row.sent_message_id) && row.recipient_key === addressKey(reply.from))
      .map((row) => ({ engagementId: row.id, entry: { ...delivered(reply), at: now } }));
  });
};

const delivered = ({ messageKey, at, backfill }: Reply) => ({
  fingerprint: `reply/${messageKey}`,
  state: "delivered" as const,
  because: "reply" as const,
  occurredAt: at,
  noticeId: null,
  backfill,
  facts: null,
});
