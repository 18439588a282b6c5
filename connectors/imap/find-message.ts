import { firstValue } from "../../src/bounces/envelope.ts";
import type { FoundMessage } from "../../src/ports/connector.ts";
import type { Connection } from "./connection.ts";
import { fetchEnvelopes } from "./fetch-envelopes.ts";
import { findFolders, listAll, selectable } from "./find-folders.ts";
import { lookAtFolder, searchMessageId } from "./list-uids.ts";
import type { WayIn } from "./way-in.ts";

/** Nobody has a copy in more folders than this, and each is read. */
const mostPerFolder = 5;

/** Where a message lies, in folder after folder: IMAP has no search over all of them. On Gmail one lies under several labels, and is told once. */
export const findMessage = async (connection: Connection, way: WayIn, messageId: string): Promise<FoundMessage[]> => {
  const listing = await listAll(connection);
  const { folders } = findFolders(listing, way);
  const watched = new Map(folders.map((folder) => [folder.path, folder]));
  const found = new Map<string, FoundMessage>();
  for (const { path } of listing.all.filter(selectable)) {
    const facts = await lookAtFolder(connection, path, true);
    if (facts === null) continue;
    const place = { path, uidValidity: facts.uidValidity };
    const uids = (await searchMessageId(connection, place, messageId)).slice(0, mostPerFolder);
    if (uids.length === 0) continue;
    const folder = watched.get(path) ?? { path, role: "other" };
    for (const envelope of (await fetchEnvelopes(connection, { folder, uidValidity: place.uidValidity, uids })).values()) {
      if (!envelope || firstValue(envelope.headers, "message-id")?.trim() !== messageId.trim()) continue;
      const known = found.get(envelope.ref);
      if (!known?.watched) found.set(envelope.ref, { envelope, watched: watched.has(path) });
    }
  }
  return [...found.values()];
};
