import type { ConnectedInbox, Cursor, Gap, Page, Saved, Tools } from "../../src/ports/connector.ts";
import type { GmailApi } from "./api.ts";
import { type GmailCursor, readCursor, type Stretch } from "./cursor.ts";
import { pullNews } from "./pull-news.ts";
import { pullOwed } from "./pull-owed.ts";
import { pullStretch } from "./pull-stretch.ts";
import { readSettings } from "./settings.ts";
import { emptyPage, type Walk } from "./walk.ts";

const day = 86_400_000;

const newStretch = (what: Stretch["what"], from: number, to: number, news: boolean): Stretch => ({
  what,
  from,
  to,
  top: null,
  seen: [],
  read: 0,
  total: null,
  news,
});

/** What a first sync reads. A day more than up to now: our clock and Google's may differ, and what is read twice counts once. */
const firstStretches = (inbox: ConnectedInbox, began: number): Stretch[] => {
  const rest = readSettings(inbox).firstSync === "everything" ? "received" : "notices";
  return (["sent", rest] as const).map((what) => newStretch(what, inbox.since, began + day, false));
};

/**
 * The position of a mailbox seen for the first time. The id of the newest change is asked for before anything is listed: what
 * comes while we list is then among the changes, and an id taken from a listed message could have expired long ago.
 */
const firstCursor = async (api: GmailApi, inbox: ConnectedInbox, tools: Tools): Promise<GmailCursor> => {
  const began = tools.now();
  const { historyId } = await api.profile();
  return { began, since: inbox.since, historyId, at: began, stretches: firstStretches(inbox, began), owed: [] };
};

/** A window that now reaches further back is read from its top again: what was read already is told by its refs. */
const widen = (walk: Walk): void => {
  const { state, inbox } = walk;
  if (inbox.since >= state.since) return;
  state.since = inbox.since;
  state.stretches = [...state.stretches.filter(({ news }) => news), ...firstStretches(inbox, state.began)];
  walk.dirty = true;
};

/**
 * Gmail has dropped its list of changes since our position (404): what came since then, and a day more, is found by search, all
 * of it, and the gap is recorded. In a mailbox where nothing happened the newest id itself may be too old; then nothing is lost.
 */
const listAgain = async (walk: Walk): Promise<Gap | null> => {
  const { api, state, inbox, tools } = walk;
  const { historyId } = await api.profile();
  if (historyId === state.historyId) return null;
  const now = tools.now();
  const gap = {
    folder: "",
    from: state.at,
    to: now,
    because: "Gmail had dropped its list of changes; listed again with an overlap of a day.",
  };
  const [earlier, others] = [state.stretches.filter(({ news }) => news), state.stretches.filter(({ news }) => !news)];
  const from = Math.min(Math.max(inbox.since, state.at - day), ...earlier.map((stretch) => stretch.from));
  const lost = (["sent", "received"] as const).map((what) => newStretch(what, from, now + day, true));
  Object.assign(state, { historyId, at: now, stretches: [...lost, ...others] });
  return gap;
};

/** The pages of a mailbox, as ports/connector.ts promises them: what is new first, then what was there before, sent mail first. */
export async function* pullGmail(api: GmailApi, inbox: ConnectedInbox, tools: Tools, cursor: Cursor, saved: Saved): AsyncGenerator<Page> {
  const known = readCursor(cursor);
  const state = known ?? (await firstCursor(api, inbox, tools));
  const walk: Walk = { api, inbox, tools, state, dirty: known === null, read: new Set(), saved };
  widen(walk);
  if (known !== null && !(yield* pullNews(walk))) {
    const gap = await listAgain(walk);
    if (gap) yield emptyPage(walk, { gaps: [gap] });
  }
  yield* pullOwed(walk);
  for (const stretch of [...state.stretches]) yield* pullStretch(walk, stretch);
  if (walk.dirty) yield emptyPage(walk);
}
