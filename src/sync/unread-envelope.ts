import type { Envelope } from "../bounces/envelope.ts";
import type { Unread } from "../ports/connector.ts";

/** The envelope of a message of which only its place is known. It has no header field, which no message that was read is without. */
export const unreadEnvelope = (unread: Unread): Envelope => ({ ...unread, headers: new Map(), size: null, threadId: null, hints: {} });
