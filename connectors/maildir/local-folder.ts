import type { Envelope } from "../../src/bounces/envelope.ts";
import type { Folder } from "../../src/ports/connector.ts";

/** A folder on disk and how its messages lie there: one file each in cur/ and new/, one .eml file each, or all in one mbox file. */
export type LocalFolder = Folder & { kind: "maildir" | "eml" | "mbox"; location: string };

/** A place between messages of one folder. Its fields belong to the reader of that kind of folder. */
export type Position = { at: string; marks: string[] };

export type ReadPage = {
  messages: Envelope[];
  /** Behind everything looked at so far. */
  position: Position;
  /** How many messages this page looked at, those that vanished meanwhile included. */
  looked: number;
  last: boolean;
};

/** What pull needs of a folder, whatever its kind. All of it only reads. */
export type FolderReader = {
  /** Before the first message. */
  start: Position;
  /** Behind the last message there is now, and how many there are (null: not known without reading them all). */
  end(): Promise<{ position: Position; count: number | null }>;
  /** False when the folder was rewritten, so that a position in it means nothing any more. */
  holds(position: Position): Promise<boolean>;
  /** The messages between two positions, oldest position first. */
  read(from: Position, until: Position | null): AsyncIterable<ReadPage>;
  /** The exact bytes of a message by the name in its ref, or "gone". */
  fetchRaw(name: string, maxBytes: number): Promise<Uint8Array | "gone">;
};

export const pageSize = 200;

/** The ref of a message: its folder and its name there, both encoded so that the mark between them is unique. */
export const localRef = (folder: string, name: string): string => `${encodeURI(folder).replaceAll("#", "%23")}#${encodeURIComponent(name)}`;

/** Takes a ref apart again; null if it is none of ours. */
export const readLocalRef = (ref: string): { folder: string; name: string } | null => {
  const mark = ref.indexOf("#");
  if (mark < 0) return null;
  try {
    return { folder: decodeURIComponent(ref.slice(0, mark)), name: decodeURIComponent(ref.slice(mark + 1)) };
  } catch {
    return null;
  }
};
