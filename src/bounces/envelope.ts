/**
 * Header fields by lower-case name, each with its values in the order they stand in the message (topmost first).
 * Values are unfolded and otherwise as on the wire: encoded words (RFC 2047) are not decoded yet. A Map, so that a
 * header called `__proto__` is only a header.
 */
export type HeaderFields = ReadonlyMap<string, readonly string[]>;

/** What a folder is for. `other` is any folder a user asked us to watch. */
export type FolderRole = "sent" | "inbox" | "junk" | "all" | "other";

/** What is known of a message without its body. Times are epoch milliseconds. */
export type Envelope = {
  /** The provider's id of the message: opaque, stable, unique within its inbox. */
  ref: string;
  folder: string;
  role: FolderRole;
  headers: HeaderFields;
  /** When the provider took the message in (IMAP INTERNALDATE and its kin). */
  receivedAt: number | null;
  /** Bytes of the whole message. */
  size: number | null;
  /** The provider's conversation id: a hint, never a proof. */
  threadId: string | null;
  /** What the provider itself says about the message beyond its headers. */
  hints: {
    /** MAPI message class, such as REPORT.IPM.Note.NDR. */
    messageClass?: string;
    /** Ids the provider gave the message in place of its own Message-ID. */
    otherIds?: readonly string[];
  };
};

/** The header fields a connector fetches for an envelope, lower case. The order is that of bounces.md, Triage. */
export const envelopeFields = [
  "from",
  "sender",
  "to",
  "cc",
  "bcc",
  "subject",
  "date",
  "message-id",
  "in-reply-to",
  "references",
  "return-path",
  "content-type",
  "auto-submitted",
  "precedence",
  "list-id",
  "x-failed-recipients",
  "x-ms-exchange-message-is-ndr",
  "x-dsncontext",
  "x-mc-system",
  "x-mimecast-originator",
  "authentication-results",
  "received-spf",
  "x-microsoft-original-message-id",
  "x-google-original-message-id",
] as const;

/** Of a whole header only the fields every provider is asked for: of the same message all then tell the same. */
export const keepEnvelopeFields = (all: HeaderFields): HeaderFields => {
  const kept = new Map<string, readonly string[]>();
  for (const name of envelopeFields) {
    const values = all.get(name);
    if (values) kept.set(name, values);
  }
  return kept;
};

/** The first (topmost) value of a field, or null. */
export const firstValue = (headers: HeaderFields, name: string): string | null => headers.get(name)?.[0] ?? null;
