import type { ConnectedInbox, Cursor, Page, Tools, Warning } from "../../src/ports/connector.ts";
import { splitByAge } from "../shared/split-by-age.ts";
import { tellWarnings, warningKey } from "../shared/tell-warnings.ts";
import { type FolderState, type LocalCursor, readCursor } from "./cursor.ts";
import type { FolderReader, LocalFolder, ReadPage } from "./local-folder.ts";

/** An empty stretch this many pages long still saves the position once. */
const emptyPagesUnsaved = 10;

export type LocalView = { folders: readonly LocalFolder[]; readerOf: (folder: LocalFolder) => FolderReader; warnings: readonly Warning[] };

/** One pull on its way: the position as it moves, and what is wrong now. */
type Walk = { view: LocalView; inbox: ConnectedInbox; state: LocalCursor; dirty: boolean; holding: Warning[] };

const newState = async (path: string, reader: FolderReader): Promise<FolderState> => {
  const { position, count } = await reader.end();
  return { path, live: position, backfill: reader.start, until: position, seen: 0, total: count };
};

const rewritten = (path: string): Warning => ({
  code: "folder_rewritten",
  text: `${path} was rewritten by another program; its messages are listed again.`,
  folder: path,
});

/** Gives every folder a position, lists again the ones that were rewritten, and notes which are not there any more. */
const settle = async (walk: Walk): Promise<void> => {
  const { state, view } = walk;
  for (const folder of view.folders) {
    const reader = view.readerOf(folder);
    const known = state.folders.find(({ path }) => path === folder.path);
    if (known && (await reader.holds(known.live)) && (known.backfill === null || (await reader.holds(known.backfill)))) continue;
    if (known) walk.holding.push(rewritten(folder.path));
    state.folders = [...state.folders.filter(({ path }) => path !== folder.path), await newState(folder.path, reader)];
    walk.dirty = true;
  }
  widen(walk);
};

/** A window that now reaches further back is read from its start again: what was read already is told by its refs. */
const widen = (walk: Walk): void => {
  const { state, view, inbox } = walk;
  if (inbox.since >= state.since) return;
  for (const folder of view.folders) {
    const known = state.folders.find(({ path }) => path === folder.path);
    if (known) Object.assign(known, { backfill: view.readerOf(folder).start, until: known.live, seen: 0 });
  }
  state.since = inbox.since;
  walk.dirty = true;
};

/** What was watched and is not there any more, and what an earlier pull began to list again. */
const noteOld = ({ state, view, holding }: Walk): void => {
  for (const { path } of state.folders) {
    const text = `The folder "${path}" is not there any more.`;
    if (!view.folders.some((folder) => folder.path === path)) holding.push({ code: "folder_missing", text, folder: path });
    else if (state.warned.includes(warningKey(rewritten(path)))) holding.push(rewritten(path));
  }
};

const toTell = ({ holding, state }: Walk): ReturnType<typeof tellWarnings> =>
  tellWarnings(
    holding,
    state.warned,
    ({ code, folder }) => code === "folder_rewritten" && state.folders.every(({ path, backfill }) => path !== folder || backfill === null),
  );

const progressOf = ({ folders }: LocalCursor): Page["progress"] => {
  if (folders.every(({ backfill }) => backfill === null)) return null;
  const total = folders.reduce<number | null>((sum, folder) => (sum === null || folder.total === null ? null : sum + folder.total), 0);
  return { done: folders.reduce((sum, { seen }) => sum + seen, 0), total };
};

const pageOf = (walk: Walk, folder: LocalFolder, messages: Page["messages"], backfill: boolean): Page => {
  const { warnings, mended, saidNow } = toTell(walk);
  walk.state.warned = saidNow;
  walk.dirty = false;
  const { path, role } = folder;
  return {
    folder: { path, role },
    messages,
    cursor: structuredClone(walk.state) as Cursor,
    backfill,
    gaps: [],
    warnings,
    mended,
    progress: progressOf(walk.state),
  };
};

/** A page's runs share its cursor only at the end: the ones before it leave the position where it was. */
function* emit(walk: Walk, folder: LocalFolder, messages: ReadPage["messages"], live: boolean, advance: () => void): Iterable<Page> {
  const runs = splitByAge(messages, walk.state.began, live);
  for (const [index, run] of runs.entries()) {
    if (index === runs.length - 1) advance();
    yield pageOf(walk, folder, run.messages, run.backfill);
  }
  if (runs.length > 0) return;
  advance();
  walk.dirty = true;
}

async function* pullLive(walk: Walk, folder: LocalFolder, state: FolderState): AsyncGenerator<Page> {
  for await (const { messages, position } of walk.view.readerOf(folder).read(state.live, null)) {
    yield* emit(walk, folder, messages, true, () => {
      state.live = position;
    });
  }
}

async function* pullBackfill(walk: Walk, folder: LocalFolder, state: FolderState): AsyncGenerator<Page> {
  if (state.backfill === null) return;
  let unsaved = 0;
  for await (const { messages, position, looked, last } of walk.view.readerOf(folder).read(state.backfill, state.until)) {
    const young = messages.filter(({ receivedAt }) => receivedAt === null || receivedAt >= walk.inbox.since);
    yield* emit(walk, folder, young, false, () => {
      state.backfill = last ? null : position;
      state.seen += looked;
    });
    unsaved = young.length > 0 ? 0 : unsaved + 1;
    if (unsaved % emptyPagesUnsaved === emptyPagesUnsaved - 1) yield pageOf(walk, folder, [], true);
  }
  if (state.backfill === null) return;
  state.backfill = null;
  walk.dirty = true;
}

/** The pages of an inbox on disk, as ports/connector.ts promises them: new mail of all folders first, then what was there before. */
export async function* pullLocal(inbox: ConnectedInbox, tools: Tools, cursor: Cursor, view: LocalView): AsyncGenerator<Page> {
  const state = readCursor(cursor, tools.now(), inbox.since);
  const walk: Walk = { view, inbox, state, dirty: cursor === null, holding: [...view.warnings] };
  noteOld(walk);
  await settle(walk);
  for (const phase of [pullLive, pullBackfill]) {
    for (const folder of view.folders) {
      const known = walk.state.folders.find(({ path }) => path === folder.path);
      if (known) yield* phase(walk, folder, known);
    }
  }
  const first = view.folders[0] ?? { path: "", role: "other", kind: "eml", location: "" };
  if (walk.dirty || toTell(walk).changed) yield pageOf(walk, first, [], false);
}
