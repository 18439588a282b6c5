import type { ConnectedInbox, Cursor, Folder, Gap, Page, Warning } from "../../src/ports/connector.ts";
import { splitByAge } from "../shared/split-by-age.ts";
import { type FolderState, type Office365Cursor, readCursor } from "./cursor.ts";
import { findFolder, missingFolder, roleOf, wantedFolders } from "./find-folder.ts";
import { afterLoss, beforeExhaustion, nextChanges } from "./follow-changes.ts";
import type { Graph } from "./graph.ts";
import { isFailing, isMissing, isPositionLost, keepsForgetting } from "./graph-error.ts";
import { countWindow, listWindow } from "./list-window.ts";
import type { MessageRow } from "./message-row.ts";
import { createRowReader, type RowReader } from "./read-rows.ts";
import { readSettings } from "./settings.ts";

/** A position in which nothing new was found is stored all the same when the stored one is this old: Graph forgets old ones. */
const storeAfter = 60 * 60_000;
/** An empty stretch this many pages long still saves the position once. */
const emptyPagesUnsaved = 10;

/** One pull on its way: the position as it moves, and what is still to be told of it. */
type Walk = {
  graph: Graph;
  rows: RowReader;
  inbox: ConnectedInbox;
  state: Office365Cursor;
  dirty: boolean;
  warnings: Warning[];
  gaps: Gap[];
};

const folderOf = ({ path, wanted }: FolderState): Folder => ({ path, role: roleOf(wanted) });

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
  windows: [{ since, before: at, told: [], fresh: false }],
  seen: 0,
  total: null,
});

/** A window that now reaches further back: only what was never listed is added. */
const widen = (walk: Walk, state: FolderState): void => {
  const { since } = walk.inbox;
  if (since >= state.since) return;
  const last = state.windows.at(-1);
  if (last && !last.fresh) last.since = since;
  else state.windows.push({ since, before: Math.min(state.since, state.began), told: [], fresh: false });
  Object.assign(state, { since, total: null });
  walk.dirty = true;
};

/** Looks for the folders not known yet; the known ones are asked for by their ids, so that a quiet poll is one request each. */
const settleFolders = async (walk: Walk): Promise<void> => {
  const { state, inbox } = walk;
  const wanted = wantedFolders(readSettings(inbox));
  const folders: FolderState[] = [];
  for (const name of wanted) {
    const known = state.folders.find((folder) => folder.wanted === name);
    if (known) {
      widen(walk, known);
      folders.push(known);
      continue;
    }
    const found = await findFolder(walk.graph, name);
    if (!found) walk.warnings.push(missingFolder(name));
    else if (!folders.some(({ id }) => id === found.id)) folders.push(newState(name, found, inbox.since, walk.graph.now()));
  }
  if (folders.map(({ id }) => id).join() !== state.folders.map(({ id }) => id).join()) walk.dirty = true;
  state.folders = folders;
  state.warned = state.warned.filter((said) => !folders.some(({ wanted }) => said === warningKey(missingFolder(wanted))));
};

const progressOf = ({ folders }: Office365Cursor): Page["progress"] => {
  if (folders.every(({ windows }) => windows.length === 0)) return null;
  const total = folders.reduce<number | null>((sum, folder) => (sum === null || folder.total === null ? null : sum + folder.total), 0);
  return { done: folders.reduce((sum, { seen }) => sum + seen, 0), total };
};

const warningKey = ({ code, folder }: Warning): string => `${code} ${folder ?? ""}`;

/** Each warning is told once: `warned` remembers what has been said. */
const newWarnings = (walk: Walk): Warning[] => {
  const told = walk.warnings.filter((warning) => !walk.state.warned.includes(warningKey(warning)));
  walk.state.warned.push(...told.map(warningKey));
  return told;
};

const pageOf = (walk: Walk, folder: Folder, content: Pick<Page, "messages" | "backfill">): Page => {
  const [warnings, gaps] = [newWarnings(walk), walk.gaps];
  Object.assign(walk, { gaps: [], dirty: false });
  return { folder, ...content, gaps, warnings, cursor: structuredClone(walk.state) as Cursor, progress: progressOf(walk.state) };
};

/** The runs of a page before its last leave the position where it was, so that nothing can be lost between them. */
async function* emit(
  walk: Walk,
  state: FolderState,
  rows: readonly MessageRow[],
  live: boolean,
  advance: () => void,
): AsyncGenerator<Page> {
  const folder = folderOf(state);
  const runs = splitByAge(await walk.rows.read(rows, folder), state.began, live);
  for (const [index, run] of runs.entries()) {
    if (index === runs.length - 1) advance();
    yield pageOf(walk, folder, run);
  }
  if (runs.length === 0) advance();
}

