import type { Envelope } from "../../src/bounces/envelope.ts";
import type { Folder } from "../../src/ports/connector.ts";
import { readEnvelope } from "../shared/read-envelope.ts";
import type { Message } from "./api.ts";

/** Gmail has labels and no folders: what a message is filed under by its labels, first that fits. */
const folders: readonly { label: string; folder: Folder }[] = [
  { label: "SENT", folder: { path: "Sent", role: "sent" } },
  { label: "SPAM", folder: { path: "Spam", role: "junk" } },
  { label: "TRASH", folder: { path: "Trash", role: "other" } },
  { label: "INBOX", folder: { path: "Inbox", role: "inbox" } },
];

const archive: Folder = { path: "Archive", role: "other" };

/** Everywhere mail is looked for. */
export const allFolders: readonly Folder[] = [...folders.map(({ folder }) => folder), archive];

/** Where a message with these labels is shown to lie. */
export const folderOf = (labels: readonly string[]): Folder => folders.find(({ label }) => labels.includes(label))?.folder ?? archive;

/** Drafts were never sent, and chats are no mail. */
export const isMail = (labels: readonly string[]): boolean => !labels.includes("DRAFT") && !labels.includes("CHAT");

const headersOf = (message: Message): Map<string, string[]> => {
  const fields = new Map<string, string[]>();
  for (const { name, value } of message.payload?.headers ?? []) {
    const key = (name ?? "").toLowerCase();
    const text = (value ?? "").replace(/\r?\n[ \t]*/g, " ").trim();
    const known = fields.get(key);
    if (known) known.push(text);
    else fields.set(key, [text]);
  }
  return fields;
};

const receivedAt = (internalDate: string | null | undefined): number | null => (internalDate ? Number(internalDate) : null);

/** The envelope of a message as messages.get gives it in the format "metadata". Its threadId is a hint: Gmail joins threads by its own rules. */
export const envelopeOf = (id: string, message: Message): Envelope => {
  const { path, role } = folderOf(message.labelIds ?? []);
  return readEnvelope({
    ref: id,
    folder: path,
    role,
    fields: headersOf(message),
    receivedAt: receivedAt(message.internalDate),
    size: message.sizeEstimate ?? null,
    threadId: message.threadId ?? null,
  });
};
