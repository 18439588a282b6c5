import type { FolderState, Window } from "../shared/changes-cursor.ts";
import type { WindowPage } from "../shared/pull-changes.ts";
import { below, told } from "../shared/window-below.ts";
import type { Graph } from "./graph.ts";
import { isFailing, isMissing } from "./graph-error.ts";
import { type MessageRow, type RowPage, receivedAt, rowSelect, tellsOfMessage } from "./message-row.ts";
import { instant, query } from "./query.ts";

const usualPage = 200;
const smallPage = 20;
/** The most /messages gives at once ("List messages", $top). */
const mostRows = 1000;

/** A page of many long headers can be too much for Exchange (504, 500): then a small one is asked for. */
export const inFittingPages = async <T>(ask: (pageSize: number) => Promise<T>): Promise<T> => {
  try {
    return await ask(usualPage);
  } catch (error) {
    if (!isFailing(error)) throw error;
    return ask(smallPage);
  }
};

const filterOf = ({ since, before }: Window): string => `receivedDateTime ge ${instant(since)} and receivedDateTime lt ${instant(before)}`;

const messagesOf = ({ id }: FolderState): string => `/mailFolders/${encodeURIComponent(id)}/messages`;

const listPage = async (graph: Graph, folder: FolderState, window: Window, pageSize: number): Promise<WindowPage<MessageRow>> => {
  const isTold = told(window);
  const $top = Math.min(mostRows, pageSize + window.told.length);
  const parameters = { $filter: filterOf(window), $orderby: "receivedDateTime desc", $top, $select: rowSelect };
  let next: string | undefined = `${messagesOf(folder)}${query(parameters)}`;
  let rows: MessageRow[] = [];
  while (next && rows.length === 0) {
    const page: RowPage = await graph.get<RowPage>({ at: next });
    rows = page.value.filter(({ id }) => !isTold(id));
    next = page["@odata.nextLink"];
  }
  return {
    rows: rows.filter(tellsOfMessage),
    rest: next
      ? below(
          window,
          rows.map((row) => ({ id: row.id, receivedAt: receivedAt(row) })),
        )
      : null,
  };
};

/**
 * The next page of a window, newest first. The place is kept by time and never by the provider's own paging, which counts rows and
 * would pass over some when others are deleted meanwhile; within one second of more than a page it is followed to its end.
 */
export const listWindow = (graph: Graph, folder: FolderState, window: Window): Promise<WindowPage<MessageRow>> =>
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
