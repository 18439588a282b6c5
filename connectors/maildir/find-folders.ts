/** Which folders lie under a path, how their messages are kept, and what each is for. */
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { FolderRole } from "../../src/bounces/envelope.ts";
import { roleOfName } from "../shared/role-of-name.ts";
import type { LocalFolder } from "./local-folder.ts";

/** Deeper than any mail program nests, and an end for folders that contain themselves. */
const deepest = 8;

type Found = Omit<LocalFolder, "role">;

const isMbox = (name: string): boolean => /\.(mbox|mbx)$/i.test(name);
const isEml = (name: string): boolean => /\.eml$/i.test(name);
const folderName = (parent: string, name: string): string => (parent === "" ? name : `${parent}/${name}`);

/** Maildir++ keeps the folder Sent/2026 in a directory called .Sent.2026. */
const maildirName = (name: string): string => (name.startsWith(".") ? name.slice(1).replaceAll(".", "/") : name);

const walk = async (location: string, path: string, depth: number): Promise<Found[]> => {
  const entries = (await readdir(location, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const directories = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
  const maildir = directories.includes("cur") && directories.includes("new");
  const here: Found[] = [];
  if (maildir) here.push({ path, kind: "maildir", location });
  else if (files.some(isEml) || entries.length === 0) here.push({ path, kind: "eml", location });
  for (const name of files.filter(isMbox)) {
    here.push({ path: folderName(path, name.replace(/\.[^.]+$/, "")), kind: "mbox", location: join(location, name) });
  }
  if (depth === 0) return here;
  const below = directories.filter((name) => !(maildir && ["cur", "new", "tmp"].includes(name)));
  for (const name of below) here.push(...(await walk(join(location, name), folderName(path, maildirName(name)), depth - 1)));
  return here;
};

/** The top folder has no name of its own: it is called after its directory, except a Maildir's, which is the inbox. */
const nameTop = (folder: Found, root: string): Found =>
  folder.path === "" ? { ...folder, path: folder.kind === "maildir" ? "INBOX" : basename(root) } : folder;

const roleOf = (folder: Found, top: boolean, sentFolder: string | null): FolderRole | "drafts" => {
  if (sentFolder !== null && folder.path.toLowerCase() === sentFolder.toLowerCase()) return "sent";
  const named = roleOfName(folder.path);
  if (named !== null && !(named === "sent" && sentFolder !== null)) return named;
  if (top) return folder.kind === "mbox" ? "all" : "inbox";
  return "other";
};

const order: readonly FolderRole[] = ["sent", "inbox", "junk", "all", "other"];

/**
 * The folders under `root`, Sent first: a Maildir with its subfolders (Maildir++ or nested), directories of .eml files, and
 * mbox files, in any mixture; or the one mbox that `root` itself is. Drafts are left out, since they were never sent.
 * `sentFolder` says which folder holds sent mail where the names do not.
 */
export const findFolders = async (root: string, sentFolder: string | null): Promise<LocalFolder[]> => {
  const single = (await stat(root)).isFile();
  const found = single
    ? [{ path: basename(root).replace(/\.[^.]+$/, ""), kind: "mbox" as const, location: root }]
    : await walk(root, "", deepest);
  return found
    .map((folder) => ({ top: single || folder.path === "", folder: nameTop(folder, root) }))
    .map(({ top, folder }) => ({ ...folder, role: roleOf(folder, top, sentFolder) }))
    .filter((folder): folder is LocalFolder => folder.role !== "drafts")
    .sort((a, b) => order.indexOf(a.role) - order.indexOf(b.role) || (a.path < b.path ? -1 : 1));
};
