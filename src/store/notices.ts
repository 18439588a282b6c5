import { type Selectable, sql } from "kysely";
import { fingerprint } from "../bounces/fingerprint.ts";
import type { Match, RecipientMatch } from "../bounces/match.ts";
import type { Kind, Report } from "../bounces/report.ts";
import type { Flag, NoticeState, Read, Tables, Write } from "../ports/database.ts";
import { newId } from "./ids.ts";
import { inBatches } from "./in-batches.ts";
import { fromJson, toJson } from "./json.ts";
import { type ListOptions, type ListPage, listPage, pageLimit, readPosition } from "./list-page.ts";
import { locking } from "./locking.ts";

/** What matching found last for one recipient of a notice, and where it is logged. */
export type TiedRecipient = {
  address: string;
  match: Match | null;
  suggestion: RecipientMatch["suggestion"];
  because: string;
  /** The engagement it was logged in; null where it is not logged. */
  engagementId: string | null;
};

/** A notice that was opened and kept. Times are epoch milliseconds. */
export type Notice = {
  id: string;
  accountId: string;
  inboxId: string;
  ref: string;
  folder: string;
  fingerprint: string;
  messageId: string | null;
  kind: Kind;
  format: string;
  state: NoticeState;
  matches: TiedRecipient[];
  report: Report;
  backfill: boolean;
  waitsUntil: number | null;
  receivedAt: number;
  detectedAt: number;
  updatedAt: number;
};

/** What a message was kept as. A copy is another message with the same facts as the one that was kept. */
export type KeptAs = { noticeId: string; copy: boolean };

export type NewNotice = {
  ref: string;
  folder: string;
  report: Report;
  /** The notice itself, gzip, with returned letters cut to their headers. */
  source: Uint8Array | null;
  backfill: boolean;
  receivedAt: number;
};

/**
 * Keeps notices, each once per account by its fingerprint, and once per inbox and ref. Returns the ids of those that are new, not
 * yet tied (state `waiting`), and for every ref which notice it is, or is a copy of.
 */
export const saveNotices = async (
  tx: Write,
  accountId: string,
  inboxId: string,
  notices: readonly NewNotice[],
  now: number,
): Promise<{ made: string[]; noticeOf: Map<string, KeptAs> }> => {
  const rows = notices.map((notice) => toRow(newNotice(accountId, inboxId, notice, now)));
  rows.sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
  const made = await inBatches(rows, (batch) =>
    tx
      .insertInto("notices")
      .values(batch)
      // Whichever of the two it repeats.
      .onConflict((conflict) => conflict.doNothing())
      .returning(["id", "ref"])
      .execute(),
  );
  await saveSources(tx, accountId, made, notices);
  return { made: made.map((row) => row.id), noticeOf: await findCopied(tx, accountId, inboxId, rows, made) };
};

export const getNotice = async (read: Read, accountId: string, noticeId: string): Promise<Notice | null> =>
  (await readNotices(read, accountId, [noticeId]))[0] ?? null;

export const readNotices = async (read: Read, accountId: string, noticeIds: readonly string[]): Promise<Notice[]> => {
  const rows = await inBatches([...new Set(noticeIds)].sort(), (batch) =>
    read.selectFrom("notices").selectAll().where("account_id", "=", accountId).where("id", "in", batch).orderBy("id").execute(),
  );
  return rows.map(toNotice);
};

/** The notice's kept text, gzip; null when it was not kept or has been deleted since. */
export const readNoticeSource = async (read: Read, accountId: string, noticeId: string): Promise<Uint8Array | null> => {
  const row = await read
    .selectFrom("notice_sources")
    .select("source")
    .where("account_id", "=", accountId)
    .where("notice_id", "=", noticeId)
    .executeTakeFirst();
  return row?.source ?? null;
};

/** The notices of an account, newest first. */
export const listNotices = async (
  read: Read,
  accountId: string,
  options: ListOptions & {
    state?: readonly NoticeState[] | undefined;
    inboxId?: string | undefined;
    kind?: readonly Kind[] | undefined;
    updatedSince?: number | undefined;
  } = {},
): Promise<ListPage<Notice>> => {
  const after = readPosition(options);
  let query = read
    .selectFrom("notices")
    .selectAll()
    .where("account_id", "=", accountId)
    .orderBy("received_at", "desc")
    .orderBy("id", "desc")
    .limit(pageLimit(options) + 1);
  if (after) query = query.where((eb) => eb(eb.refTuple("received_at", "id"), "<", eb.tuple(Number(after[0]), after[1])));
  if (options.state) query = query.where("state", "in", options.state);
  if (options.inboxId !== undefined) query = query.where("inbox_id", "=", options.inboxId);
  if (options.kind) query = query.where("kind", "in", options.kind);
  if (options.updatedSince !== undefined) query = query.where("updated_at", ">=", options.updatedSince);
  return listPage(await query.execute(), options, (row) => [row.received_at, row.id], toNotice);
};

