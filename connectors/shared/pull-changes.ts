import type { Envelope, FolderRole } from "../../src/bounces/envelope.ts";
import type { ConnectedInbox, Cursor, Folder, Gap, Page, Unread, Warning } from "../../src/ports/connector.ts";
import { type ChangesCursor, type FolderState, readCursor, type Window } from "./changes-cursor.ts";
import { splitByAge } from "./split-by-age.ts";
import { tellWarnings } from "./tell-warnings.ts";

/** Some rows of a folder's changes, the position behind them, and whether there are more to ask for now. */
export type ChangesPage<Row> = { rows: Row[]; position: Partial<FolderState>; more: boolean };

/** The next rows of a window, newest first; `rest`: what of it is left to list, null at its end. */
export type WindowPage<Row> = { rows: Row[]; rest: Window | null };

/** A provider that tells, per folder, what changed since a position it gave, and lists what a folder holds by time. */
export type ChangesSource<Row> = {
  /** The provider's clock, epoch milliseconds in whole seconds. */
  now(): number;
  /** The folders to watch, Sent first. */
  wanted: readonly string[];
  roleOf(wanted: string): FolderRole;
  findFolder(wanted: string): Promise<{ id: string; path: string } | null>;
  missingFolder(wanted: string): Warning;
  /** Rejects with what `isPositionLost` knows when the provider has forgotten the position. */
  nextChanges(state: FolderState): Promise<ChangesPage<Row>>;
  listWindow(state: FolderState, window: Window): Promise<WindowPage<Row>>;
  /** About how many rows a window holds; null where nobody counts. */
  countWindow(state: FolderState, window: Window): Promise<number | null>;
  read(rows: readonly Row[], folder: Folder): Promise<{ messages: Envelope[]; unread: Unread[] }>;
  /** A new position, where the one in use is nearly used up; null where it is not. */
  beforeExhaustion(state: FolderState, lastKnown: number, at: number): Partial<FolderState> | null;
  isMissing(error: unknown): boolean;
  isPositionLost(error: unknown): boolean;
  /** The provider answered that it cannot, as it may for one folder alone. */
  isFailing(error: unknown): boolean;
  keepsForgetting(): Error;
  /** Why mail of some time was listed again, as a sentence. */
  forgotten(path: string): string;
};

/** A position in which nothing new was found is stored all the same when the stored one is this old: providers forget old ones. */
const storeAfter = 60 * 60_000;
/** An empty stretch this many pages long still saves the position once. */
const emptyPagesUnsaved = 10;
/** Lists again from this much before the last position that was known. */
const overlap = 60 * 60_000;

/** One pull on its way: the position as it moves, and what is still to be told of it. */
type Walk<Row> = {
  source: ChangesSource<Row>;
  inbox: ConnectedInbox;
  state: ChangesCursor;
  dirty: boolean;
  /** What is wrong now. */
  holding: Warning[];
  gaps: Gap[];
  unread: Unread[];
};

const folderOf = <Row>({ source }: Walk<Row>, { path, wanted }: FolderState): Folder => ({ path, role: source.roleOf(wanted) });

/** The position of a folder seen for the first time: what is there is a window to list, what comes is followed. */
const newState = (wanted: string, found: { id: string; path: string }, since: number, at: number): FolderState => ({
  wanted,
  id: found.id,
  path: found.path,
  began: at,
  since,
  link: null,
  start: at,
  firstRoundDone: false,
  roundBegan: null,
  rows: 0,
  asOf: at,
  absent: false,
  windows: [{ since, before: at, told: [], fresh: false }],
  seen: 0,
  total: null,
});

/** A window that now reaches further back: only what was never listed is added. */
const widen = <Row>(walk: Walk<Row>, state: FolderState): void => {
  const { since } = walk.inbox;
  if (since >= state.since) return;
  const last = state.windows.at(-1);
  if (last && !last.fresh) last.since = since;
  else state.windows.push({ since, before: Math.min(state.since, state.began), told: [], fresh: false });
  Object.assign(state, { since, total: null });
  walk.dirty = true;
};

