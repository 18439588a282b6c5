import { ConnectorError } from "../../src/ports/connector.ts";
import type { FolderState } from "../shared/changes-cursor.ts";
import { type ChangesPage, followAnew } from "../shared/pull-changes.ts";
import type { Graph } from "./graph.ts";
import { inFittingPages } from "./list-window.ts";
import { type MessageRow, type RowPage, receivedAt, rowSelect, tellsOfMessage } from "./message-row.ts";
import { instant, query } from "./query.ts";

/** Mail is stamped a little before it lies in the mailbox: changes are followed from this much earlier. Milliseconds. */
const lateness = 15 * 60_000;
/** Under one filter Graph tells 5,000 messages ("message: delta", $filter); well before that a new one is begun. */
const mostRows = 4000;

const firstQuestion = ({ id, start }: FolderState): string => {
  const parameters = { $filter: `receivedDateTime ge ${instant(start - lateness)}`, $select: rowSelect };
  return `/mailFolders/${encodeURIComponent(id)}/messages/delta${query(parameters)}`;
};

/**
 * The next page of a folder's changes ("message: delta"), and the position behind it. Pages may be empty with more behind them, rows
 * may come again, and those of the first round that a window lists as well are left out.
 */
export const nextChanges = async (graph: Graph, state: FolderState): Promise<ChangesPage<MessageRow>> => {
  const body = await inFittingPages((pageSize) => graph.get<RowPage>({ at: state.link ?? firstQuestion(state), pageSize }));
  const [next, last] = [body["@odata.nextLink"], body["@odata.deltaLink"]];
  const link = next ?? last;
  if (link === undefined || link === "" || (next !== undefined && next === state.link)) {
    throw new ConnectorError("unavailable", "Microsoft Graph gave no way to go on with a folder's changes; we try again.");
  }
  const roundBegan = state.roundBegan ?? graph.now();
  const ended = next === undefined;
  return {
    rows: body.value.filter((row) => tellsOfMessage(row) && (state.firstRoundDone || (receivedAt(row) ?? state.start) >= state.start)),
    position: {
      link,
      rows: state.rows + body.value.length,
      roundBegan: ended ? null : roundBegan,
      firstRoundDone: state.firstRoundDone || ended,
      asOf: ended ? roundBegan : state.asOf,
    },
    more: !ended,
  };
};

/** Before the filter's 5,000 are used up. Null where that is not near. */
export const beforeExhaustion = (state: FolderState, lastKnown: number, at: number): Partial<FolderState> | null =>
  state.rows < mostRows ? null : followAnew(state, at, lastKnown - lateness);
