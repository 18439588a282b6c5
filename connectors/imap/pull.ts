import type { Envelope } from "../../src/bounces/envelope.ts";
import {
  type ConnectedInbox,
  ConnectorError,
  type Cursor,
  type Folder,
  type Page,
  type Tools,
  type Unread,
  type Warning,
} from "../../src/ports/connector.ts";
import { splitByAge } from "../shared/split-by-age.ts";
import { tellWarnings, warningKey } from "../shared/tell-warnings.ts";
import type { Connection } from "./connection.ts";
import { type FolderState, type ImapCursor, readCursor } from "./cursor.ts";
import { fetchAgain, fetchEnvelopes } from "./fetch-envelopes.ts";
import { findFolders, folderPaths, listAll } from "./find-folders.ts";
import { type FolderFacts, lastUid, lookAtFolder, searchUids, stillThere } from "./list-uids.ts";
import { messageRef } from "./message-ref.ts";
import type { WayIn } from "./way-in.ts";

const pageSize = 200;
/** An empty stretch this many pages long still saves the position once. */
const emptyPagesUnsaved = 10;

/** One pull on its way: the position as it moves, and what is still to be told of it. */
type Walk = {
  connection: Connection;
  inbox: ConnectedInbox;
  state: ImapCursor;
  dirty: boolean;
  /** What is wrong now. */
  holding: Warning[];
  besides: readonly string[];
  listed: Map<string, Promise<number[]>>;
};

/** The position of a folder seen for the first time, or seen under new numbers: all there is now is backfill. */
const newState = (path: string, { uidValidity, exists }: FolderFacts, last: number, since: number): FolderState => ({
  path,
  uidValidity,
  live: last + 1,
  exists,
  below: last > 0 ? last + 1 : null,
  since,
  seen: 0,
  total: last > 0 ? null : 0,
});

/** True of a folder in which no message has ever been seen. */
const wasEmpty = ({ live, below }: FolderState): boolean => live === 1 && below === null;

const renumbered = (path: string): Warning => ({
  code: "folder_renumbered",
  text: `The server has renumbered the folder "${path}"; its messages are listed again.`,
  folder: path,
});

const isGone = (path: string): Warning => ({ code: "folder_missing", text: `The folder "${path}" is not there any more.`, folder: path });

/** A folder whose position is up to date, with how many messages it holds; `quiet`: its server says that nothing has come since the last look. */
type Settled = { state: FolderState; exists: number; quiet: boolean };

/**
 * Brings a folder's position up to date before it is read. Null when the folder went away since it was listed. UIDNEXT only saves
 * questions: where a position is taken it is the newest message that counts, and a number of messages that changed is looked into.
 */
const settle = async (walk: Walk, folder: Folder): Promise<Settled | null> => {
  const { inbox, state } = walk;
  const known = state.folders.find(({ path }) => path === folder.path);
  const facts = await lookAtFolder(walk.connection, folder.path, known === undefined);
  if (facts === null) {
    walk.holding.push(isGone(folder.path));
    return null;
  }
  // Courier gives an empty folder another number at each look: there was nothing that could be renumbered.
  if (known && wasEmpty(known)) known.uidValidity = facts.uidValidity;
  if (known?.uidValidity === facts.uidValidity) {
    widen(walk, known);
    const quiet = facts.exists === 0 || (facts.uidNext !== null && facts.uidNext <= known.live && facts.exists === known.exists);
    return { state: known, exists: facts.exists, quiet };
  }
  if (known) walk.holding.push(renumbered(folder.path));
  const last = facts.exists === 0 ? 0 : await lastUid(walk.connection, { path: folder.path, uidValidity: facts.uidValidity });
  const fresh = newState(folder.path, facts, last, inbox.since);
  state.folders = [...state.folders.filter(({ path }) => path !== folder.path), fresh];
  walk.dirty = true;
  // While it is open: opening a large folder is dear.
  await countBackfill(walk, fresh);
  return { state: fresh, exists: facts.exists, quiet: true };
};

/** A window that now reaches further back is read from its top again: what was read already is told by its refs. */
const widen = (walk: Walk, state: FolderState): void => {
  if (walk.inbox.since >= state.since) return;
  Object.assign(state, { since: walk.inbox.since, below: state.live, seen: 0, total: null });
  walk.dirty = true;
};

