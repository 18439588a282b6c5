import { sql } from "kysely";
import { addressKey } from "../bounces/keys.ts";
import type { Read, Write } from "../ports/database.ts";
import { inBatches } from "./in-batches.ts";
import { toJson } from "./json.ts";
import { locking } from "./locking.ts";
import { type Notice, toNotice } from "./notices.ts";

/**
 * The ids of notices that wait for any of these keys: `id:<idKey>`, `recipient:<addressKey>`, `address:<addressKey>`,
 * `engagement:<sent message id>`.
 */
export const waitingFor = async (read: Read, accountId: string, waitKeys: readonly string[]): Promise<string[]> => {
  const rows = await inBatches([...new Set(waitKeys)].sort(), (batch) =>
    read.selectFrom("notice_waits").select("notice_id").where("account_id", "=", accountId).where("wait_key", "in", batch).execute(),
  );
  return [...new Set(rows.map((row) => row.notice_id))];
};

/** What new sent messages wake: notices that wait for their ids, and those that name no id and wait for a message to that address. */
export const wakeKeys = (newIdKeys: readonly string[], sent: readonly { recipients: readonly { address: string }[] }[]): string[] => [
  ...newIdKeys.map((id) => `id:${id}`),
  ...sent.flatMap(({ recipients }) => recipients.map(({ address }) => `recipient:${addressKey(address)}`)),
];

/** Reads notices for changing: another transaction that ties one of them waits, and then sees what this one made of it. */
export const lockNotices = async (tx: Write, accountId: string, noticeIds: readonly string[]): Promise<Notice[]> => {
  const rows = await inBatches([...new Set(noticeIds)].sort(), (batch) =>
    locking(tx, tx.selectFrom("notices").selectAll().where("account_id", "=", accountId).where("id", "in", batch).orderBy("id")).execute(),
  );
  return rows.map(toNotice);
};

/** Writes what became of notices, and what each waits for from now on. */
export const updateNotices = async (
  tx: Write,
  accountId: string,
  changed: readonly { notice: Notice; waitKeys: readonly string[] }[],
): Promise<void> => {
  const kept = new Set(
    await inBatches(changed, (batch) =>
      updateRows(
        tx,
        accountId,
        batch.map(({ notice }) => notice),
      ),
    ),
  );
  await inBatches([...kept], (batch) =>
    tx.deleteFrom("notice_waits").where("account_id", "=", accountId).where("notice_id", "in", batch).execute(),
  );
  const waits = changed
    .filter(({ notice }) => kept.has(notice.id))
    .flatMap(({ notice, waitKeys }) => waitKeys.map((key) => ({ account_id: accountId, wait_key: key, notice_id: notice.id })));
  await inBatches(waits, (batch) => tx.insertInto("notice_waits").values(batch).execute());
};

/** Many rows in one statement. Parameters of a list of values are text until they are cast. Returns the ids of those there are. */
const updateRows = async (tx: Write, accountId: string, notices: readonly Notice[]): Promise<string[]> => {
  const values = notices.map(
    ({ id, state, matches, waitsUntil, updatedAt }) =>
      sql`(${id}, ${state}, ${toJson(matches)}, cast(${waitsUntil} as bigint), cast(${updatedAt} as bigint))`,
  );
  const { rows } = await sql<{ id: string }>`
    with changed (id, state, matches, waits_until, updated_at) as (values ${sql.join(values)})
    update notices set state = changed.state, matches = changed.matches, waits_until = changed.waits_until, updated_at = changed.updated_at
    from changed where notices.account_id = ${accountId} and notices.id = changed.id
    returning notices.id`.execute(tx);
  return rows.map((row) => row.id);
};
