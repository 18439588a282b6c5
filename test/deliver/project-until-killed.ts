/** Writes to a CRM until it is killed: the process of hubspot-killed.test.ts. Arguments: where the database is, as JSON, the key file, the portal. */
import { openHubspot } from "../../src/deliver/hubspot/open-hubspot.ts";
import { projectCrm } from "../../src/deliver/project-crm.ts";
import { dueCrms } from "../../src/store/crm-turns.ts";
import { openDatabase } from "../../src/store/open.ts";
import { loadKeys } from "../../src/store/secrets.ts";

const [place = "{}", keyFile = "", portal = ""] = process.argv.slice(2);
const log = { debug() {}, info() {}, warn() {}, error() {} };
const keys = loadKeys({ keyFile, allowCreate: false });
const database = await openDatabase({ ...JSON.parse(place), keys, log, now: Date.now });
const open = { hubspot: openHubspot(portal) };
const deps = { database, keys, log, now: Date.now, random: Math.random, timeoutMs: 250, open };
for (;;) {
  for (const due of await dueCrms(database.read, Date.now(), 10)) await projectCrm(deps, due, new AbortController().signal);
  await new Promise((resolve) => setTimeout(resolve, 20));
}
