import type { FolderRole } from "../../src/bounces/envelope.ts";
import type { Folder, Warning } from "../../src/ports/connector.ts";
import type { XmlElement } from "../shared/read-xml.ts";
import type { Ews } from "./ews.ts";
import { exchangeError, isMissingCode } from "./exchange-error.ts";
import { findFolders, getFolders } from "./requests.ts";
import { at, child, textAt } from "./xml.ts";

/** Names Exchange knows in every language (MS-OXWSCDATA, DistinguishedFolderIdNameType), Sent first. */
const distinguished: { readonly [name: string]: FolderRole } = { sentitems: "sent", inbox: "inbox", junkemail: "junk" };
const titles: { readonly [name: string]: string } = { sentitems: "Sent Items", inbox: "Inbox", junkemail: "Junk Email" };

export type FoundFolder = Folder & { id: string };

/** The folders to watch, Sent first: each by its name in every language or by the path a user named. */
export const wantedFolders = (extraFolders: readonly string[]): string[] => [...new Set([...Object.keys(distinguished), ...extraFolders])];

export const roleOf = (wanted: string): FolderRole => (Object.hasOwn(distinguished, wanted) ? (distinguished[wanted] ?? "other") : "other");

/** What to tell people of a wanted folder that is not there. */
export const missingFolder = (wanted: string): Warning => {
  const folder = titles[wanted] ?? wanted;
  return { code: "folder_missing", text: `The folder "${folder}" is not there, so notices in it are not seen.`, folder };
};

const idOf = (folder: XmlElement | undefined): string => child(folder, "FolderId")?.attributes.get("Id") ?? "";

const findDistinguished = async (ews: Ews): Promise<Map<string, FoundFolder>> => {
  const names = Object.keys(distinguished);
  const answers = await ews.askEach(getFolders(names, ews.owner));
  const found = new Map<string, FoundFolder>();
  for (const [index, { code, words, content }] of answers.entries()) {
    const name = names[index] ?? "";
    const folder = at(content, "Folders")?.children[0];
    if (code === "NoError" && idOf(folder) !== "") {
      found.set(name, { id: idOf(folder), path: textAt(folder, "DisplayName") ?? name, role: roleOf(name) });
    } else if (!isMissingCode(code)) throw exchangeError({ host: ews.host, status: 200, code, words, retryAfterMs: null });
  }
  // Another's mailbox that is closed to the login looks empty to it.
  if (found.size === 0) throw exchangeError({ host: ews.host, status: 200, code: "ErrorAccessDenied", words: "", retryAfterMs: null });
  return found;
};

/** Folders of mail: others hold appointments, contacts, tasks (MS-OXOSFLD, PidTagContainerClass). */
const holdsMail = (folder: XmlElement): boolean => /^(?:IPF\.Note\b|IPF$|$)/i.test(textAt(folder, "FolderClass") ?? "");

/** The folders of a mailbox that hold mail, by their ids, each with its path from the top. */
export const listPaths = async (ews: Ews): Promise<Map<string, string>> => {
  const folders = at(await ews.ask(findFolders(ews.owner)), "RootFolder", "Folders")?.children ?? [];
  const byId = new Map(folders.map((folder) => [idOf(folder), folder]));
  const pathOf = (id: string, depth = 0): string => {
    const folder = byId.get(id);
    const parent = child(folder, "ParentFolderId")?.attributes.get("Id") ?? "";
    const name = textAt(folder, "DisplayName") ?? "";
    return byId.has(parent) && depth < 100 ? `${pathOf(parent, depth + 1)}/${name}` : name;
  };
  return new Map(folders.filter(holdsMail).map((folder) => [idOf(folder), pathOf(idOf(folder))]));
};

/** Finds wanted folders, with as few questions as it takes; null for one that is not there. */
export const createFolderFinder = (ews: Ews): ((wanted: string) => Promise<FoundFolder | null>) => {
  let known: Promise<Map<string, FoundFolder>> | null = null;
  let paths: Promise<Map<string, string>> | null = null;
  return async (wanted) => {
    if (Object.hasOwn(distinguished, wanted)) {
      known ??= findDistinguished(ews);
      return (await known).get(wanted) ?? null;
    }
    paths ??= listPaths(ews);
    const [id] = [...(await paths)].find(([, path]) => path.toLowerCase() === wanted.toLowerCase()) ?? [];
    return id === undefined ? null : { id, path: wanted, role: "other" };
  };
};
