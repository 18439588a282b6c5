/** A Gmail mailbox in memory: messages with labels, and a list of changes with ids that ascend and leave gaps. */
import type { HeaderFields } from "../../../src/bounces/envelope.ts";
import { parseHeaderFields } from "../../../src/bounces/header-fields.ts";

export type StoredMessage = {
  id: string;
  threadId: string;
  labels: Set<string>;
  internalDate: number;
  raw: Buffer;
  fields: HeaderFields;
  historyId: bigint;
};

export type Change = {
  id: bigint;
  type: "messageAdded" | "messageDeleted" | "labelAdded" | "labelRemoved";
  message: { id: string; threadId: string; labelIds: string[] };
  labelIds: string[];
};

export type SendAs = { sendAsEmail: string; isPrimary?: boolean; isDefault?: boolean; verificationStatus?: "accepted" | "pending" };

export type Mailbox = {
  address: string;
  sendAs: SendAs[];
  messages: Map<string, StoredMessage>;
  changes: Change[];
  /** The newest change, and the oldest position that is still known. */
  historyId: bigint;
  oldest: bigint;
  /** Who is told of each change. */
  onChange: () => void;
  put(raw: Buffer | string, labels?: readonly string[], at?: number): StoredMessage;
  /** Deletes for good, as emptying the trash does. */
  remove(id: string): void;
  label(id: string, added: readonly string[], removed?: readonly string[]): void;
  /** What a long gap does: no position known so far is good any more, the newest included. */
  forgetChanges(): void;
};

const answeredId = (fields: HeaderFields): string | undefined =>
  (fields.get("in-reply-to")?.[0] ?? fields.get("references")?.[0]?.split(/\s+/).at(-1))?.trim();

let made = 0;

/** Makes an empty mailbox, whose list of changes began long before its first message. */
export const createMailbox = (address: string): Mailbox => {
  const messages = new Map<string, StoredMessage>();
  const changes: Change[] = [];

  const record = (type: Change["type"], message: StoredMessage, labelIds: readonly string[]): void => {
    mailbox.historyId += BigInt(1 + ((made++ * 7) % 29));
    message.historyId = mailbox.historyId;
    const { id, threadId, labels } = message;
    changes.push({ id: mailbox.historyId, type, message: { id, threadId, labelIds: [...labels] }, labelIds: [...labelIds] });
    mailbox.onChange();
  };

  const threadOf = (id: string, fields: HeaderFields): string => {
    const wanted = answeredId(fields);
    const parent = [...messages.values()].find((each) => wanted !== undefined && each.fields.get("message-id")?.[0] === wanted);
    return parent?.threadId ?? id;
  };

  const mailbox: Mailbox = {
    address,
    sendAs: [{ sendAsEmail: address, isPrimary: true, isDefault: true }],
    messages,
    changes,
    historyId: 9_120_000n + BigInt(made * 1000),
    oldest: 9_000_000n,
    onChange: () => {},
    put(raw, labels = ["INBOX", "UNREAD"], at = Date.now()) {
      const bytes = Buffer.from(raw);
      const fields = parseHeaderFields(bytes);
      const id = (0x19ab_0000_0000_0000n + BigInt(made++) * 0x1_0007n).toString(16);
      const message = { id, threadId: threadOf(id, fields), labels: new Set(labels), internalDate: at, raw: bytes, fields, historyId: 0n };
      messages.set(id, message);
      record("messageAdded", message, []);
      return message;
    },
    remove(id) {
      const message = messages.get(id);
      if (message) record("messageDeleted", message, []);
      messages.delete(id);
    },
    label(id, added, removed = []) {
      const message = messages.get(id);
      if (!message) return;
      for (const name of added) message.labels.add(name);
      for (const name of removed) message.labels.delete(name);
      if (added.length > 0) record("labelAdded", message, added);
      if (removed.length > 0) record("labelRemoved", message, removed);
    },
    forgetChanges() {
      mailbox.oldest = mailbox.historyId + 1n;
      changes.length = 0;
    },
  };
  return mailbox;
};
