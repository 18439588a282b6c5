import type { FolderRole } from "../../src/bounces/envelope.ts";
import type { Folder, Warning } from "../../src/ports/connector.ts";
import type { Graph } from "./graph.ts";
import { isMissing } from "./graph-error.ts";
import { query } from "./query.ts";
import type { Office365Settings } from "./settings.ts";

/** Names Graph knows in every language ("mailFolder resource type", well-known folder names). */
const wellKnown: { readonly [name: string]: FolderRole } = { sentitems: "sent", inbox: "inbox", junkemail: "junk" };

/** The folders to watch, Sent first: each by its well-known name or by the path a user named. */
export const wantedFolders = ({ extraFolders }: Office365Settings): string[] => [...new Set([...Object.keys(wellKnown), ...extraFolders])];

export const roleOf = (wanted: string): FolderRole => (Object.hasOwn(wellKnown, wanted) ? (wellKnown[wanted] ?? "other") : "other");

export type FoundFolder = Folder & { id: string };

type FolderRow = { id: string; displayName?: string | null };
type FolderPage = { value: FolderRow[]; "@odata.nextLink"?: string };

const select = { $select: "id,displayName" };

const findWellKnown = async (graph: Graph, name: string): Promise<FoundFolder | null> => {
  try {
    const { id, displayName } = await graph.get<FolderRow>({ at: `/mailFolders/${name}${query(select)}` });
    return { id, path: displayName ?? name, role: roleOf(name) };
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
};

/** The folder of that name among those listed at `from`, compared without case. */
const findAmong = async (graph: Graph, from: string, name: string): Promise<FolderRow | null> => {
  let next: string | undefined = `${from}${query({ ...select, $top: 100 })}`;
  while (next) {
    const page: FolderPage = await graph.get<FolderPage>({ at: next });
    const row = page.value.find(({ displayName }) => displayName?.toLowerCase() === name.toLowerCase());
    if (row) return row;
    next = page["@odata.nextLink"];
  }
  return null;
};

const findByPath = async (graph: Graph, path: string): Promise<FoundFolder | null> => {
  const names = path.split("/").filter((name) => name.trim() !== "");
  let from = "/mailFolders";
  let found: FolderRow | null = null;
  for (const name of names) {
    found = await findAmong(graph, from, name.trim());
    if (!found) return null;
    from = `/mailFolders/${encodeURIComponent(found.id)}/childFolders`;
  }
  return found ? { id: found.id, path, role: "other" } : null;
};

/** Finds one wanted folder; null if it is not there. */
export const findFolder = (graph: Graph, wanted: string): Promise<FoundFolder | null> =>
  Object.hasOwn(wellKnown, wanted) ? findWellKnown(graph, wanted) : findByPath(graph, wanted);

const titles: { readonly [name: string]: string } = { sentitems: "Sent Items", inbox: "Inbox", junkemail: "Junk Email" };

/** What to tell people of a wanted folder that is not there. */
export const missingFolder = (wanted: string): Warning => {
  const folder = titles[wanted] ?? wanted;
  return { code: "folder_missing", text: `The folder "${folder}" is not there, so notices in it are not seen.`, folder };
};
