import { sql } from "kysely";
import type { Database } from "../ports/database.ts";

/**
 * Takes units off a quota that several workers share (a token bucket: `burst` at once, `perSecond` come back), and resolves with the
 * milliseconds after which they may be spent. For PostgreSQL alone: its clock counts, because workers' clocks differ.
 */
export const withdrawQuota = async (
  database: Database,
  key: string,
  units: number,
  quota: { burst: number; perSecond: number },
): Promise<number> => {
  const { burst, perSecond } = quota;
  const at = sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`;
  const level = await database.transaction(async (tx) => {
    const row = await tx
      .insertInto("quotas")
      .values({ key, level: burst - units, at })
      .onConflict((conflict) =>
        conflict.column("key").doUpdateSet({
          // The clock of the server may be set back, too.
          level: sql<number>`least(${burst}::float8, quotas.level + greatest(0, excluded.at - quotas.at) / 1000.0 * ${perSecond}::float8) - ${units}::float8`,
          at: sql<number>`excluded.at`,
        }),
      )
      .returning("level")
      .executeTakeFirstOrThrow();
    return row.level;
  });
  return level < 0 ? Math.ceil((-level / perSecond) * 1000) : 0;
};
