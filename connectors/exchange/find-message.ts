import type { ConnectedInbox, Folder, FoundMessage } from "../../src/ports/connector.ts";
import type { Ews } from "./ews.ts";
import { createFolderFinder, listPaths, wantedFolders } from "./find-folder.ts";
import { rowsIn } from "./follow-changes.ts";
import { readItems } from "./read-items.ts";
import { findByMessageId } from "./requests.ts";
import { readSettings } from "./settings.ts";

/** Folders looked through in one question. */
const atOnce = 50;

/** The messages with this Message-ID in all folders that hold mail, Deleted Items included, each with the folder it lies in. */
export const findMessage = async (ews: Ews, inbox: ConnectedInbox, messageId: string): Promise<FoundMessage[]> => {
  const paths = await listPaths(ews);
  const finder = createFolderFinder(ews);
  const watched = new Map<string, Folder>();
  for (const name of wantedFolders(readSettings(inbox).extraFolders)) {
    const folder = await finder(name);
    if (folder) watched.set(folder.id, { path: folder.path, role: folder.role });
  }
  const ids = [...paths.keys()];
  const found: FoundMessage[] = [];
  for (let start = 0; start < ids.length; start += atOnce) {
    const some = ids.slice(start, start + atOnce);
    const answers = await ews.askEach(findByMessageId(some, messageId.trim()));
    for (const [index, { content }] of answers.entries()) {
      const id = some[index] ?? "";
      const folder = watched.get(id) ?? { path: paths.get(id) ?? "?", role: "other" };
      const { messages } = await readItems(ews, rowsIn(content), folder);
      found.push(...messages.map((envelope) => ({ envelope, watched: watched.has(id) })));
    }
  }
  return found;
};
