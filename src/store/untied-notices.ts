import { sql } from "kysely";
import type { NoticeState, Read } from "../ports/database.ts";
import { type ListOptions, type ListPage, listPage, pageLimit, readPosition } from "./list-page.ts";
import { type Notice, toNotice } from "./notices.ts";

/** States of notices that a person may look at. */
export const untiedStates = ["unmatched", "waiting", "not_ours"] as const satisfies readonly NoticeState[];

export type UntiedOptions = ListOptions & {
  state?: (typeof untiedStates)[number] | undefined;
  /** Only from these; undefined: from all. */
  inboxIds?: readonly string[] | undefined;
};

/** Longer than any time: what has a suggestion comes before what has none. */
const suggestedFirst = 100_000_000_000_000;

/** One number to sort by. Within JSON no text of a notice can look like this: its quotes would be escaped. */
const place = sql<number>`received_at + case when matches like '%"suggestions":[{%' then ${sql.lit(suggestedFirst)} else 0 end`;

/** Notices that were not tied: first those with a suggestion, then the newest. */
export const listUntied = async (read: Read, accountId: string, options: UntiedOptions = {}): Promise<ListPage<Notice>> => {
  const after = readPosition(options);
  if (options.inboxIds?.length === 0) return { data: [], nextCursor: null };
  let query = read
    .selectFrom("notices")
    .selectAll()
    .select(place.as("place"))
    .where("account_id", "=", accountId)
    .where("state", "in", options.state ? [options.state] : untiedStates)
    .orderBy("place", "desc")
    .orderBy("id", "desc")
    .limit(pageLimit(options) + 1);
  if (options.inboxIds) query = query.where("inbox_id", "in", options.inboxIds);
  if (after) query = query.where((eb) => eb(eb.tuple(place, eb.ref("id")), "<", eb.tuple(Number(after[0]), after[1])));
  return listPage(await query.execute(), options, (row) => [Number(row.place), row.id], toNotice);
};

/** How many there are in each state. */
export const countUntied = async (read: Read, accountId: string, inboxIds?: readonly string[]): Promise<Map<NoticeState, number>> => {
  if (inboxIds?.length === 0) return new Map();
  let query = read
    .selectFrom("notices")
    .select((eb) => ["state", eb.fn.countAll<number>().as("count")])
    .where("account_id", "=", accountId)
    .where("state", "in", untiedStates)
    .groupBy("state");
  if (inboxIds) query = query.where("inbox_id", "in", inboxIds);
  return new Map((await query.execute()).map((row) => [row.state, Number(row.count)]));
};
