/** Delivers until it is killed: the process of start-delivery.test.ts. Arguments: where the database is, as JSON, and the key file. */
import { startDelivery } from "../../src/cli/start-delivery.ts";
import { inProcess } from "../../src/jobs/in-process.ts";
import { openDatabase } from "../../src/store/open.ts";
import { loadKeys } from "../../src/store/secrets.ts";

const [place = "{}", keyFile = ""] = process.argv.slice(2);
const log = { debug() {}, info() {}, warn() {}, error() {} };
const keys = loadKeys({ keyFile, allowCreate: false });
const database = await openDatabase({ ...JSON.parse(place), keys, log, now: Date.now });
startDelivery(
  inProcess,
  {
    database,
    keys,
    log,
    tell() {},
    now: Date.now,
    random: Math.random,
    timeoutMs: 5_000,
    plainHttp: () => true,
    dial: async (host, port) => ({ address: host, port, servername: "" }),
  },
  { endpointsAtOnce: 4, lookEveryMs: 20 },
);
