import { type JobAttempt, type JobWithMetadata, PgBoss } from "pg-boss";
import type { Log } from "../ports/connector.ts";
import type { Before, Dispatcher, Jobs, JobsOptions } from "../ports/jobs.ts";
import { StoreError } from "../store/errors.ts";

export type PgBossOptions = {
  /** The PostgreSQL URL of the store. */
  url: string;
  /** The schema that pg-boss keeps its tables in, made where there is none. */
  schema: string;
  /** Workers of one kind share what `share` divides. */
  kind: string;
  log: Log;
};

/** SQLSTATE, appendix A of PostgreSQL's manual. */
const insufficientPrivilege = "42501";
/** The least that pg-boss allows. A worker that is not heard of for so long is believed dead, and its items are handed out anew. */
const heartbeatSeconds = 10;
const touchEveryMs = 3000;
/** What a worker leaves on a job whose turn threw. On one whose heartbeat is overdue pg-boss writes its own words. */
const threw = { ended: "threw" };

const beforeOf = ({ retryCount, output }: Pick<JobWithMetadata, "retryCount" | "output">): Before => {
  if (retryCount === 0) return "ended";
  return (output as Partial<typeof threw> | null)?.ended === threw.ended ? "threw" : "died";
};

/** Of those due; what is beyond is inserted as these are taken. */
const mostAtOnce = 1000;

/**
 * The dispatcher for several workers: each of them inserts what is due (policy `exclusive`: an item that waits or is being worked is
 * not inserted again), takes as much as it has free places for, and deletes what it has ended, in batches. pg-boss's own workers
 * would wait a poll interval after every job. Throws StoreError `job_schema_refused` where the
 * database's user may make no schema.
 */
export const openPgBoss = async ({ url, schema, kind, log }: PgBossOptions): Promise<Dispatcher> => {
  const name = `${kind}-${crypto.randomUUID()}`;
  const boss = new PgBoss({
    connectionString: url,
    schema,
    max: 4,
    connectionTimeoutMillis: 10_000,
    instanceName: name,
    instanceHeartbeatSeconds: heartbeatSeconds,
    // Both timers have to pass before lost heartbeats are looked for.
    superviseIntervalSeconds: 1,
    monitorIntervalSeconds: 1,
    schedule: false,
    openTelemetry: { enabled: false },
  });
  boss.on("error", (error) => log.warn({ error: error.message }, "the job queue's upkeep failed; it is tried again"));
  boss.on("warning", ({ message, data }) => log.warn({ data }, message));
  await boss.start().catch((error: { code?: unknown }) => {
    if (error.code !== insufficientPrivilege) throw error;
    const because = `The database's user may not make the schema ${schema}, which the job queue needs`;
    throw new StoreError("job_schema_refused", `${because}: GRANT CREATE ON DATABASE … TO …, or make it for that user.`, { cause: error });
  });
  return {
    start: (options) => startQueue(boss, options),
    async share() {
      const live = (await boss.getInstances({ limit: 1000 })).filter((one) => one.live && one.name?.startsWith(`${kind}-`));
      const names = live.map((one) => one.name ?? "").sort();
      return { index: Math.max(0, names.indexOf(name)), of: Math.max(1, names.length) };
    },
    close: () => boss.stop({ graceful: false }),
  };
};

const startQueue = <Item extends object>(boss: PgBoss, options: JobsOptions<Item>): Jobs => {
  const { name, concurrency, onError } = options;
  const stopping = new AbortController();
  const running = new Map<string, JobAttempt & { turn: Promise<void> }>();
  let ended: JobAttempt[] = [];
  let failed: JobAttempt[] = [];
  let isMade = false;
  let look = true;
  let woken = true;
  let wake: () => void = () => {};

  const awake = (): void => {
    woken = true;
    wake();
  };
  const nudge = (): void => {
    look = true;
    awake();
  };

  const insertDue = async (): Promise<void> => {
    look = false;
    const due = await options.due(mostAtOnce);
    if (due.length === 0) return;
    const jobs = due.map((item) => ({ data: item, singletonKey: options.keyOf(item) }));
    await boss.insert(name, jobs, { returnId: false });
  };

  const run = ({ id, retryCount, data, output }: JobWithMetadata<Item>): void => {
    const end = (how: JobAttempt[]): void => {
      running.delete(id);
      how.push({ id, retryCount });
      awake();
    };
    const turn = options.work(data, stopping.signal, beforeOf({ retryCount, output })).then(
      () => end(ended),
      (error: unknown) => {
        onError(error);
        end(failed);
      },
    );
    running.set(id, { id, retryCount, turn });
  };

  const takeFree = async (): Promise<void> => {
    const free = concurrency - running.size;
    if (free <= 0) return;
    const jobs = await boss.fetch<Item>(name, { batchSize: free, includeMetadata: true });
    if (!stopping.signal.aborted) jobs.forEach(run);
    else if (jobs.length > 0) await boss.fail(name, jobs.map(attempt), threw);
  };

  /** What cannot be told now is told in a later round: else nobody would work the items again until this process dies. */
  const tellEnds = async (): Promise<void> => {
    const [done, broken] = [ended, failed];
    [ended, failed] = [[], []];
    try {
      if (done.length > 0) await boss.deleteJob(name, done);
      done.length = 0;
      if (broken.length > 0) await boss.fail(name, broken, threw);
      broken.length = 0;
    } finally {
      ended.push(...done);
      failed.push(...broken);
    }
  };

  const round = async (): Promise<void> => {
    if (!isMade)
      await boss.createQueue(name, {
        policy: "exclusive",
        heartbeatSeconds,
        retryLimit: 1_000_000,
        retryDelay: 1,
        expireInSeconds: 86_400,
      });
    isMade = true;
    await tellEnds();
    if (look) await insertDue();
    await takeFree();
  };

  const sleep = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
      if (woken || stopping.signal.aborted) resolve();
    });

  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      woken = false;
      await round().catch(onError);
      await sleep();
    }
    await Promise.all([...running.values()].map(({ turn }) => turn));
    await tellEnds().catch(onError);
  };

  /** For what has ended and could not be told, too: while its row is there and not touched, it would be handed out again. */
  const touch = (): void => {
    const held = [...running.values(), ...ended, ...failed].map(attempt);
    if (held.length > 0) void boss.touch(name, held).catch(onError);
  };

  const looking = setInterval(nudge, options.lookEveryMs);
  const touching = setInterval(touch, touchEveryMs);
  const done = loop();
  return {
    nudge,
    async stop() {
      stopping.abort();
      wake();
      await done;
      clearInterval(looking);
      clearInterval(touching);
    },
  };
};

const attempt = ({ id, retryCount }: JobAttempt): JobAttempt => ({ id, retryCount });
