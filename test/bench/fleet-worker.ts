/** A worker of `npm run bench:fleet`: the whole daemon, which tells what it uses when asked. */
import { loadConfig } from "../../src/cli/config.ts";
import { openHouse } from "../../src/cli/house.ts";
import { runDaemon } from "../../src/cli/run-daemon.ts";

await runDaemon(await openHouse(loadConfig(process.env, process.cwd())));
process.on("message", () => process.send?.({ cpu: process.cpuUsage(), rss: process.memoryUsage().rss }));
process.send?.("ready");
