import { createHash } from "node:crypto";
import type { FolderState, Window } from "./cursor.ts";
import type { Graph } from "./graph.ts";
import { isFailing, isMissing } from "./graph-error.ts";
import { type MessageRow, type RowPage, receivedAt, rowSelect, tellsOfMessage } from "./message-row.ts";
import { instant, query } from "./query.ts";

const usualPage = 200;
const smallPage = 20;
/** The most /messages gives at once ("List messages", $top). */
const mostRows = 1000;

/** `rest`: what of the window is left to list, null at its end. */
export type WindowPage = { rows: MessageRow[]; rest: Window | null };

/** A page of many long headers can be too much for Exchange (504, 500): then a small one is asked for. */
export const inFittingPages = async <T>(ask: (pageSize: number) => Promise<T>): Promise<T> => {
  try {
    return await ask(usualPage);
  } catch (error) {
    if (!isFailing(error)) throw error;
    return ask(smallPage);
  }
};

const shortHash = (id: string): string => createHash("sha256").update(id).digest("base64url").slice(0, 10);

const filterOf = ({ since, before }: Window): string => `receivedDateTime ge ${instant(since)} and receivedDateTime lt ${instant(before)}`;

const messagesOf = ({ id }: FolderState): string => `/mailFolders/${encodeURIComponent(id)}/messages`;

/** What is left below the oldest row; the rows of its second are named, and that second is asked for again. */
const below = (window: Window, rows: readonly MessageRow[]): Window => {
  const times = rows.flatMap((row) => receivedAt(row) ?? []);
  const second = Math.floor(Math.min(...times, window.before - 1) / 1000) * 1000;
  const before = Math.min(window.before, second + 1000);
  const told = rows.filter((row) => (receivedAt(row) ?? 0) >= second).map(({ id }) => shortHash(id));
  return { ...window, before, told: [...new Set(before === window.before ? [...window.told, ...told] : told)] };
};

const listPage = async (graph: Graph, folder: FolderState, window: Window, pageSize: number): Promise<WindowPage> => {
  const told = new Set(window.told);
  const $top = Math.min(mostRows, pageSize + told.size);
  const parameters = { $filter: filterOf(window), $orderby: "receivedDateTime desc", $top, $select: rowSelect };
  let next: string | undefined = `${messagesOf(folder)}${query(parameters)}`;
  let rows: MessageRow[] = [];
  while (next && rows.length === 0) {
    const page: RowPage = await graph.get<RowPage>({ at: next });
    rows = page.value.filter(({ id }) => !told.has(shortHash(id)));
    next = page["@odata.nextLink"];
  }
  return { rows: rows.filter(tellsOfMessage), rest: next ? below(window, rows) : null };
};

/**
 * The next page of a window, newest first. The place is kept by time and never by the provider's own paging, which counts rows and
 * would pass over some when others are deleted meanwhile; within one second of more than a page it is followed to its end.
 */
export const listWindow = (graph: Graph, folder: FolderState, window: Window): Promise<WindowPage> =>
  inFittingPages((pageSize) => listPage(graph, folder, window, pageSize));

/** About how many messages a window holds. Null where Graph does not count. */
export const countWindow = async (graph: Graph, folder: FolderState, window: Window): Promise<number | null> => {
  const parameters = { $filter: filterOf(window), $count: true, $top: 1, $select: "id" };
  try {
    return (await graph.get<RowPage>({ at: `${messagesOf(folder)}${query(parameters)}` }))["@odata.count"] ?? null;
  } catch (error) {
    if (isFailing(error) || isMissing(error)) return null;
    throw error;
  }
};
