import { ConnectorError } from "../../src/ports/connector.ts";
import type { FolderState, Window } from "../shared/changes-cursor.ts";
import type { ChangesPage, WindowPage } from "../shared/pull-changes.ts";
import type { XmlElement } from "../shared/read-xml.ts";
import { below, told } from "../shared/window-below.ts";
import type { Ews } from "./ews.ts";
import { findItems, syncFolderItems } from "./requests.ts";
import { at, child, instantAt, localName, textAt } from "./xml.ts";

/** One message of a list. Ids differ by case alone, too. */
export type ItemRow = { id: string; receivedAt: number | null };

const pageSize = 200;
/** The most FindItem gives by Exchange's own default (EWSFindCountLimit). */
const mostRows = 1000;

const rowOf = (item: XmlElement | undefined): ItemRow[] => {
  const id = child(item, "ItemId")?.attributes.get("Id") ?? "";
  return id === "" ? [] : [{ id, receivedAt: instantAt(item, "DateTimeReceived") }];
};

/** What came into the folder. Changes of what is there, of its flags, and removals (it may only have been moved) are none of our business. */
const createdIn = (changes: XmlElement | undefined): ItemRow[] =>
  (changes?.children ?? []).filter((change) => localName(change) === "Create").flatMap((change) => rowOf(change.children[0]));

/**
 * The next changes of a folder (MS-OXWSSYNC, 3.1.4.2), at most 512, and the position behind them. The first round repeats everything
 * there is: of that only what came since `start` is told, the rest is listed by windows.
 */
export const nextChanges = async (ews: Ews, state: FolderState): Promise<ChangesPage<ItemRow>> => {
  const roundBegan = state.roundBegan ?? ews.now();
  const answer = await ews.ask(syncFolderItems(state.id, state.link));
  const link = textAt(answer, "SyncState") ?? "";
  const ended = textAt(answer, "IncludesLastItemInRange") === "true";
  if (link === "" || (!ended && link === state.link)) {
    throw new ConnectorError("unavailable", `${ews.host} gave no way to go on with a folder's changes; we try again.`);
  }
  const rows = createdIn(child(answer, "Changes"));
  return {
    rows: rows.filter(({ receivedAt }) => state.firstRoundDone || (receivedAt ?? state.start) >= state.start),
    position: {
      link,
      rows: state.rows + rows.length,
      roundBegan: ended ? null : roundBegan,
      firstRoundDone: state.firstRoundDone || ended,
      asOf: ended ? roundBegan : state.asOf,
    },
    more: !ended,
  };
};

/** The messages of an answer to FindItem; none where it failed. */
export const rowsIn = (answer: XmlElement): ItemRow[] => at(answer, "RootFolder", "Items")?.children.flatMap(rowOf) ?? [];

type Listing = { rows: ItemRow[]; total: number | null; next: number | null };

const list = async (ews: Ews, folder: string, { since, before }: Window, view: { offset: number; most: number }): Promise<Listing> => {
  if (since >= before) return { rows: [], total: 0, next: null };
  const answer = await ews.ask(findItems(folder, { since, before, ...view }));
  const root = child(answer, "RootFolder");
  const [total, next] = [root?.attributes.get("TotalItemsInView"), root?.attributes.get("IndexedPagingOffset")];
  const rows = rowsIn(answer);
  const ended = root?.attributes.get("IncludesLastItemInRange") !== "false" || rows.length === 0;
  return { rows, total: total === undefined ? null : Number(total), next: ended ? null : Number(next ?? view.offset + rows.length) };
};

/**
 * The next page of a window, newest first. The place is kept by time and not by Exchange's own paging, which counts rows and would
 * pass over some when others are deleted meanwhile; within one second of more than a page it is followed to its end.
 */
export const listWindow = async (ews: Ews, folder: FolderState, window: Window): Promise<WindowPage<ItemRow>> => {
  const isTold = told(window);
  const most = Math.min(mostRows, pageSize + window.told.length);
  let rows: ItemRow[] = [];
  let next: number | null = 0;
  while (next !== null && rows.length === 0) {
    const page: Listing = await list(ews, folder.id, window, { offset: next, most });
    rows = page.rows.filter(({ id }) => !isTold(id));
    next = page.next;
  }
  return { rows, rest: next === null ? null : below(window, rows) };
};

/** How many messages a window holds; null where Exchange does not say. */
export const countWindow = async (ews: Ews, folder: FolderState, window: Window): Promise<number | null> =>
  (await list(ews, folder.id, window, { offset: 0, most: 1 })).total;