/** A folder whose changes are followed anew from `at`; what lies between is listed by a window. */
export const followAnew = (state: FolderState, at: number, since: number): Partial<FolderState> => ({
  link: null,
  start: at,
  firstRoundDone: false,
  roundBegan: null,
  rows: 0,
  seen: 0,
  total: null,
  windows: [{ since: Math.max(since, state.since), before: at, told: [], fresh: true }, ...state.windows],
});

/** Everything since the position was last known, with an overlap, is listed again. */
const lose = <Row>(walk: Walk<Row>, state: FolderState): void => {
  const at = walk.source.now();
  if (state.firstRoundDone) walk.gaps.push({ folder: state.path, from: state.asOf, to: at, because: walk.source.forgotten(state.path) });
  Object.assign(state, followAnew(state, at, state.asOf - overlap));
  walk.dirty = true;
};

/** A folder that was away is followed anew where it is now. */
const comeBack = <Row>(walk: Walk<Row>, state: FolderState, found: { id: string; path: string }): void => {
  Object.assign(state, found, { absent: false });
  lose(walk, state);
};

/** Looks for the folders not known yet; the known ones are asked for by their ids, so that a quiet poll is one request each. */
const settleFolders = async <Row>(walk: Walk<Row>): Promise<void> => {
  const { source, state, inbox } = walk;
  const folders: FolderState[] = [];
  for (const name of source.wanted) {
    const known = state.folders.find((folder) => folder.wanted === name);
    const found = known && !known.absent ? known : await source.findFolder(name);
    if (!found) walk.holding.push(source.missingFolder(name));
    if (known) {
      widen(walk, known);
      if (known.absent && found) comeBack(walk, known, found);
      folders.push(known);
    } else if (found && !folders.some(({ id }) => id === found.id)) folders.push(newState(name, found, inbox.since, source.now()));
  }
  if (folders.map(({ id }) => id).join() !== state.folders.map(({ id }) => id).join()) walk.dirty = true;
  state.folders = folders;
};

const progressOf = ({ folders }: ChangesCursor): Page["progress"] => {
  if (folders.every(({ windows, absent }) => absent || windows.length === 0)) return null;
  const total = folders.reduce<number | null>((sum, folder) => (sum === null || folder.total === null ? null : sum + folder.total), 0);
  return { done: folders.reduce((sum, { seen }) => sum + seen, 0), total };
};

const pageOf = <Row>(walk: Walk<Row>, folder: Folder, content: Pick<Page, "messages" | "backfill">): Page => {
  const { warnings, mended, saidNow } = tellWarnings(walk.holding, walk.state.warned);
  const { gaps, unread } = walk;
  walk.state.warned = saidNow;
  Object.assign(walk, { gaps: [], unread: [], dirty: false });
  return {
    folder,
    ...content,
    gaps,
    unread,
    warnings,
    mended,
    cursor: structuredClone(walk.state) as Cursor,
    progress: progressOf(walk.state),
  };
};

/** The runs of a page before its last leave the position where it was, so that nothing can be lost between them. */
async function* emit<Row>(
  walk: Walk<Row>,
  state: FolderState,
  rows: readonly Row[],
  live: boolean,
  advance: () => void,
): AsyncGenerator<Page> {
  const folder = folderOf(walk, state);
  const { messages, unread } = await walk.source.read(rows, folder);
  const runs = splitByAge(messages, state.began, live);
  for (const [index, run] of runs.entries()) {
    if (index === runs.length - 1) {
      advance();
      walk.unread.push(...unread);
    }
    yield pageOf(walk, folder, run);
  }
  if (runs.length > 0) return;
  advance();
  walk.unread.push(...unread);
  if (unread.length > 0) walk.dirty = true;
}

