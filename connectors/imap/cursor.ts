import * as z from "zod";
import { ConnectorError, type Cursor } from "../../src/ports/connector.ts";

/**
 * Where one folder stands. `live` is the lowest UID not looked at yet. Of what was there at the first look, everything from
 * `below` up has been read (null: all of it), back to `since`; newest first, because last week's notices matter more.
 */
const folderState = z.object({
  path: z.string(),
  uidValidity: z.string(),
  live: z.number(),
  /** How many messages the folder held at the last look. */
  exists: z.number().default(-1),
  below: z.number().nullable(),
  since: z.number(),
  seen: z.number(),
  total: z.number().nullable(),
});

const imapCursor = z.object({
  /** When the first pull began (epoch milliseconds). */
  began: z.number(),
  folders: z.array(folderState),
  /** What people have been warned of, so that a pull with nothing new says it once. */
  warned: z.array(z.string()),
});

export type FolderState = z.infer<typeof folderState>;
export type ImapCursor = z.infer<typeof imapCursor>;

/** Reads a cursor this connector made; null begins anew. Anything else: ConnectorError "cursor_expired". */
export const readCursor = (cursor: Cursor, now: number): ImapCursor => {
  if (cursor === null) return { began: now, folders: [], warned: [] };
  const parsed = imapCursor.safeParse(cursor);
  if (parsed.success) return parsed.data;
  throw new ConnectorError("cursor_expired", "The stored position is not one of this connector; the mailbox is listed again.");
};
