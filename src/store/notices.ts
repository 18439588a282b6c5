import type { Selectable } from "kysely";
import type { Match, RecipientMatch } from "../bounces/match.ts";
import type { Kind, Report } from "../bounces/report.ts";
import type { NoticeState, Read, Tables } from "../ports/database.ts";
import { inBatches } from "./in-batches.ts";
import { fromJson } from "./json.ts";
import { type ListOptions, type ListPage, listPage, pageLimit, readPosition } from "./list-page.ts";

/** What matching found last for one recipient of a notice, and where it is logged. */
export type TiedRecipient = {
  address: string;
  match: Match | null;
  suggestions: RecipientMatch["suggestions"];
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
  threadId: string | null;
  /** By whose table of reasons its outcomes are classified; only while it is being tied. */
  mapping?: "account";
  backfill: boolean;
  waitsUntil: number | null;
  receivedAt: number;
  detectedAt: number;
  updatedAt: number;
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

/** Where notices lie: the message in its mailbox, and who may open that. By the notice's id. */
export const readNoticePlaces = async (
  read: Read,
  accountId: string,
  noticeIds: readonly string[],
): Promise<Map<string, { provider: string; mailbox: string; inboxId: string; ref: string }>> => {
  const rows = await inBatches([...new Set(noticeIds)].sort(), (batch) =>
    read
      .selectFrom("notices as n")
      .innerJoin("inboxes as i", (join) => join.onRef("i.account_id", "=", "n.account_id").onRef("i.id", "=", "n.inbox_id"))
      .select(["n.id", "n.ref", "n.inbox_id", "i.provider", "i.address"])
      .where("n.account_id", "=", accountId)
      .where("n.id", "in", batch)
      .execute(),
  );
  return new Map(rows.map(({ id, ref, inbox_id, provider, address }) => [id, { provider, mailbox: address, inboxId: inbox_id, ref }]));
};

type Row = Selectable<Tables["notices"]>;

export const toNotice = (row: Row): Notice => ({
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
  threadId: row.thread_id,
  backfill: row.backfill === 1,
  waitsUntil: row.waits_until,
  receivedAt: row.received_at,
  detectedAt: row.detected_at,
  updatedAt: row.updated_at,
});
