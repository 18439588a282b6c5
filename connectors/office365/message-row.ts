/** One message as Graph lists it (learn.microsoft.com, "message resource type"); each part may be missing. */
export type Recipient = { emailAddress?: { name?: string | null; address?: string | null } | null };

export type MessageRow = {
  id: string;
  "@removed"?: { reason?: string };
  from?: Recipient | null;
  sender?: Recipient | null;
  toRecipients?: Recipient[];
  ccRecipients?: Recipient[];
  bccRecipients?: Recipient[];
  subject?: string | null;
  internetMessageId?: string | null;
  conversationId?: string | null;
  parentFolderId?: string | null;
  receivedDateTime?: string | null;
  sentDateTime?: string | null;
  isDraft?: boolean | null;
  internetMessageHeaders?: { name?: string | null; value?: string | null }[];
  singleValueExtendedProperties?: { id: string; value?: string | null }[];
};

export type RowPage = { value: MessageRow[]; "@odata.nextLink"?: string; "@odata.deltaLink"?: string; "@odata.count"?: number };

/** What is asked of each message: what triage looks at and nothing of its text. */
export const rowSelect = [
  "id",
  "from",
  "sender",
  "toRecipients",
  "ccRecipients",
  "bccRecipients",
  "subject",
  "internetMessageId",
  "conversationId",
  "receivedDateTime",
  "sentDateTime",
  "parentFolderId",
  "isDraft",
  "internetMessageHeaders",
].join(",");

/** When a message was received, epoch milliseconds; null where Graph does not say. */
export const receivedAt = ({ receivedDateTime }: MessageRow): number | null => {
  const at = Date.parse(receivedDateTime ?? "");
  return Number.isNaN(at) ? null : at;
};

/**
 * True for a row that tells of a message. What was removed is none of our business (it may only have been moved), a draft was
 * never sent, and an update may hold id, isRead and parentFolderId only, whatever was selected (microsoft-graph-docs issue 7776).
 */
export const tellsOfMessage = (row: MessageRow): boolean =>
  row["@removed"] === undefined && row.isDraft !== true && (row.receivedDateTime !== undefined || row.internetMessageId !== undefined);