const lose = (walk: Walk, state: FolderState): void => {
  const at = walk.graph.now();
  const because = `Microsoft had forgotten what we had read of "${state.path}"; its mail of that time was listed again.`;
  if (state.firstRoundDone) walk.gaps.push({ folder: state.path, from: state.asOf, to: at, because });
  Object.assign(state, afterLoss(state, at));
  walk.dirty = true;
};

/** What changed in a folder since the last look. A position Graph has forgotten is made anew, once in a pull. */
async function* pullChanges(walk: Walk, state: FolderState, renewed = false): AsyncGenerator<Page> {
  let lost = false;
  const known = state.asOf;
  for (let more = true, empty = 0; more; ) {
    const page = await nextChanges(walk.graph, state).catch((error: unknown) => {
      if (!isPositionLost(error)) throw error;
      if (lost) throw keepsForgetting();
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
    if (more && empty > 0 && empty % emptyPagesUnsaved === 0) yield pageOf(walk, folderOf(state), { messages: [], backfill: false });
  }
  const anew = renewed ? null : beforeExhaustion(state, known, walk.graph.now());
  if (anew === null) return;
  Object.assign(state, anew);
  walk.dirty = true;
  yield* pullChanges(walk, state, true);
}

/** How much there is to list, before the first of it is listed: people watch the progress of a first sync. */
const countWindows = async (walk: Walk, state: FolderState): Promise<void> => {
  if (state.total !== null) return;
  let total: number | null = state.seen;
  for (const window of state.windows) {
    const count: number | null = await countWindow(walk.graph, state, window);
    total = total === null || count === null ? null : total + count;
  }
  state.total = total;
};

/** What the windows hold, newest first: `fresh` those of what was missed, or those of what was there before, which lie behind. */
async function* pullWindows(walk: Walk, state: FolderState, fresh: boolean): AsyncGenerator<Page> {
  for (let [window, ...others] = state.windows; window?.fresh === fresh; [window, ...others] = state.windows) {
    const { rows, rest } = await listWindow(walk.graph, state, window);
    yield* emit(walk, state, rows, window.fresh, () => {
      state.windows = rest ? [rest, ...others] : others;
      state.seen += rows.length;
    });
    if (rows.length === 0) walk.dirty = true;
  }
}

/** A folder that went away does not hold up the others; it is looked for again in the next pull. */
async function* unlessMissing(walk: Walk, state: FolderState, pages: AsyncIterable<Page>): AsyncGenerator<Page> {
  try {
    yield* pages;
  } catch (error) {
    if (!isMissing(error)) throw error;
    walk.warnings.push(missingFolder(state.wanted));
    walk.state.folders = walk.state.folders.filter(({ wanted }) => wanted !== state.wanted);
    walk.dirty = true;
  }
}

/** A folder Graph itself fails over is told at the end, so that the others are read; where nothing answers, nothing is asked for. */
async function* apart(walk: Walk, state: FolderState, pages: AsyncIterable<Page>, failed: unknown[]): AsyncGenerator<Page> {
  try {
    yield* unlessMissing(walk, state, pages);
  } catch (error) {
    if (!isFailing(error)) throw error;
    failed.push(error);
  }
}

/** The pages of a mailbox, as ports/connector.ts promises them: what is new in every folder first, then what was there before. */
export async function* pullOffice365(graph: Graph, inbox: ConnectedInbox, cursor: Cursor): AsyncGenerator<Page> {
  const state = readCursor(cursor);
  const walk: Walk = { graph, rows: createRowReader(graph), inbox, state, dirty: cursor === null, warnings: [], gaps: [] };
  await settleFolders(walk);
  const failed: unknown[] = [];
  const settled = [...state.folders];
  for (const folder of settled) yield* apart(walk, folder, pullChanges(walk, folder), failed);
  for (const folder of state.folders) await countWindows(walk, folder);
  // A window is listed only behind the first round of the changes: what comes in late is then told by the changes.
  for (const fresh of [true, false]) {
    for (const folder of settled.filter((each) => each.firstRoundDone && state.folders.includes(each))) {
      yield* apart(walk, folder, pullWindows(walk, folder, fresh), failed);
    }
  }
  const first = state.folders[0];
  const telling = walk.warnings.some((warning) => !state.warned.includes(warningKey(warning)));
  if (walk.dirty || telling)
    yield pageOf(walk, first ? folderOf(first) : { path: "Inbox", role: "inbox" }, { messages: [], backfill: false });
  if (failed.length > 0) throw failed[0];
}