/** The ids of notices that wait for any of these keys: `id:<idKey>`, `address:<addressKey>`, `engagement:<sent message id>`. */
export const waitingFor = async (read: Read, accountId: string, waitKeys: readonly string[]): Promise<string[]> => {
  const rows = await inBatches([...new Set(waitKeys)].sort(), (batch) =>
    read.selectFrom("notice_waits").select("notice_id").where("account_id", "=", accountId).where("wait_key", "in", batch).execute(),
  );
  return [...new Set(rows.map((row) => row.notice_id))];
};

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

const newNotice = (accountId: string, inboxId: string, notice: NewNotice, now: number): Notice => ({
  id: newId("ntc", now),
  accountId,
  inboxId,
  ref: notice.ref,
  folder: notice.folder,
  fingerprint: fingerprint(notice.report),
  messageId: notice.report.notice.messageId,
  kind: notice.report.kind,
  format: notice.report.format,
  state: "waiting",
  matches: [],
  report: notice.report,
  backfill: notice.backfill,
  waitsUntil: null,
  receivedAt: notice.receivedAt,
  detectedAt: now,
  updatedAt: now,
});

const saveSources = async (tx: Write, accountId: string, made: readonly { id: string; ref: string }[], notices: readonly NewNotice[]) => {
  const sourceOf = new Map(notices.map((notice) => [notice.ref, notice.source]));
  const rows = made.flatMap(({ id, ref }) => {
    const source = sourceOf.get(ref);
    return source ? [{ account_id: accountId, notice_id: id, source }] : [];
  });
  await inBatches(rows, (batch) => tx.insertInto("notice_sources").values(batch).execute());
};

type Row = Selectable<Tables["notices"]>;

/** For those that were there already, the notice with the same fingerprint, or with the same inbox and ref. */
const findCopied = async (
  tx: Write,
  accountId: string,
  inboxId: string,
  rows: readonly Row[],
  made: readonly { id: string; ref: string }[],
) => {
  const noticeOf = new Map<string, KeptAs>(made.map((row) => [row.ref, { noticeId: row.id, copy: false }]));
  const others = rows.filter((row) => !noticeOf.has(row.ref));
  const found = await inBatches(others, (batch) =>
    tx
      .selectFrom("notices")
      .select(["id", "fingerprint", "inbox_id", "ref"])
      .where("account_id", "=", accountId)
      .where((eb) =>
        eb.or([
          eb(
            "fingerprint",
            "in",
            batch.map((row) => row.fingerprint),
          ),
          eb.and([
            eb("inbox_id", "=", inboxId),
            eb(
              "ref",
              "in",
              batch.map((row) => row.ref),
            ),
          ]),
        ]),
      )
      .execute(),
  );
  for (const row of others) {
    const itself = found.find((other) => other.inbox_id === inboxId && other.ref === row.ref);
    const same = itself ?? found.find((other) => other.fingerprint === row.fingerprint);
    if (same) noticeOf.set(row.ref, { noticeId: same.id, copy: itself === undefined });
  }
  return noticeOf;
};

const toRow = (notice: Notice): Row => ({
  account_id: notice.accountId,
  id: notice.id,
  inbox_id: notice.inboxId,
  ref: notice.ref,
  folder: notice.folder,
  fingerprint: notice.fingerprint,
  message_id: notice.messageId,
  kind: notice.kind,
  format: notice.format,
  state: notice.state,
  matches: toJson(notice.matches),
  report: toJson(notice.report),
  backfill: (notice.backfill ? 1 : 0) as Flag,
  waits_until: notice.waitsUntil,
  received_at: notice.receivedAt,
  detected_at: notice.detectedAt,
  updated_at: notice.updatedAt,
});

const toNotice = (row: Row): Notice => ({
  id: row.id,
  accountId: row.account_id,
  inboxId: row.inbox_id,
  ref: row.ref,
  folder: row.folder,
  fingerprint: row.fingerprint,
  messageId: row.message_id,
  kind: row.kind,
  format: row.format,
  state: row.state,
  matches: fromJson<TiedRecipient[]>(row.matches),
  report: fromJson<Report>(row.report),
  backfill: row.backfill === 1,
  waitsUntil: row.waits_until,
  receivedAt: row.received_at,
  detectedAt: row.detected_at,
  updatedAt: row.updated_at,
});
