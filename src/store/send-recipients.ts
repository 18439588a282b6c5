import type { EngagementState, Read } from "../ports/database.ts";
import { type ListOptions, type ListPage, listPage, pageLimit, readPosition } from "./list-page.ts";

/** What became of one recipient of a marketing send. `state` is null while nothing came back. */
export type SendRecipient = {
  sentMessageId: string;
  externalId: string | null;
  address: string;
  name: string | null;
  role: "to" | "cc" | "bcc";
  state: EngagementState | null;
  engagementId: string | null;
};

/** The recipients of a send, by address; with `state` only those it applies to. */
export const listSendRecipients = async (
  read: Read,
  accountId: string,
  sendId: string,
  options: ListOptions & { state?: readonly EngagementState[] | undefined } = {},
): Promise<ListPage<SendRecipient>> => {
  const after = readPosition(options);
  let query = read
    .selectFrom("sent_messages as s")
    .innerJoin("sent_recipients as r", (join) => join.onRef("r.account_id", "=", "s.account_id").onRef("r.sent_message_id", "=", "s.id"))
    .leftJoin("engagements as e", (join) =>
      join
        .onRef("e.account_id", "=", "r.account_id")
        .onRef("e.sent_message_id", "=", "r.sent_message_id")
        .onRef("e.recipient_key", "=", "r.address_key"),
    )
    .select(["s.id", "s.external_id", "r.address_key", "r.address", "r.name", "r.role", "e.state", "e.id as engagement_id"])
    .where("s.account_id", "=", accountId)
    .where("s.send_id", "=", sendId)
    .orderBy("r.address_key")
    .orderBy("s.id")
    .limit(pageLimit(options) + 1);
  if (options.state) query = query.where("e.state", "in", options.state);
  if (after) query = query.where((eb) => eb(eb.refTuple("r.address_key", "s.id"), ">", eb.tuple(String(after[0]), after[1])));
  return listPage(
    await query.execute(),
    options,
    (row) => [row.address_key, row.id],
    (row) => ({
      sentMessageId: row.id,
      externalId: row.external_id,
      address: row.address,
      name: row.name,
      role: row.role,
      state: row.state,
      engagementId: row.engagement_id,
    }),
  );
};
