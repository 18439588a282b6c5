import { type Envelope, firstValue, type HeaderFields } from "./envelope.ts";
import { addressKey } from "./keys.ts";
import type { SentRecipient } from "./match.ts";
import { decodeWords } from "./part-text.ts";
import { readMailboxes } from "./read-addresses.ts";

/** A message that left through an inbox, with its recipients and every id it is known by. */
export type SentMessage = {
  messageId: string | null;
  /** Other ids it may be named by: those a provider gave it in place of its own. */
  ids: string[];
  subject: string | null;
  from: string | null;
  recipients: (SentRecipient & { name: string | null })[];
  threadId: string | null;
  /** Epoch milliseconds: its Date field, else when the provider stored it, else 0. */
  sentAt: number;
};

/** Reads a message of a Sent folder from its header facts. */
export const readSentMessage = (envelope: Envelope): SentMessage => {
  const { headers } = envelope;
  const replaced = [firstValue(headers, "x-microsoft-original-message-id"), firstValue(headers, "x-google-original-message-id")];
  return {
    messageId: firstValue(headers, "message-id"),
    ids: [...replaced, ...(envelope.hints.otherIds ?? [])].filter((id) => id !== null),
    subject: decoded(headers, "subject"),
    from: readMailboxes(decoded(headers, "from") ?? "")[0]?.address ?? null,
    recipients: readRecipients(headers),
    threadId: envelope.threadId,
    sentAt: Date.parse(firstValue(headers, "date") ?? "") || envelope.receivedAt || 0,
  };
};

const decoded = (headers: HeaderFields, name: string): string | null => {
  const value = firstValue(headers, name);
  return value === null ? null : decodeWords(value);
};

/** To, Cc and Bcc, each address once under the first role it has. */
const readRecipients = (headers: HeaderFields): SentMessage["recipients"] => {
  const found = new Map<string, SentMessage["recipients"][number]>();
  for (const role of ["to", "cc", "bcc"] as const) {
    for (const value of headers.get(role) ?? []) {
      for (const { name, address } of readMailboxes(decodeWords(value))) {
        const key = addressKey(address);
        if (key.includes("@") && !found.has(key)) found.set(key, { addressKey: key, address, name: name || null, role });
      }
    }
  }
  return [...found.values()];
};
