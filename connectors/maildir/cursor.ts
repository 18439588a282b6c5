import * as z from "zod";
import { ConnectorError, type Cursor } from "../../src/ports/connector.ts";

const position = z.object({ at: z.string().regex(/^\d+$/), marks: z.array(z.string()) });

/** Per folder: what came since the first look (`live`), and what was there then, from `backfill` (null: all read) up to `until`. */
const folderState = z.object({
  path: z.string(),
  live: position,
  backfill: position.nullable(),
  until: position,
  seen: z.number(),
  total: z.number().nullable(),
});

const localCursor = z.object({
  /** When the first pull began (epoch milliseconds). */
  began: z.number(),
  /** How far back the first sync reached: the inbox's window then. */
  since: z.number(),
  folders: z.array(folderState),
  /** What people have been warned of, so that a pull with nothing new says it once. */
  warned: z.array(z.string()).default([]),
});

export type FolderState = z.infer<typeof folderState>;
export type LocalCursor = z.infer<typeof localCursor>;

/** Reads a cursor this connector made; null begins anew. Anything else: ConnectorError "cursor_expired". */
export const readCursor = (cursor: Cursor, now: number, since: number): LocalCursor => {
  if (cursor === null) return { began: now, since, folders: [], warned: [] };
  const parsed = localCursor.safeParse(cursor);
  if (parsed.success) return parsed.data;
  throw new ConnectorError("cursor_expired", "The stored position is not one of this connector; the folders are listed again.");
};