const progressOf = ({ folders }: ImapCursor): Page["progress"] => {
  if (folders.every(({ below }) => below === null)) return null;
  const total = folders.reduce<number | null>((sum, folder) => (sum === null || folder.total === null ? null : sum + folder.total), 0);
  return { done: folders.reduce((sum, { seen }) => sum + seen, 0), total };
};

const toTell = ({ holding, state }: Walk): ReturnType<typeof tellWarnings> =>
  tellWarnings(
    holding,
    state.warned,
    ({ code, folder }) => code === "folder_renumbered" && state.folders.every(({ path, below }) => path !== folder || below === null),
  );

const pageOf = (walk: Walk, folder: Folder, content: Pick<Page, "messages" | "backfill" | "unread">): Page => {
  const { warnings, mended, saidNow } = toTell(walk);
  walk.state.warned = saidNow;
  walk.dirty = false;
  const cursor = structuredClone(walk.state) as Cursor;
  return { folder, ...content, cursor, gaps: [], warnings, mended, progress: progressOf(walk.state) };
};

type Read = { messages: Envelope[]; unread: Unread[] };

const told = (found: Iterable<Envelope | null>): Envelope[] => [...found].filter((envelope) => envelope !== null);

/**
 * The envelopes of some UIDs. One the server lists but does not send is no proof that it is gone: it is asked for once more,
 * and if it is still listed and still not sent, it is to be read later. On a bad network it may be as well as any other.
 */
const readUids = async (walk: Walk, folder: Folder, state: FolderState, uids: readonly number[]): Promise<Read> => {
  const request = { folder, uidValidity: state.uidValidity, ...(folder.role === "all" && { besides: walk.besides }) };
  const found = await fetchEnvelopes(walk.connection, { ...request, uids });
  const unsent = uids.filter((uid) => !found.has(uid));
  if (unsent.length === 0) return { messages: told(found.values()), unread: [] };
  const again = await fetchAgain(walk.connection, { ...request, uids: unsent });
  const all = new Map([...found, ...again].sort(([a], [b]) => a - b));
  const listed = await stillThere(
    walk.connection,
    state,
    unsent.filter((uid) => !all.has(uid)),
  );
  const unread = listed.map((uid) => ({
    ref: messageRef({ path: folder.path, uidValidity: state.uidValidity, uid }),
    folder: folder.path,
    role: folder.role,
    receivedAt: null,
  }));
  return { messages: told(all.values()), unread };
};

/** The runs of a page before its last leave the position where it was, so that nothing can be lost between them. */
function* emit(walk: Walk, folder: Folder, read: Read, live: boolean, advance: () => void): Iterable<Page> {
  const runs = splitByAge(read.messages, walk.state.began, live);
  for (const [index, run] of runs.entries()) {
    const isLast = index === runs.length - 1;
    if (isLast) advance();
    yield pageOf(walk, folder, { ...run, unread: isLast ? read.unread : [] });
  }
  if (runs.length > 0) return;
  advance();
  if (read.unread.length > 0) yield pageOf(walk, folder, { messages: [], backfill: !live, unread: read.unread });
  else walk.dirty = true;
}

/** What came since the last look, oldest first. */
async function* pullLive(walk: Walk, folder: Folder, { state, exists, quiet }: Settled): AsyncGenerator<Page> {
  if (quiet) return;
  const uids = await searchUids(walk.connection, state, { from: state.live, below: null, since: null });
  for (let at = 0; at < uids.length; at += pageSize) {
    const chunk = uids.slice(at, at + pageSize);
    yield* emit(walk, folder, await readUids(walk, folder, state, chunk), true, () => {
      state.live = Math.max(state.live, (chunk.at(-1) ?? 0) + 1);
      // Not before the last: until then it is what tells that there is something to look for.
      if (at + pageSize >= uids.length) state.exists = exists;
    });
  }
  if (state.exists === exists) return;
  state.exists = exists;
  walk.dirty = true;
}

