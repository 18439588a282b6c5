import type { Selectable } from "kysely";
import { idKey } from "../bounces/keys.ts";
import type { NearMiss } from "../bounces/near-miss.ts";
import type { Json } from "../ports/connector.ts";
import type { Read, SeenVerdict, Tables, Write } from "../ports/database.ts";
import { inBatches } from "./in-batches.ts";
import { fromJsonOrNull, toJson } from "./json.ts";

/** One message we looked at: no subject, no address. `facts` are the header facts behind the verdict, for 30 days. */
export type SeenMessage = {
  ref: string;
  folder: string;
  verdict: SeenVerdict;
  messageId: string | null;
  facts: Json;
  /** Where it nearly was a notice, for as long. */
  nearMiss?: NearMiss | null;
  receivedAt: number | null;
};

/**
 * Writes one row per message. A message seen before keeps its row when that says `sent` or `notice`, and also `opened` unless it
 * turned out a notice; any other verdict is replaced, because work that was owed was done, or a newer rule judged anew.
 */
export const saveSeen = async (
  tx: Write,
  accountId: string,
  inboxId: string,
  messages: readonly SeenMessage[],
  now: number,
): Promise<void> => {
  const rows = [...new Map(messages.map((message) => [message.ref, message])).values()].map((message) => ({
    account_id: accountId,
    inbox_id: inboxId,
    ref: message.ref,
    folder: message.folder,
    verdict: message.verdict,
    message_key: idKey(message.messageId) || null,
    facts: message.facts === null ? null : toJson(message.facts),
    near_miss: message.nearMiss ? toJson(message.nearMiss) : null,
    received_at: message.receivedAt,
    seen_at: now,
  }));
  await inBatches(rows, (batch) =>
    tx
      .insertInto("seen_messages")
      .values(batch)
      .onConflict((conflict) =>
        conflict
          .columns(["account_id", "inbox_id", "ref"])
          .doUpdateSet((eb) => ({
            folder: eb.ref("excluded.folder"),
            verdict: eb.ref("excluded.verdict"),
            facts: eb.ref("excluded.facts"),
            near_miss: eb.ref("excluded.near_miss"),
            seen_at: now,
          }))
          .where((eb) =>
            eb.or([
              eb("seen_messages.verdict", "not in", ["sent", "notice", "opened"]),
              eb.and([eb("seen_messages.verdict", "=", "opened"), eb("excluded.verdict", "=", "notice")]),
            ]),
          ),
      )
      .execute(),
  );
};

/** What became of messages by the provider's id; those never seen are missing from the map. */
export const readVerdicts = async (
  read: Read,
  accountId: string,
  inboxId: string,
  refs: readonly string[],
): Promise<Map<string, SeenVerdict>> => {
  const rows = await inBatches([...new Set(refs)], (batch) =>
    read
      .selectFrom("seen_messages")
      .select(["ref", "verdict"])
      .where("account_id", "=", accountId)
      .where("inbox_id", "=", inboxId)
      .where("ref", "in", batch)
      .execute(),
  );
  return new Map(rows.map((row) => [row.ref, row.verdict]));
};

const toSeen = (row: Selectable<Tables["seen_messages"]>): SeenMessage & { inboxId: string; seenAt: number } => ({
  inboxId: row.inbox_id,
  ref: row.ref,
  folder: row.folder,
  verdict: row.verdict,
  messageId: row.message_key,
  facts: fromJsonOrNull<Json>(row.facts),
  receivedAt: row.received_at,
  seenAt: row.seen_at,
});

/** One message of an inbox, by the provider's id. */
export const readSeen = async (
  read: Read,
  accountId: string,
  inboxId: string,
  ref: string,
): Promise<(SeenMessage & { inboxId: string; seenAt: number }) | null> => {
  const row = await read
    .selectFrom("seen_messages")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("inbox_id", "=", inboxId)
    .where("ref", "=", ref)
    .executeTakeFirst();
  return row ? toSeen(row) : null;
};

/** What an inbox received within a stretch of time, in order, 200 messages at most. */
export const listSeenBetween = async (
  read: Read,
  accountId: string,
  inboxId: string,
  stretch: { from: number; to: number },
): Promise<(SeenMessage & { inboxId: string; seenAt: number })[]> => {
  const rows = await read
    .selectFrom("seen_messages")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("inbox_id", "=", inboxId)
    .where("received_at", ">=", stretch.from)
    .where("received_at", "<", stretch.to)
    .orderBy("received_at")
    .orderBy("ref")
    .limit(200)
    .execute();
  return rows.map(toSeen);
};

/** Every inbox of the account that saw a message with this Message-ID. */
export const findSeen = async (
  read: Read,
  accountId: string,
  messageId: string,
): Promise<(SeenMessage & { inboxId: string; seenAt: number })[]> => {
  const rows = await read
    .selectFrom("seen_messages")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("message_key", "=", idKey(messageId))
    .orderBy("inbox_id")
    .orderBy("ref")
    .limit(50)
    .execute();
  return rows.map(toSeen);
};
