import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { noOwnNetwork, runInOwnNetwork } from "./own-network.ts";

const because = existsSync("/usr/bin/gmi") ? noOwnNetwork() : "lieer is not here; on Debian: apt-get install lieer";
const skipped = because === null ? "" : ` (SKIPPED: ${because})`;

test.skipIf(because !== null)(
  `another client reads the stand-in without a fault: lieer${skipped}`,
  () => {
    const hosts = ["gmail.googleapis.com", "oauth2.googleapis.com", "www.googleapis.com"];
    expect(runInOwnNetwork(hosts, join(import.meta.dirname, "lieer-client.ts"))).toEqual({
      pulls: [
        { said: ["full synchronization"], exact: true },
        { said: ["partial synchronization"], exact: true },
        { said: ["partial synchronization", "historyId is too old"], exact: true },
      ],
      batches: true,
    });
  },
  60_000,
);
