/** A worker of its own process: takes the item `held`, says so, and never ends it. Started by pg-boss.test.ts, which kills it. */
import { openPgBoss } from "../../src/jobs/pg-boss.ts";

const [url = "", schema = ""] = process.argv.slice(2);
const dispatcher = await openPgBoss({ url, schema, kind: "sync", log: { debug() {}, info() {}, warn() {}, error() {} } });
dispatcher.start({
  name: "things",
  due: async () => [{ id: "held" }],
  keyOf: ({ id }) => id,
  work: () => {
    process.stdout.write("taken\n");
    return new Promise(() => {});
  },
  concurrency: 1,
  lookEveryMs: 100,
  onError: (error) => process.stderr.write(`${error}\n`),
});
