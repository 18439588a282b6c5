import { sql } from "kysely";
import type { Migration } from "../migrate.ts";

/** What was answered to requests that came with an Idempotency-Key. Adds only. */
export const idempotencyKeys: Migration = {
  version: 11,
  oldestRelease: "0.1.0",
  async up(db) {
    await sql
      .raw(
        `create table idempotency_keys (
          account_id text not null, key_hash text not null, request_id text not null, request text not null, began_at bigint not null,
          took_effect integer not null, answer text, primary key (account_id, key_hash))`,
      )
      .execute(db);
  },
};