/** What of a folder's past is still to be read; listed once in a pull. */
const backfillUids = async (walk: Walk, state: FolderState): Promise<number[]> => {
  const listed =
    walk.listed.get(state.path) ?? searchUids(walk.connection, state, { from: 1, below: state.below ?? 1, since: state.since });
  walk.listed.set(state.path, listed);
  return listed;
};

/** How much there is to read, before the first of it is read: people watch the progress of a first sync. */
const countBackfill = async (walk: Walk, state: FolderState): Promise<void> => {
  state.total ??= state.seen + (await backfillUids(walk, state)).length;
};

/** What was there at the first look, newest first, as far back as the window reaches. */
async function* pullBackfill(walk: Walk, folder: Folder, state: FolderState): AsyncGenerator<Page> {
  if (state.below === null) return;
  const uids = await backfillUids(walk, state);
  let unsaved = 0;
  for (let end = uids.length; end > 0; end -= pageSize) {
    const chunk = uids.slice(Math.max(0, end - pageSize), end);
    const { messages, unread } = await readUids(walk, folder, state, chunk);
    // The server's search knows days only, in its own time zone.
    const young = messages.filter(({ receivedAt }) => receivedAt === null || receivedAt >= state.since);
    yield* emit(walk, folder, { messages: young, unread }, false, () => {
      state.below = end <= pageSize ? null : (chunk[0] ?? null);
      state.seen += chunk.length;
    });
    unsaved = young.length > 0 ? 0 : unsaved + 1;
    if (unsaved >= emptyPagesUnsaved) yield pageOf(walk, folder, { messages: [], backfill: true });
    if (unsaved >= emptyPagesUnsaved) unsaved = 0;
  }
  if (state.below === null) return;
  state.below = null;
  walk.dirty = true;
}

/** What was watched and is not there any more, and what an earlier pull began to list again. */
const noteOld = ({ state, holding }: Walk, watched: readonly Folder[], there: readonly string[]): void => {
  for (const { path } of state.folders) {
    if (!there.includes(path) && !holding.some(({ folder }) => folder === path)) holding.push(isGone(path));
    else if (watched.some((folder) => folder.path === path) && state.warned.includes(warningKey(renumbered(path))))
      holding.push(renumbered(path));
  }
};

/** Labels of Gmail: drafts were never sent, and sent mail is told in its own folder where that is read too. */
const toldElsewhere = (folders: readonly Folder[]): string[] => [
  "\\Draft",
  ...(folders.some(({ role }) => role === "sent") ? ["\\Sent"] : []),
];

/** The pages of a mailbox, as ports/connector.ts promises them: what is new in every folder first, then what was there before. */
export async function* pullImap(
  connection: Connection,
  inbox: ConnectedInbox,
  way: WayIn,
  tools: Tools,
  cursor: Cursor,
): AsyncGenerator<Page> {
  const state = readCursor(cursor, tools.now());
  const listing = await listAll(connection);
  const { folders, warnings: holding } = findFolders(listing, way);
  const walk: Walk = { connection, inbox, state, dirty: cursor === null, holding, besides: toldElsewhere(folders), listed: new Map() };
  noteOld(walk, folders, folderPaths(listing));
  const settled: (Settled & { folder: Folder })[] = [];
  for (const folder of folders) {
    const found = await settle(walk, folder);
    if (found) settled.push({ folder, ...found });
  }
  const failed: unknown[] = [];
  for (const { folder, ...found } of settled) yield* apart(walk, pullLive(walk, folder, found), failed);
  for (const { state: position } of settled) await countBackfill(walk, position);
  for (const { folder, state: position } of settled) yield* apart(walk, pullBackfill(walk, folder, position), failed);
  const first = folders[0] ?? { path: "INBOX", role: "inbox" };
  if (walk.dirty || toTell(walk).changed) yield pageOf(walk, first, { messages: [], backfill: false });
  if (failed.length > 0) throw failed[0];
}

/** A folder that cannot be read does not keep the others from being read, as long as the server is there. Its failure is told at the end. */
async function* apart(walk: Walk, pages: AsyncIterable<Page>, failed: unknown[]): AsyncGenerator<Page> {
  try {
    yield* pages;
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.kind !== "unavailable") throw error;
    await walk.connection.run((client) => client.noop());
    failed.push(error);
  }
}
