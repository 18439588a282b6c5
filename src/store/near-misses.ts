import { sql } from "kysely";
import type { NearMiss } from "../bounces/near-miss.ts";
import type { Read } from "../ports/database.ts";
import { fromJson } from "./json.ts";

/** Messages of one writer that nearly were notices, with the newest as an example. */
export type NearMissGroup = NearMiss & { count: number; newestAt: number; example: { inboxId: string; ref: string } };

const mostGroups = 50;

/** Near misses seen since a time, the most frequent writers first. They are kept as long as header facts: 30 days. */
export const listNearMisses = async (read: Read, accountId: string, since: number): Promise<NearMissGroup[]> => {
  const { rows } = await sql<{ near_miss: string; count: number; seen_at: number; inbox_id: string; ref: string }>`
    select near_miss, "count", seen_at, inbox_id, ref from (
      select near_miss, seen_at, inbox_id, ref, count(*) over (partition by near_miss) as "count",
        row_number() over (partition by near_miss order by seen_at desc, inbox_id, ref) as place
      from seen_messages where account_id = ${accountId} and near_miss is not null and seen_at >= ${since}) as groups
    where place = 1 order by "count" desc, seen_at desc limit ${mostGroups}`.execute(read);
  return rows.map((row) => ({
    ...fromJson<NearMiss>(row.near_miss),
    count: Number(row.count),
    newestAt: Number(row.seen_at),
    example: { inboxId: row.inbox_id, ref: row.ref },
  }));
};
