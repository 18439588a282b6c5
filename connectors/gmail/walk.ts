import type { Envelope } from "../../src/bounces/envelope.ts";
import type { ConnectedInbox, Cursor, Folder, Gap, Page, Saved, Tools, Unread } from "../../src/ports/connector.ts";
import { splitByAge } from "../shared/split-by-age.ts";
import type { GmailApi } from "./api.ts";
import type { GmailCursor } from "./cursor.ts";
import { allFolders } from "./envelope-of.ts";

/** One pull on its way: the position as it moves, and which messages have been read already. */
export type Walk = {
  api: GmailApi;
  inbox: ConnectedInbox;
  tools: Tools;
  state: GmailCursor;
  /** The position moved, and no page has told so yet. */
  dirty: boolean;
  /** Ids read in this pull, and ids found to have been saved by earlier ones. */
  read: Set<string>;
  saved: Saved;
};

/** How many messages a page holds at most: 1,000 quota units, 10 seconds of a user's quota. */
export const pageSize = 50;

const progressOf = ({ stretches }: GmailCursor): Page["progress"] => {
  if (stretches.length === 0) return null;
  const total = stretches.reduce<number | null>((sum, each) => (sum === null || each.total === null ? null : sum + each.total), 0);
  return { done: stretches.reduce((sum, { read }) => sum + read, 0), total };
};

type Untold = { gaps?: readonly Gap[]; unread?: readonly Unread[] };
type Content = { folder: Folder; messages: readonly Envelope[]; backfill: boolean } & Untold;

/** A page at the position where the walk stands now. */
export const pageOf = (walk: Walk, { gaps = [], ...content }: Content): Page => {
  walk.tools.signal.throwIfAborted();
  walk.dirty = false;
  return { ...content, gaps, warnings: [], cursor: structuredClone(walk.state) as Cursor, progress: progressOf(walk.state) };
};

/** A page that tells only that the position moved, or of what could not be read. */
export const emptyPage = (walk: Walk, untold: Untold = {}): Page =>
  pageOf(walk, { folder: allFolders.find(({ role }) => role === "inbox") as Folder, messages: [], backfill: false, ...untold });

/** Messages by folder, Sent first: they are all read by now, so it costs nothing. */
const byFolder = (messages: readonly Envelope[]): { folder: Folder; messages: Envelope[] }[] =>
  allFolders
    .map((folder) => ({ folder, messages: messages.filter((message) => message.folder === folder.path) }))
    .filter(({ messages: some }) => some.length > 0);

/**
 * Some messages as pages of one folder and age each. The pages before the last leave the position where it was, so that
 * nothing can be lost between them.
 */
export function* emit(walk: Walk, messages: readonly Envelope[], news: boolean, advance: () => void): Iterable<Page> {
  const runs = byFolder(messages).flatMap(({ folder, messages: some }) =>
    splitByAge(some, walk.state.began, news).map((run) => ({ folder, ...run })),
  );
  for (const [index, run] of runs.entries()) {
    if (index === runs.length - 1) advance();
    yield pageOf(walk, run);
  }
  if (runs.length > 0) return;
  advance();
  walk.dirty = true;
}
