import type { Database } from "../ports/database.ts";

export type Readiness = { ready: boolean; checks: Record<string, string> };

/** A database that takes longer is of no use to who waits for a page. */
const longestMs = 3_000;
/** The dispatcher looks every second. */
const looksWithinMs = 60_000;

/**
 * Whether this process can do its work: the database answers and takes writes (a full disk shows here), and, where it polls, it
 * looked for due inboxes within the last minute. `lookedAt` is when it last did (epoch milliseconds), null where polling is not its part.
 */
export const readiness = async (
  { database, now }: { database: Database; now: () => number },
  lookedAt: number | null,
): Promise<Readiness> => {
  const checks: Readiness["checks"] = { database: await lookAtDatabase(database) };
  if (lookedAt !== null) checks.polling = now() - lookedAt <= looksWithinMs ? "ok" : "has not looked for due inboxes for a minute";
  return { ready: Object.values(checks).every((check) => check === "ok"), checks };
};

const lookAtDatabase = async (database: Database): Promise<string> => {
  const read = database.read.selectFrom("meta").select("key").limit(1).execute();
  if (!(await succeeds(read))) return "does not answer";
  const write = database.transaction((tx) =>
    tx
      .updateTable("meta")
      .set((eb) => ({ value: eb.ref("value") }))
      .execute(),
  );
  return (await succeeds(write)) ? "ok" : "takes no writes";
};

/** False when it fails, or has not ended in time. */
const succeeds = async (work: Promise<unknown>): Promise<boolean> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), longestMs);
  });
  const done = work.then(
    () => true,
    () => false,
  );
  return Promise.race([done, late]).finally(() => clearTimeout(timer));
};
