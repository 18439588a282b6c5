import * as z from "zod";
import { ConnectorError, type Cursor } from "../../src/ports/connector.ts";

/**
 * A stretch of time (the provider's clock, epoch milliseconds, `since` <= received < `before`) still to be listed, newest first.
 * `told` names the messages of its top second that were told already, as short hashes: times come in whole seconds, and
 * one second may hold more than a page.
 */
const window = z.object({
  since: z.number(),
  before: z.number(),
  told: z.array(z.string()),
  /** True for what was missed, false for what was there before. */
  fresh: z.boolean(),
});

/**
 * Where one folder stands. New mail is followed by its changes; what a change can no longer tell is listed by windows.
 * Everything received before `asOf` has been told or lies in a window.
 */
const folderState = z.object({
  /** The well-known name, or the path the user named. */
  wanted: z.string(),
  id: z.string(),
  path: z.string(),
  /** When the folder was first looked at (the provider's clock). */
  began: z.number(),
  since: z.number(),
  /** What the provider gave to ask with for the folder's next changes (a link, a sync state); null before the first. */
  link: z.string().nullable(),
  /** When the changes began to be followed. Their first round repeats what the windows list, which is passed over. */
  start: z.number(),
  firstRoundDone: z.boolean(),
  /** When the round under way began; null between rounds. */
  roundBegan: z.number().nullable(),
  /** Rows told since `start`: some providers tell only so many. */
  rows: z.number(),
  asOf: z.number(),
  /** True while the folder is not there: what comes until it is back is read then. */
  absent: z.boolean().default(false),
  windows: z.array(window),
  seen: z.number(),
  total: z.number().nullable(),
});

const changesCursor = z.object({
  folders: z.array(folderState),
  /** What people have been warned of, so that a pull with nothing new says it once. */
  warned: z.array(z.string()),
});

export type Window = z.infer<typeof window>;
export type FolderState = z.infer<typeof folderState>;
export type ChangesCursor = z.infer<typeof changesCursor>;

/** Reads a cursor this connector made; null begins anew. Anything else: ConnectorError "cursor_expired". */
export const readCursor = (cursor: Cursor): ChangesCursor => {
  if (cursor === null) return { folders: [], warned: [] };
  const parsed = changesCursor.safeParse(cursor);
  if (parsed.success) return parsed.data;
  throw new ConnectorError("cursor_expired", "The stored position is not one of this connector; the mailbox is listed again.");
};
