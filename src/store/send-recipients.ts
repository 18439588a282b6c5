import type { Category } from "../bounces/report.ts";
import type { EngagementState, Read } from "../ports/database.ts";
import type { Folded } from "../timeline/fold.ts";
import { fromJsonOrNull } from "./json.ts";
import { type ListOptions, type ListPage, listPage, pageLimit, readPosition } from "./list-page.ts";

/** What became of one recipient of a send. `state` is null while nothing came back. */
export type SendRecipient = {
  sentMessageId: string;
  externalId: string | null;
  address: string;
  name: string | null;
  role: "to" | "cc" | "bcc";
  state: EngagementState | null;
  category: Category | null;
  reason: string | null;
  /** The server's own words, and their language. */
  diagnostic: string | null;
  language: string | null;
  engagementId: string | null;
  contactId: string | null;
};

/** A send, or one message. */
export type SendOrMessage = { sendId: string } | { sentMessageId: string };

/** The recipients of a send or of a message, by address; with `state` only those it applies to. */
export const listSendRecipients = async (
  read: Read,
  accountId: string,
  of: SendOrMessage,
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
    .select(["s.id", "s.external_id", "r.address_key", "r.address", "r.name", "r.role", "e.state", "e.category", "e.reason", "e.folded"])
    .select(["e.id as engagement_id", "e.contact_id"])
    .where("s.account_id", "=", accountId)
    .where("sendId" in of ? "s.send_id" : "s.id", "=", "sendId" in of ? of.sendId : of.sentMessageId)
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
      category: row.category,
      reason: row.reason,
      ...wordsOf(row.folded),
      engagementId: row.engagement_id,
      contactId: row.contact_id,
    }),
  );
};

const wordsOf = (folded: string | null): Pick<SendRecipient, "diagnostic" | "language"> => {
  const server = fromJsonOrNull<Folded>(folded)?.facts?.server;
  return { diagnostic: server?.diagnostic ?? null, language: server?.language ?? null };
};
