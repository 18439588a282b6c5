import type { Log } from "../ports/connector.ts";
import type { Database, Read, Write } from "../ports/database.ts";
import { newId } from "./ids.ts";
import { inBatches } from "./in-batches.ts";
import { type ListOptions, type ListPage, listPage, pageLimit, readPosition } from "./list-page.ts";

/**
 * One time somebody read or changed something. `by`: `key:<id>`, `session`, or `command line`. `subject`: an object's id, or the
 * keyed hash of an address (secrets.ts), so that the log itself names nobody. `at`: epoch milliseconds.
 */
export type AuditEntry = { accountId: string; by: string; action: string; subject: string | null; at: number };

/** The audit log of a running server. */
export type AuditLog = {
  /** Writes down a change before it is made, and waits until that is written. */
  change(entry: AuditEntry): Promise<void>;
  /** Writes down what was read, soon: reads are gathered, and a crash loses half a second of them. */
  read(entry: AuditEntry): void;
  /** Writes down what was gathered. */
  flush(): Promise<void>;
};

const gatherMs = 500;

export const openAuditLog = (database: Pick<Database, "transaction">, log: Pick<Log, "error">): AuditLog => {
  const write = (entries: readonly AuditEntry[]) => database.transaction((tx) => appendAudit(tx, entries));
  const reads: AuditEntry[] = [];
  let timer: NodeJS.Timeout | null = null;
  const gathered = (): AuditEntry[] => {
    if (timer) clearTimeout(timer);
    timer = null;
    return reads.splice(0);
  };
  const flush = async (): Promise<void> => {
    const some = gathered();
    if (some.length > 0) await write(some);
  };
  return {
    // What was read before stands before it.
    change: async (entry) => void (await write([...gathered(), entry])),
    read(entry) {
      reads.push(entry);
      timer ??= setTimeout(() => void flush().catch((err: unknown) => log.error({ err }, "the audit log was not written")), gatherMs);
    },
    flush,
  };
};

export const appendAudit = (tx: Write, entries: readonly AuditEntry[]): Promise<unknown> =>
  inBatches(entries, (batch) =>
    tx
      .insertInto("audit_log")
      .values(
        batch.map(({ accountId, by, action, subject, at }) => ({
          account_id: accountId,
          id: newId("aud", at),
          by_whom: by,
          action,
          subject,
          at,
        })),
      )
      .execute(),
  );

/** Newest first; with `subject`, only what was done to that. */
export const listAudit = async (
  read: Read,
  accountId: string,
  options: ListOptions & { subject?: string | undefined } = {},
): Promise<ListPage<AuditEntry & { id: string }>> => {
  const after = readPosition(options);
  let query = read
    .selectFrom("audit_log")
    .selectAll()
    .where("account_id", "=", accountId)
    .orderBy("id", "desc")
    .limit(pageLimit(options) + 1);
  if (options.subject !== undefined) query = query.where("subject", "=", options.subject);
  if (after) query = query.where("id", "<", after[1]);
  return listPage(
    await query.execute(),
    options,
    (row) => [row.at, row.id],
    (row) => ({ id: row.id, accountId: row.account_id, by: row.by_whom, action: row.action, subject: row.subject, at: row.at }),
  );
};
