import { spawn } from "node:child_process";
import { once } from "node:events";
import pg from "pg";
import { expect, it } from "vitest";
import { openPgBoss } from "../../src/jobs/pg-boss.ts";
import type { Dispatcher } from "../../src/ports/jobs.ts";
import { jobsContract } from "../contracts/jobs.ts";
import { afterThis, emptyPlace, quiet } from "../store/engines.ts";

const emptyQueue = async (): Promise<{ url: string; schema: string; open: () => Promise<Dispatcher> }> => {
  const place = await emptyPlace("postgres");
  if (!("url" in place)) throw new Error("no PostgreSQL");
  const { url } = place;
  const schema = `${/search_path=(\w+)/.exec(decodeURIComponent(url))?.[1]}_jobs`;
  const open = async (): Promise<Dispatcher> => {
    const dispatcher = await openPgBoss({ url, schema, kind: "sync", log: quiet });
    afterThis(() => dispatcher.close());
    return dispatcher;
  };
  return { url, schema, open };
};

jobsContract("pg-boss", async () => {
  const { open } = await emptyQueue();
  return { first: await open(), openBeside: open };
});

it.each(["SIGKILL", "SIGSTOP"] as const)(
  "what a worker held that %s ended is worked by another, which is told so",
  {
    timeout: 60_000,
  },
  async (signal) => {
    const { url, schema, open } = await emptyQueue();
    const child = spawn(process.execPath, [new URL("./hold-until-killed.ts", import.meta.url).pathname, url, schema], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    afterThis(() => void child.kill("SIGKILL"));
    await once(child.stdout, "data");
    const dispatcher = await open();
    const worked: [id: string, before: string][] = [];
    const jobs = dispatcher.start({
      name: "things",
      due: async () => [{ id: "held" }],
      keyOf: ({ id }) => id,
      work: async ({ id }, _signal, before) => void worked.push([id, before]),
      concurrency: 1,
      lookEveryMs: 100,
      onError: () => {},
    });
    afterThis(() => jobs.stop());
    const gone = Date.now();
    child.kill(signal);
    await expect.poll(() => worked.length, { timeout: 45_000 }).toBeGreaterThan(0);
    expect(worked[0]).toEqual(["held", "died"]);
    // Not before its heartbeat is overdue; how long after depends on the machine (11 s on an idle one).
    expect(Date.now() - gone).toBeGreaterThan(5000);
  },
);

it("says what to grant where the database's user may make no schema", async () => {
  const { url, schema } = await emptyQueue();
  const role = `role_${crypto.randomUUID().replaceAll("-", "")}`;
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`create role ${role} login`);
  afterThis(async () => {
    await client.query(`drop role ${role}`).finally(() => client.end());
  });
  const theirs = Object.assign(new URL(url), { username: role }).href;
  await expect(openPgBoss({ url: theirs, schema, kind: "sync", log: quiet })).rejects.toMatchObject({
    code: "job_schema_refused",
    message: expect.stringContaining("GRANT CREATE ON DATABASE"),
  });
});
