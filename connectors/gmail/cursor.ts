import * as z from "zod";
import { ConnectorError, type Cursor } from "../../src/ports/connector.ts";

/**
 * A stretch of time that is read by search, newest first, because Gmail's list of changes does not reach there. Everything
 * from `top` up has been read (null: nothing yet); `seen` are the ids read within top's own second, since search knows seconds only.
 */
const stretch = z.object({
  what: z.enum(["sent", "notices", "received"]),
  from: z.number(),
  to: z.number(),
  top: z.number().nullable(),
  seen: z.array(z.string()),
  /** Messages looked at, and how many there are as far as that is known. */
  read: z.number(),
  total: z.number().nullable(),
  /** False for what was there before the inbox was connected. */
  news: z.boolean(),
});

const gmailCursor = z.object({
  /** When the first pull began (epoch milliseconds), and how far back it reads. */
  began: z.number(),
  since: z.number(),
  /** Everything up to here in Gmail's list of changes has been read; so it was at `at` (epoch milliseconds). */
  historyId: z.string().regex(/^\d+$/),
  at: z.number(),
  /** What is still to be read by search, in this order. */
  stretches: z.array(stretch),
  /** Messages Gmail failed to give although it was there, and since when: asked for again at each look. */
  owed: z.array(z.object({ id: z.string(), since: z.number() })),
});

export type Stretch = z.infer<typeof stretch>;
export type GmailCursor = z.infer<typeof gmailCursor>;

/** Reads a cursor this connector made; null begins anew. Anything else: ConnectorError "cursor_expired". */
export const readCursor = (cursor: Cursor): GmailCursor | null => {
  if (cursor === null) return null;
  const parsed = gmailCursor.safeParse(cursor);
  if (parsed.success) return parsed.data;
  throw new ConnectorError("cursor_expired", "The stored position is not one of this connector; the mailbox is listed again.");
};
