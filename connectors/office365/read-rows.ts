import type { Envelope } from "../../src/bounces/envelope.ts";
import type { Folder } from "../../src/ports/connector.ts";
import { inParallel } from "../shared/in-parallel.ts";
import { envelopeOf, messageClassId } from "./envelope-of-row.ts";
import type { Graph } from "./graph.ts";
import { isMissing, isRefusedQuery } from "./graph-error.ts";
import type { MessageRow } from "./message-row.ts";
import { query } from "./query.ts";

/** Asks one mailbox for what its lists leave out. Remembers when the tenant takes no question for the message class. */
export type RowReader = { read(rows: readonly MessageRow[], folder: Folder): Promise<Envelope[]> };

/** As many as Graph lets one mailbox have open. */
const atOnce = 4;

const withClass = { $expand: `singleValueExtendedProperties($filter=id eq '${messageClassId}')` };

/**
 * Sent mail needs no header (Graph gives none for it since 2022, microsoft-graph-docs issue 18761), and its own fields say to whom it
 * went. Of other mail without one, header and message class are asked for, one request each.
 */
const lacksHeader = (row: MessageRow, folder: Folder): boolean => folder.role !== "sent" && row.internetMessageHeaders === undefined;

export const createRowReader = (graph: Graph): RowReader => {
  let classRefused = false;

  const fetchDetails = async (id: string): Promise<Partial<MessageRow>> => {
    const at = `/messages/${encodeURIComponent(id)}`;
    const select = { $select: "id,internetMessageHeaders" };
    if (!classRefused) {
      try {
        return await graph.get<MessageRow>({ at: `${at}${query({ ...select, ...withClass })}` });
      } catch (error) {
        if (!isRefusedQuery(error) || isMissing(error)) throw error;
        classRefused = true;
      }
    }
    return graph.get<MessageRow>({ at: `${at}${query(select)}` });
  };

  /** A message gone since it was listed is told by what the list said. */
  const complete = async (row: MessageRow): Promise<MessageRow> => {
    try {
      const { internetMessageHeaders, singleValueExtendedProperties } = await fetchDetails(row.id);
      return {
        ...row,
        ...(internetMessageHeaders ? { internetMessageHeaders } : {}),
        ...(singleValueExtendedProperties ? { singleValueExtendedProperties } : {}),
      };
    } catch (error) {
      if (isMissing(error)) return row;
      throw error;
    }
  };

  return {
    read: async (rows, folder) =>
      inParallel(rows, atOnce, async (row) => envelopeOf(lacksHeader(row, folder) ? await complete(row) : row, folder)),
  };
};
