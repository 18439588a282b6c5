import { sql } from "kysely";
import type { Migration } from "../migrate.ts";

/**
 * What finding a missed bounce needs: the states an inbox was in and when, what a comparison with the provider found, what of a
 * mailbox lies in an hour, and that an owed message was never judged. Adds only; of inboxes of the release before the present state is known.
 */
export const why: Migration = {
  version: 17,
  oldestRelease: "0.1.0",
  async up(db) {
    for (const statement of [
      `create table inbox_states (
        account_id text not null, inbox_id text not null, at bigint not null, state text not null, detail text not null,
        primary key (account_id, inbox_id, at))`,
      `insert into inbox_states (account_id, inbox_id, at, state, detail)
        select account_id, id, state_since, state, state_detail from inboxes where state <> 'erased'`,
      `create table coverage_checks (
        account_id text not null, inbox_id text not null, began_at bigint not null, checked_at bigint, from_at bigint, to_at bigint,
        looked bigint not null, provider_count bigint, our_count bigint, missing text not null, note text, detail text,
        primary key (account_id, inbox_id))`,
      "alter table owed add column judge integer not null default 0",
      "create index seen_messages_received on seen_messages (account_id, inbox_id, received_at)",
    ]) {
      await sql.raw(statement).execute(db);
    }
  },
};
