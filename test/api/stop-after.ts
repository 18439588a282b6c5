/**
 * A server that is killed while it answers, for idempotency.test.ts: it dies after so many committed transactions of one request.
 * Arguments: the folder of the house, the API key, the Idempotency-Key, and after how many.
 */
import { buildServer } from "../../src/cli/build-server.ts";
import { loadConfig } from "../../src/cli/config.ts";
import { openHouse } from "../../src/cli/house.ts";
import { now } from "../store/sample-mail.ts";

const [folder = "", apiKey = "", idempotencyKey = "", after = ""] = process.argv.slice(2);
const house = await openHouse(loadConfig({ BOUNCELINE_LOG_LEVEL: "silent" }, folder), { now: () => now });
let commits = 0;
const database: typeof house.database = {
  ...house.database,
  transaction: async (fn) => {
    const done = await house.database.transaction(fn);
    commits += 1;
    if (commits === Number(after)) process.kill(process.pid, "SIGKILL");
    return done;
  },
};
const server = await buildServer(
  { ...house, database, config: { ...house.config, publicUrl: "http://bounceline.example" } },
  { nudge() {}, onHint: async () => {}, lookedAt: () => null },
);
await server.inject({
  method: "POST",
  url: "/v1/connect-links",
  payload: { expectedAddress: "anna@sales.example" },
  headers: { authorization: `Bearer ${apiKey}`, "idempotency-key": idempotencyKey },
});