/** What changed in a folder since the last look. A position the provider has forgotten is made anew, once in a pull. */
async function* pullChanges<Row>(walk: Walk<Row>, state: FolderState, renewed = false): AsyncGenerator<Page> {
  let lost = false;
  const known = state.asOf;
  for (let more = true, empty = 0; more; ) {
    const page = await walk.source.nextChanges(state).catch((error: unknown) => {
      if (!walk.source.isPositionLost(error)) throw error;
      if (lost) throw walk.source.keepsForgetting();
      return null;
    });
    if (page === null) {
      lost = true;
      lose(walk, state);
      continue;
    }
    more = page.more;
    const stale = (page.position.asOf ?? 0) - state.asOf > storeAfter;
    yield* emit(walk, state, page.rows, true, () => Object.assign(state, page.position));
    empty = page.rows.length > 0 ? 0 : empty + 1;
    if (stale) walk.dirty = true;
    if (more && empty > 0 && empty % emptyPagesUnsaved === 0) yield pageOf(walk, folderOf(walk, state), { messages: [], backfill: false });
  }
  const anew = renewed ? null : walk.source.beforeExhaustion(state, known, walk.source.now());
  if (anew === null) return;
  Object.assign(state, anew);
  walk.dirty = true;
  yield* pullChanges(walk, state, true);
}

/** How much there is to list, before the first of it is listed: people watch the progress of a first sync. */
const countWindows = async <Row>(walk: Walk<Row>, state: FolderState): Promise<void> => {
  if (state.total !== null) return;
  let total: number | null = state.seen;
  for (const window of state.windows) {
    const count: number | null = await walk.source.countWindow(state, window);
    total = total === null || count === null ? null : total + count;
  }
  state.total = total;
};

/** What the windows hold, newest first: `fresh` those of what was missed, or those of what was there before, which lie behind. */
async function* pullWindows<Row>(walk: Walk<Row>, state: FolderState, fresh: boolean): AsyncGenerator<Page> {
  for (let [window, ...others] = state.windows; window?.fresh === fresh; [window, ...others] = state.windows) {
    const { rows, rest } = await walk.source.listWindow(state, window);
    yield* emit(walk, state, rows, window.fresh, () => {
      state.windows = rest ? [rest, ...others] : others;
      state.seen += rows.length;
    });
    if (rows.length === 0) walk.dirty = true;
  }
}

/** A folder that went away does not hold up the others; it is looked for again in the next pull. */
async function* unlessMissing<Row>(walk: Walk<Row>, state: FolderState, pages: AsyncIterable<Page>): AsyncGenerator<Page> {
  try {
    yield* pages;
  } catch (error) {
    if (!walk.source.isMissing(error)) throw error;
    walk.holding.push(walk.source.missingFolder(state.wanted));
    state.absent = true;
    walk.dirty = true;
  }
}

/** A folder the provider itself fails over is told at the end, so that the others are read; where nothing answers, nothing is asked for. */
async function* apart<Row>(walk: Walk<Row>, state: FolderState, pages: AsyncIterable<Page>, failed: unknown[]): AsyncGenerator<Page> {
  try {
    yield* unlessMissing(walk, state, pages);
  } catch (error) {
    if (!walk.source.isFailing(error)) throw error;
    failed.push(error);
  }
}

/** The pages of a mailbox, as ports/connector.ts promises them: what is new in every folder first, then what was there before. */
export async function* pullChangesOf<Row>(source: ChangesSource<Row>, inbox: ConnectedInbox, cursor: Cursor): AsyncGenerator<Page> {
  const state = readCursor(cursor);
  const walk: Walk<Row> = { source, inbox, state, dirty: cursor === null, holding: [], gaps: [], unread: [] };
  await settleFolders(walk);
  const failed: unknown[] = [];
  const there = (): FolderState[] => state.folders.filter(({ absent }) => !absent);
  for (const folder of there()) yield* apart(walk, folder, pullChanges(walk, folder), failed);
  for (const folder of there()) await countWindows(walk, folder);
  // A window is listed only behind the first round of the changes: what comes in late is then told by the changes.
  for (const fresh of [true, false]) {
    for (const folder of there().filter(({ firstRoundDone }) => firstRoundDone)) {
      yield* apart(walk, folder, pullWindows(walk, folder, fresh), failed);
    }
  }
  const first = state.folders[0];
  if (walk.dirty || tellWarnings(walk.holding, state.warned).changed)
    yield pageOf(walk, first ? folderOf(walk, first) : { path: "Inbox", role: "inbox" }, { messages: [], backfill: false });
  if (failed.length > 0) throw failed[0];
}
