import { sql } from "kysely";
import { expect, test } from "vitest";
import { newKeys, openNew } from "./engines.ts";
import { calls, setUp } from "./every-call.ts";

/** What may read all rows of an account, or of everybody, and why. */
const mayWalk: readonly (readonly [string, RegExp])[] = [
  ["an erasure looks for a person in every text", / like \?/],
  ["an erasure takes or counts all there is", /^(?:delete from "\w+" where "account_id" = \?$|select count\(\*\) as "rows")/],
  ["an erasure takes what came from an inbox", /from "engagements" where "account_id" = \? and "inbox_id" = \?$/],
  ["an erasure takes contacts nobody needs", /^delete from "contact/],
  ["an erasure reads what was told of addresses", /"type" in \(\?, \?\)$/],
  ["once a night what is old is forgotten", /(?:"seen_at"|"detected_at"|"at") < \?|"began_at" <= \?|delete from "webhook_letters"/],
  ["once an hour an account's global reports are made anew", /"sent_ref"/],
  ["a list of all, in the order of an index, as long as a page", /order by "(?:id|seq)"(?: desc)? limit \?$/],
  [
    "there are few in an account",
    /(?:from|update|into) "(?:users|idempotency_keys|web_sessions|sign_in_links|api_keys|crm_connections|crm_links|crm_dead_letters|webhooks)"/,
  ],
  [
    "a search of the whole timeline, in the order of an index",
    /from "engagements" as "e" .* where "e"."account_id" = \? (?!and).*limit \?$/,
  ],
  ["who bounced last, in the order of an index, as long as a page", /not exists \(select "n"."id" from "engagements" as "n" .* limit \?$/],
  ["an upgrade", /^update (?:contacts|engagements|sent_recipients) set|^insert into inbox_states .* select account_id, id, state_since/s],
];

test("no statement walks a whole account on SQLite, but those that must", async () => {
  const keys = newKeys();
  const statements = new Set<string>();
  const database = await openNew("sqlite", { keys, onStatement: (text) => void statements.add(text) });
  const setting = await setUp(database, keys);
  for (const call of Object.values(calls)) await Promise.resolve(call(setting)).catch(() => {});
  const read = [...statements].filter((text) => /^(?:select|update|delete|insert|with)/i.test(text) && !text.includes("pragma_"));
  expect(read.length).toBeGreaterThan(250);
  const walks: string[] = [];
  for (const text of read) {
    // Values make no difference to the plan; there must be some.
    const plan = sql.raw<{ detail: string }>(`explain query plan ${text.replaceAll("?", "'1'")}`);
    const { rows } = await plan.execute(database.read);
    // A question in brackets is no table; its own rows are looked at beside it.
    const isTable = (detail: string): boolean => !text.includes(`) as "${/^SCAN (\w+)$/.exec(detail)?.[1]}"`);
    const walked = rows
      .map(({ detail }) => detail)
      .filter((detail) => /^SCAN (?!\d+-ROW|CONSTANT)|\(account_id=\?\)$/.test(detail) && isTable(detail));
    if (walked.length > 0 && !mayWalk.some(([, allowed]) => allowed.test(text))) walks.push(`${walked.join("; ")}: ${text}`);
  }
  expect(walks).toEqual([]);
}, 60_000);
