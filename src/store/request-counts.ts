import type { Database } from "../ports/database.ts";

/**
 * Counts one more request of a sender in its window of `windowMs`, which begins with its first request, over all processes. A
 * window that ends later than one that began now could is another clock's fault, and is begun anew.
 */
export const countRequest = async (
  database: Database,
  sender: string,
  windowMs: number,
  now: number,
): Promise<{ count: number; endsAt: number }> => {
  const fresh = now + windowMs;
  const row = await database.transaction((tx) =>
    tx
      .insertInto("request_counts")
      .values({ sender, ends_at: fresh, count: 1 })
      .onConflict((conflict) =>
        conflict.column("sender").doUpdateSet((eb) => {
          const runs = eb.and([eb("request_counts.ends_at", ">", now), eb("request_counts.ends_at", "<=", fresh)]);
          return {
            count: eb
              .case()
              .when(runs)
              .then(eb("request_counts.count", "+", 1))
              .else(1)
              .end(),
            ends_at: eb.case().when(runs).then(eb.ref("request_counts.ends_at")).else(fresh).end(),
          };
        }),
      )
      .returning(["count", "ends_at"])
      .executeTakeFirstOrThrow(),
  );
  return { count: row.count, endsAt: row.ends_at };
};
