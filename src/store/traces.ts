import type { Selectable } from "kysely";
import { idKey } from "../bounces/keys.ts";
import type { Evidence } from "../bounces/report.ts";
import type { Read, Tables, Write } from "../ports/database.ts";
import { inBatches } from "./in-batches.ts";
import { fromJson, toJson } from "./json.ts";

/** The record of every decision about one message that was opened, for support. `at` is epoch milliseconds. */
export type Trace = {
  inboxId: string;
  ref: string;
  /** idKey of the message's own Message-ID. */
  messageKey: string | null;
  /** The notice it became or is a copy of; what matching found is there. */
  noticeId: string | null;
  outcome: string;
  steps: Evidence[];
  at: number;
};

export type NewTrace = { ref: string; messageId: string | null; noticeId: string | null; outcome: string; steps: readonly Evidence[] };

/** Writes traces; a message that is looked at again gets its newest. */
export const saveTraces = async (
  tx: Write,
  accountId: string,
  inboxId: string,
  traces: readonly NewTrace[],
  now: number,
): Promise<void> => {
  const rows = traces.map((trace) => ({
    account_id: accountId,
    inbox_id: inboxId,
    ref: trace.ref,
    message_key: idKey(trace.messageId) || null,
    notice_id: trace.noticeId,
    outcome: trace.outcome,
    steps: toJson(trace.steps),
    at: now,
  }));
  await inBatches(rows, (batch) =>
    tx
      .insertInto("traces")
      .values(batch)
      .onConflict((conflict) =>
        conflict.columns(["account_id", "inbox_id", "ref"]).doUpdateSet((eb) => ({
          notice_id: eb.ref("excluded.notice_id"),
          outcome: eb.ref("excluded.outcome"),
          steps: eb.ref("excluded.steps"),
          at: now,
        })),
      )
      .execute(),
  );
};

/** Traces of all messages of the account with this Message-ID: one per inbox and folder it lay in. */
export const findTraces = async (read: Read, accountId: string, messageId: string): Promise<Trace[]> => {
  const rows = await read
    .selectFrom("traces")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("message_key", "=", idKey(messageId))
    .orderBy("at")
    .orderBy("ref")
    .limit(50)
    .execute();
  return rows.map(toTrace);
};

/** The trace of one message by the provider's id. */
export const readTrace = async (read: Read, accountId: string, inboxId: string, ref: string): Promise<Trace | null> => {
  const row = await read
    .selectFrom("traces")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("inbox_id", "=", inboxId)
    .where("ref", "=", ref)
    .executeTakeFirst();
  return row ? toTrace(row) : null;
};

const toTrace = (row: Selectable<Tables["traces"]>): Trace => ({
  inboxId: row.inbox_id,
  ref: row.ref,
  messageKey: row.message_key,
  noticeId: row.notice_id,
  outcome: row.outcome,
  steps: fromJson<Evidence[]>(row.steps),
  at: row.at,
});
