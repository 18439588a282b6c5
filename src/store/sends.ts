import { sql } from "kysely";
import type { EngagementState, Read } from "../ports/database.ts";
import { type ListOptions, type ListPage, listPage, pageLimit, readPosition } from "./list-page.ts";
import type { SendOrMessage } from "./send-recipients.ts";

/** A send: what its messages are grouped by, and its newest message. */
export type Send = { sendId: string; subject: string | null; lastSentAt: number };

/** The sends of an account, who was sent last first. Each is looked up by its index: a send of a million messages costs no more. */
export const listSends = async (read: Read, accountId: string, options: ListOptions = {}): Promise<ListPage<Send>> => {
  const [at, id] = readPosition(options) ?? [Number.MAX_SAFE_INTEGER, ""];
  const { rows } = await sql<{ send_id: string; subject: string | null; last_at: number | string }>`
    with recursive names (send_id) as (
      select min(f.send_id) from sent_messages as f where f.account_id = ${accountId} and f.send_id is not null
      union all
      select (select min(m.send_id) from sent_messages as m where m.account_id = ${accountId} and m.send_id > names.send_id)
      from names where names.send_id is not null
    ), sends as (
      select send_id, (select max(n.sent_at) from sent_messages as n
        where n.account_id = ${accountId} and n.send_id = names.send_id) as last_at
      from names where send_id is not null
    )
    select send_id, last_at, (select s.subject from sent_messages as s
      where s.account_id = ${accountId} and s.send_id = sends.send_id order by s.sent_at desc limit 1) as subject
    from sends where (last_at, send_id) < (${Number(at)}, ${id}) order by last_at desc, send_id desc limit ${pageLimit(options) + 1}`.execute(
    read,
  );
  return listPage(
    rows,
    options,
    (row) => [Number(row.last_at), row.send_id],
    (row) => ({ sendId: row.send_id, subject: row.subject, lastSentAt: Number(row.last_at) }),
  );
};

/** To how many a send or a message went, and how many are in each state. */
export type SendFigures = { recipients: number; states: { [state in EngagementState]?: number } };

export const readSendFigures = async (read: Read, accountId: string, of: SendOrMessage): Promise<SendFigures> => {
  const messages = read
    .selectFrom("sent_messages as s")
    .where("s.account_id", "=", accountId)
    .where("sendId" in of ? "s.send_id" : "s.id", "=", "sendId" in of ? of.sendId : of.sentMessageId);
  const sent = await messages
    .innerJoin("sent_recipients as r", (join) => join.onRef("r.account_id", "=", "s.account_id").onRef("r.sent_message_id", "=", "s.id"))
    .select((eb) => eb.fn.countAll<number>().as("recipients"))
    .executeTakeFirstOrThrow();
  const bounced = await messages
    .innerJoin("engagements as e", (join) => join.onRef("e.account_id", "=", "s.account_id").onRef("e.sent_message_id", "=", "s.id"))
    .select((eb) => ["e.state", eb.fn.countAll<number>().as("recipients")])
    .groupBy("e.state")
    .execute();
  return {
    recipients: Number(sent.recipients),
    states: Object.fromEntries(bounced.map(({ state, recipients }) => [state, Number(recipients)])),
  };
};
