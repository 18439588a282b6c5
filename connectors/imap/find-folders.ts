import type { ListResponse } from "imapflow";
import type { FolderRole } from "../../src/bounces/envelope.ts";
import type { Folder, Warning } from "../../src/ports/connector.ts";
import { roleOfName } from "../shared/role-of-name.ts";
import type { Connection } from "./connection.ts";
import type { WayIn } from "./way-in.ts";

export type FoundFolders = { folders: Folder[]; warnings: Warning[] };
type Wanted = Pick<WayIn, "sentFolder" | "extraFolders">;

/** Every folder the server lists. `gmail`: folders are labels there, and a message lies under several (X-GM-EXT-1). */
export type Listing = { all: readonly ListResponse[]; gmail: boolean };

/** Asks for the list. A refused one is an error, never a mailbox without folders. */
export const listAll = (connection: Connection): Promise<Listing> =>
  connection.run(async (client) => ({ all: await client.list(), gmail: client.capabilities.has("X-GM-EXT-1") }));

/** False for what only holds other folders. */
export const selectable = ({ flags }: ListResponse): boolean => ![...flags].some((flag) => /^\\(noselect|nonexistent)$/i.test(flag));

/** The paths of all folders that can be opened. */
export const folderPaths = ({ all }: Listing): string[] => all.filter(selectable).map(({ path }) => path);

const byPath = (list: readonly ListResponse[], path: string): ListResponse | undefined =>
  list.find((entry) => entry.path === path) ?? list.find((entry) => entry.path.toLowerCase() === path.toLowerCase());

/** The path of the folder with a special use, by the server's own word alone. */
export const pathOfUse = ({ all }: Listing, use: string): string | null =>
  all.find(({ specialUse, specialUseSource }) => specialUse === use && specialUseSource === "extension")?.path ?? null;

/** The server's own word (RFC 6154) before what a folder's name suggests, by the table of imapflow and then by ours. */
const bySpecialUse = (list: readonly ListResponse[], use: string): ListResponse | undefined => {
  const marked = list.filter(({ specialUse }) => specialUse === use);
  return (
    marked.find(({ specialUseSource }) => specialUseSource === "extension") ??
    marked[0] ??
    list.find(({ path }) => roleOfName(path) === roles[use])
  );
};

const roles: { readonly [use: string]: FolderRole } = { "\\Sent": "sent", "\\Junk": "junk" };

const findSent = (
  list: readonly ListResponse[],
  sentFolder: string | undefined,
): { found: ListResponse | undefined; warnings: Warning[] } => {
  if (sentFolder) {
    const found = byPath(list, sentFolder);
    const text = `The folder "${sentFolder}", named for sent mail in the settings, is not there. Choose another.`;
    return { found, warnings: found ? [] : [{ code: "folder_missing", text, folder: sentFolder }] };
  }
  const found = bySpecialUse(list, "\\Sent");
  if (!found) {
    const text = "We do not know where this mailbox keeps sent mail, so no notice can be matched. Choose the folder in the settings.";
    return { found, warnings: [{ code: "sent_folder_unknown", text }] };
  }
  const text = `"${found.path}" is taken for the folder of sent mail because of its name. Choose another in the settings if that is wrong.`;
  return { found, warnings: found.specialUseSource === "extension" ? [] : [{ code: "sent_folder_guessed", text, folder: found.path }] };
};

const findExtra = (list: readonly ListResponse[], paths: readonly string[]): { found: ListResponse[]; warnings: Warning[] } => {
  const found = paths.map((path) => ({ path, entry: byPath(list, path) }));
  return {
    found: found.flatMap(({ entry }) => entry ?? []),
    warnings: found
      .filter(({ entry }) => entry === undefined)
      .map(({ path }) => ({ code: "folder_missing", text: `The folder "${path}", named in the settings, is not there.`, folder: path })),
  };
};

/**
 * On Gmail a notice that was archived has left the inbox, and lies in All Mail alone. A person can hide that from mail programs; then
 * it is as on any other server.
 */
const whereMailArrives = (list: readonly ListResponse[], gmail: boolean): { found: Candidate; warnings: Warning[] } => {
  const everything = gmail ? list.find(({ specialUse }) => specialUse === "\\All") : undefined;
  if (everything) return { found: { entry: everything, role: "all" }, warnings: [] };
  const text = 'Archived notices are not seen: "All Mail" is hidden. Tick "Show in IMAP" for it in Gmail\'s settings, under Labels.';
  return { found: { entry: byPath(list, "INBOX"), role: "inbox" }, warnings: gmail ? [{ code: "all_mail_hidden", text }] : [] };
};

type Candidate = { entry: ListResponse | undefined; role: FolderRole };

/**
 * The folders to watch, Sent first: sent mail, the inbox (on Gmail all mail), Junk (notices land there) and those the settings name.
 * What is not there is a warning and stops nothing.
 */
export const findFolders = ({ all, gmail }: Listing, wanted: Wanted): FoundFolders => {
  const list = all.filter(selectable);
  const sent = findSent(list, wanted.sentFolder || undefined);
  const arriving = whereMailArrives(list, gmail);
  const extra = findExtra(list, wanted.extraFolders);
  const candidates: Candidate[] = [
    { entry: sent.found, role: "sent" },
    arriving.found,
    { entry: bySpecialUse(list, "\\Junk"), role: "junk" },
    ...extra.found.map((entry) => ({ entry, role: "other" as const })),
  ];
  const folders = new Map<string, Folder>();
  for (const { entry, role } of candidates) if (entry && !folders.has(entry.path)) folders.set(entry.path, { path: entry.path, role });
  return { folders: [...folders.values()], warnings: [...sent.warnings, ...arriving.warnings, ...extra.warnings] };
};
