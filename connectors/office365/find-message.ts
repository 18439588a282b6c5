import type { ConnectedInbox, Folder, FoundMessage } from "../../src/ports/connector.ts";
import { findFolder, wantedFolders } from "./find-folder.ts";
import type { Graph } from "./graph.ts";
import { type MessageRow, type RowPage, rowSelect, tellsOfMessage } from "./message-row.ts";
import { query } from "./query.ts";
import { createRowReader } from "./read-rows.ts";
import { readSettings } from "./settings.ts";

/** Copies beyond this many are copies all the same. */
const mostCopies = 5;
/** Deeper than anybody files mail. */
const mostLevels = 10;

type FolderRow = { id: string; displayName?: string | null; parentFolderId?: string | null };

/**
 * The messages with this Message-ID in the whole mailbox ("List messages": all folders, Deleted Items included), each with the folder it
 * lies in. `messageId` keeps its angle brackets, as internetMessageId does.
 */
export const findMessage = async (graph: Graph, inbox: ConnectedInbox, messageId: string): Promise<FoundMessage[]> => {
  const $filter = `internetMessageId eq '${messageId.trim().replaceAll("'", "''")}'`;
  const { value } = await graph.get<RowPage>({ at: `/messages${query({ $filter, $top: mostCopies, $select: rowSelect })}` });
  const rows = value.filter(tellsOfMessage);
  if (rows.length === 0) return [];
  const folders = await Promise.all(wantedFolders(readSettings(inbox)).map((name) => findFolder(graph, name)));
  const reader = createRowReader(graph);
  const found: FoundMessage[] = [];
  for (const row of rows) {
    const watched = folders.find((folder) => folder?.id === row.parentFolderId);
    const [envelope] = await reader.read([row], watched ?? (await placeOf(graph, row)));
    if (envelope) found.push({ envelope, watched: watched !== undefined });
  }
  return found;
};

/** A folder that is not watched, by the path from the top that watching it takes. */
const placeOf = async (graph: Graph, { parentFolderId }: MessageRow): Promise<Folder> => {
  const top = await graph.get<FolderRow>({ at: `/mailFolders/msgfolderroot${query({ $select: "id" })}` });
  const names: string[] = [];
  let id = parentFolderId ?? top.id;
  while (id !== top.id && names.length < mostLevels) {
    const folder = await graph.get<FolderRow>({
      at: `/mailFolders/${encodeURIComponent(id)}${query({ $select: "id,displayName,parentFolderId" })}`,
    });
    names.unshift(folder.displayName ?? "?");
    id = folder.parentFolderId ?? top.id;
  }
  return { path: names.join("/"), role: "other" };
};
