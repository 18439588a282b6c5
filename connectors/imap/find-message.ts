import { firstValue } from "../../src/bounces/envelope.ts";
import type { ConnectedInbox, FoundMessage } from "../../src/ports/connector.ts";
import type { Connection } from "./connection.ts";
import { fetchEnvelopes } from "./fetch-envelopes.ts";
import { findFolders, selectable } from "./find-folders.ts";
import { lookAtFolder, searchMessageId } from "./list-uids.ts";
import { readSettings } from "./settings.ts";

/** Nobody has a copy in more folders than this, and each is read. */
const mostPerFolder = 5;

/** Where a message lies, in folder after folder: IMAP has no search over all of them. */
export const findMessage = async (connection: Connection, inbox: ConnectedInbox, messageId: string): Promise<FoundMessage[]> => {
  const list = await connection.run((client) => client.list());
  const { folders } = findFolders(list, readSettings(inbox));
  const watched = new Map(folders.map((folder) => [folder.path, folder]));
  const found: FoundMessage[] = [];
  for (const { path } of list.filter(selectable)) {
    const facts = await lookAtFolder(connection, path);
    if (facts === null) continue;
    const place = { path, uidValidity: facts.uidValidity };
    const uids = (await searchMessageId(connection, place, messageId)).slice(0, mostPerFolder);
    if (uids.length === 0) continue;
    const folder = watched.get(path) ?? { path, role: "other" };
    for (const envelope of (await fetchEnvelopes(connection, { folder, uidValidity: place.uidValidity, uids })).values()) {
      if (firstValue(envelope.headers, "message-id")?.trim() === messageId.trim()) found.push({ envelope, watched: watched.has(path) });
    }
  }
  return found;
};
