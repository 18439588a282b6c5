/** Saves page after page until it is killed: the process of killed.test.ts. Arguments: where the database is, as JSON, and the key file. */
import { openDatabase } from "../../src/store/open.ts";
import { savePage } from "../../src/store/save-page.ts";
import { loadKeys } from "../../src/store/secrets.ts";
import { claimInbox, dueInboxes } from "../../src/store/turns.ts";
import { notice, now, ordinary, outcome, page, sentMessage } from "./sample-mail.ts";

const [place = "{}", keyFile = ""] = process.argv.slice(2);
const log = { debug() {}, info() {}, warn() {}, error() {} };
const database = await openDatabase({ ...JSON.parse(place), keys: loadKeys({ keyFile, allowCreate: false }), log, now: () => now });
const [due] = await dueInboxes(database.read, now, 1);
const turn = due && (await database.transaction((tx) => claimInbox(tx, due.accountId, due.inboxId, { busyUntil: now }, now)));
if (!turn) throw new Error("no inbox is due");

for (let n = Number(turn.cursor ?? 0) + 1; ; n += 1) {
  const messages = [sentMessage(`s${n}`, [`r${n}@x.example`]), notice(`s${n}`, [outcome(`r${n}@x.example`)]), ordinary(`m${n}`)];
  await savePage(database, page(turn.claim, messages, { cursor: n }));
  process.stdout.write(`${n}\n`);
}
