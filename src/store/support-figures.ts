/** What the overview counts. Every statement reads the days asked for by an index on time, or few rows: none walks an account. */
import { sql } from "kysely";
import type { Kind } from "../bounces/report.ts";
import type { EngagementState, NoticeState, Read } from "../ports/database.ts";

/** Every time zone's day begins with one. */
const quarterMs = 900_000;

/** Bounces by quarter of an hour and state; `at` is the quarter's beginning, epoch milliseconds. */
export const countBouncesByTime = async (
  read: Read,
  accountId: string,
  since: number,
): Promise<{ at: number; state: EngagementState; count: number }[]> => {
  const rows = await read
    .selectFrom("engagements")
    .select((eb) => [sql<number>`occurred_at / ${sql.lit(quarterMs)}`.as("quarter"), "state", eb.fn.countAll<number>().as("count")])
    .where("account_id", "=", accountId)
    .where("occurred_at", ">=", since)
    .groupBy([sql`1`, "state"])
    .execute();
  return rows.map(({ quarter, state, count }) => ({ at: Number(quarter) * quarterMs, state, count: Number(count) }));
};

/** Bounces by category, the recipient's domain, or the inbox the letter left through, and by state; "" where that is not known. */
export const countBouncesBy = async (
  read: Read,
  accountId: string,
  column: "category" | "recipient_domain" | "inbox_id",
  since: number,
): Promise<{ value: string; state: EngagementState; count: number }[]> => {
  const rows = await read
    .selectFrom("engagements")
    .select((eb) => [eb.ref(column).as("value"), "state", eb.fn.countAll<number>().as("count")])
    .where("account_id", "=", accountId)
    .where("occurred_at", ">=", since)
    .groupBy([column, "state"])
    .execute();
  return rows.map(({ value, state, count }) => ({ value: value ?? "", state, count: Number(count) }));
};

/** When pending bounces were first told of, counted by the hour; `at` is the hour's beginning. */
export const countPendingByHour = async (read: Read, accountId: string): Promise<{ at: number; count: number }[]> => {
  const hourMs = 3_600_000;
  const rows = await read
    .selectFrom("engagements")
    .select((eb) => [sql<number>`occurred_at / ${sql.lit(hourMs)}`.as("hour"), eb.fn.countAll<number>().as("count")])
    .where("account_id", "=", accountId)
    // Only what is pending has a time when it ends.
    .where("pending_until", ">", 0)
    .groupBy(sql`1`)
    .execute();
  return rows.map(({ hour, count }) => ({ at: Number(hour) * hourMs, count: Number(count) }));
};

const everyState = [
  "matched",
  "waiting",
  "unmatched",
  "not_ours",
  "not_logged",
  "no_bounce",
  "dismissed",
] as const satisfies readonly NoticeState[];

/** Notices received since a time, by what became of them. */
export const countNotices = async (
  read: Read,
  accountId: string,
  since: number,
): Promise<{ state: NoticeState; kind: Kind; count: number }[]> => {
  const rows = await read
    .selectFrom("notices")
    .select((eb) => ["state", "kind", eb.fn.countAll<number>().as("count")])
    .where("account_id", "=", accountId)
    .where("state", "in", everyState)
    .where("received_at", ">=", since)
    .groupBy(["state", "kind"])
    .execute();
  return rows.map((row) => ({ ...row, count: Number(row.count) }));
};
