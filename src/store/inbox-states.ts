import type { Selectable } from "kysely";
import type { Json } from "../ports/connector.ts";
import type { InboxState, Read, Tables, Write } from "../ports/database.ts";
import { fromJson } from "./json.ts";

/** A stretch of time an inbox was in one state; `until` is null while it lasts. Times are epoch milliseconds. */
export type StateStretch = { state: InboxState; from: number; until: number | null; detail: Json };

/** Writes down the state an inbox is in since its row says so. Called by whatever changes the state. */
export const saveInboxState = async (tx: Write, row: Selectable<Tables["inboxes"]>): Promise<void> => {
  const now = { state: row.state, detail: row.state_detail };
  await tx
    .insertInto("inbox_states")
    .values({ account_id: row.account_id, inbox_id: row.id, at: row.state_since, ...now })
    .onConflict((conflict) => conflict.columns(["account_id", "inbox_id", "at"]).doUpdateSet(now))
    .execute();
};

/** The states an inbox was in since a time, oldest first; the first of them may have begun before it. The newest 500. */
export const listInboxStates = async (read: Read, accountId: string, inboxId: string, since: number): Promise<StateStretch[]> => {
  const rows = await read
    .selectFrom("inbox_states")
    .select(["at", "state", "detail"])
    .where("account_id", "=", accountId)
    .where("inbox_id", "=", inboxId)
    .orderBy("at", "desc")
    .limit(500)
    .execute();
  const stretches = rows.map((row, i) => ({
    state: row.state,
    from: row.at,
    until: rows[i - 1]?.at ?? null,
    detail: fromJson<Json>(row.detail),
  }));
  return stretches.filter(({ until }) => until === null || until > since).reverse();
};
