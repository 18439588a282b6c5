import { addressKey, idKey } from "../bounces/keys.ts";
import type { Json } from "../ports/connector.ts";
import type { Write } from "../ports/database.ts";
import { messageHash, readErased } from "./erasures.ts";
import { newId } from "./ids.ts";
import { inBatches } from "./in-batches.ts";
import { toJson } from "./json.ts";

/** A message that left, as a Sent folder or the CRM tells of it. `sentAt` is epoch milliseconds. */
export type NewSentMessage = {
  /** The provider's id and folder; null when registered through the API. */
  ref: string | null;
  folder: string | null;
  messageId: string | null;
  /** Every other id it is known by, with or without angle brackets. */
  ids: readonly string[];
  subject: string | null;
  from: string | null;
  sentAt: number;
  threadId: string | null;
  recipients: readonly { address: string; name?: string | null; role: "to" | "cc" | "bcc" }[];
  kind?: "one_to_one" | "marketing";
  externalId?: string | null;
  sendId?: string | null;
  metadata?: Json;
};

/**
 * Stores sent messages, each once per account: by its Message-ID, else by the CRM's id, else by inbox and ref. One that is there
 * already gets what it lacks (more recipients, more ids, its place in the mailbox, or the CRM's words for it). Returns the ids
 * in the order of `sent` ("" for one that was erased), and the idKeys nobody had named before: notices may be waiting for them.
 */
export const saveSentMessages = async (
  tx: Write,
  accountId: string,
  inboxId: string | null,
  sent: readonly NewSentMessage[],
  now: number,
): Promise<{ ids: string[]; newIdKeys: string[] }> => {
  const byKey = new Map(sent.map((message) => [uniqueKey(inboxId, message), message]));
  const erased = await readErased(
    tx,
    accountId,
    [...byKey.keys()].map((key) => messageHash("sent", key)),
  );
  const ordered = [...byKey].filter(([key]) => !erased.has(messageHash("sent", key))).sort(([a], [b]) => (a < b ? -1 : 1));
  const rows = await inBatches(ordered, (batch) =>
    tx
      .insertInto("sent_messages")
      .values(batch.map(([key, message]) => toRow(accountId, inboxId, key, message, now)))
      .onConflict((conflict) =>
        conflict.columns(["account_id", "unique_key"]).doUpdateSet((eb) =>
          inboxId === null
            ? {
                kind: eb.ref("excluded.kind"),
                external_id: eb.fn.coalesce("excluded.external_id", "sent_messages.external_id"),
                send_id: eb.fn.coalesce("excluded.send_id", "sent_messages.send_id"),
                metadata: eb.ref("excluded.metadata"),
              }
            : {
                inbox_id: eb.fn.coalesce("sent_messages.inbox_id", "excluded.inbox_id"),
                ref: eb.fn.coalesce("sent_messages.ref", "excluded.ref"),
                folder: eb.fn.coalesce("sent_messages.folder", "excluded.folder"),
                subject: eb.fn.coalesce("sent_messages.subject", "excluded.subject"),
                from_address: eb.fn.coalesce("sent_messages.from_address", "excluded.from_address"),
                thread_id: eb.fn.coalesce("sent_messages.thread_id", "excluded.thread_id"),
              },
        ),
      )
      .returning(["id", "unique_key"])
      .execute(),
  );
  const idOf = new Map(rows.map((row) => [row.unique_key, row.id]));
  await saveRecipients(tx, accountId, ordered, idOf);
  const newIdKeys = await saveIds(tx, accountId, ordered, idOf);
  return { ids: sent.map((message) => idOf.get(uniqueKey(inboxId, message)) ?? ""), newIdKeys };
};

const uniqueKey = (inboxId: string | null, message: NewSentMessage): string =>
  idKey(message.messageId) || (message.externalId ? `external:${message.externalId}` : `${inboxId}/${message.ref}`);

const toRow = (accountId: string, inboxId: string | null, key: string, message: NewSentMessage, now: number) => ({
  account_id: accountId,
  id: newId("msg", now),
  inbox_id: inboxId,
  ref: message.ref,
  folder: message.folder,
  kind: message.kind ?? ("one_to_one" as const),
  external_id: message.externalId ?? null,
  send_id: message.sendId ?? null,
  metadata: toJson(message.metadata ?? {}),
  message_id: message.messageId,
  unique_key: key,
  subject: message.subject,
  from_address: message.from,
  thread_id: message.threadId,
  sent_at: message.sentAt,
  created_at: now,
});

type Ordered = readonly (readonly [key: string, message: NewSentMessage])[];

const saveRecipients = async (tx: Write, accountId: string, ordered: Ordered, idOf: ReadonlyMap<string, string>): Promise<void> => {
  const rows = ordered.flatMap(([key, message]) =>
    message.recipients.map(({ address, name, role }) => ({
      account_id: accountId,
      sent_message_id: idOf.get(key) ?? "",
      address_key: addressKey(address),
      address,
      name: name ?? null,
      role,
      sent_at: message.sentAt,
    })),
  );
  await inBatches(rows, (batch) =>
    tx
      .insertInto("sent_recipients")
      .values(batch)
      .onConflict((conflict) => conflict.columns(["account_id", "sent_message_id", "address_key"]).doNothing())
      .execute(),
  );
};

const saveIds = async (tx: Write, accountId: string, ordered: Ordered, idOf: ReadonlyMap<string, string>): Promise<string[]> => {
  const rows = ordered.flatMap(([key, message]) =>
    [...new Set([message.messageId, ...message.ids].map(idKey))]
      .filter((id) => id !== "")
      .map((id) => ({ account_id: accountId, id_key: id, sent_message_id: idOf.get(key) ?? "" })),
  );
  const made = await inBatches(rows, (batch) =>
    tx
      .insertInto("sent_ids")
      .values(batch)
      .onConflict((conflict) => conflict.columns(["account_id", "id_key", "sent_message_id"]).doNothing())
      .returning("id_key")
      .execute(),
  );
  return made.map((row) => row.id_key);
};
