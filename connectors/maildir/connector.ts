/**
 * Mail that lies on this machine: a Maildir, an mbox file (Google Takeout exports one) or a directory of .eml files. Nothing
 * limits the path, so only the operator may connect such an inbox (from the command line), never a user in a browser.
 */
import { watch as watchPath } from "node:fs";
import { isAbsolute } from "node:path";
import * as z from "zod";
import { firstValue } from "../../src/bounces/envelope.ts";
import {
  type ConnectedInbox,
  type Connector,
  ConnectorError,
  type FoundMessage,
  type ProbeAnswer,
  type Session,
  type Tools,
  type Warning,
} from "../../src/ports/connector.ts";
import { parseSettings } from "../shared/parse-settings.ts";
import { diskError } from "./disk-error.ts";
import { findFolders } from "./find-folders.ts";
import { type FolderReader, type LocalFolder, readLocalRef } from "./local-folder.ts";
import { type LocalView, pullLocal } from "./pull.ts";
import { readFiles } from "./read-files.ts";
import { readMbox } from "./read-mbox.ts";

const settings = z.object({
  path: z.string().refine(isAbsolute, "must be an absolute path").describe("Maildir, mbox file or folder of .eml files"),
  sentFolder: z.string().optional().describe("Folder (or Gmail label) that holds sent mail, if its name does not say so"),
});

type LocalSettings = { path: string; sentFolder: string | null };

const readSettings = (inbox: ConnectedInbox): LocalSettings => {
  const { path, sentFolder } = parseSettings(settings, inbox.settings);
  return { path, sentFolder: sentFolder?.trim() || null };
};

const sentWarnings = (folders: readonly LocalFolder[], { path, sentFolder }: LocalSettings): Warning[] => {
  if (folders.some(({ role }) => role === "sent" || role === "all")) return [];
  const text =
    sentFolder === null
      ? `No folder under ${path} is known to hold sent mail, so no notice can be matched. Name it in the settings.`
      : `There is no folder "${sentFolder}" under ${path}, so no notice can be matched. Check the name in the settings.`;
  return [{ code: sentFolder === null ? "sent_folder_unknown" : "folder_missing", text, folder: sentFolder ?? "Sent" }];
};

/** The folders as they are now. Readers are kept, since they remember where each message lies. */
const look = async (inbox: ConnectedInbox, signal: AbortSignal): Promise<LocalView> => {
  const local = readSettings(inbox);
  const readers = new Map<string, FolderReader>();
  const makeReader = (folder: LocalFolder): FolderReader =>
    folder.kind === "mbox" ? readMbox(folder, { sentLabel: local.sentFolder, signal }) : readFiles(folder, signal);
  const readerOf = (folder: LocalFolder): FolderReader => {
    const reader = readers.get(folder.path) ?? makeReader(folder);
    readers.set(folder.path, reader);
    return reader;
  };
  try {
    const folders = await findFolders(local.path, local.sentFolder);
    return { folders, readerOf, warnings: sentWarnings(folders, local) };
  } catch (error) {
    throw diskError(error, local.path);
  }
};

const fetchRaw = async (view: LocalView, ref: string, maxBytes: number): Promise<Uint8Array | "gone"> => {
  const place = readLocalRef(ref);
  const folder = view.folders.find(({ path }) => path === place?.folder);
  return place && folder ? view.readerOf(folder).fetchRaw(place.name, maxBytes) : "gone";
};

/** The messages with this Message-ID. There is no index: the header of every message is read. */
const findMessage = async (view: LocalView, messageId: string): Promise<FoundMessage[]> => {
  const found: FoundMessage[] = [];
  for (const folder of view.folders) {
    const reader = view.readerOf(folder);
    for await (const { messages } of reader.read(reader.start, null)) {
      const same = messages.filter(({ headers }) => firstValue(headers, "message-id")?.trim() === messageId.trim());
      found.push(...same.map((envelope) => ({ envelope, watched: true })));
    }
  }
  return found;
};

/** Runs a part of a session and turns what the disk says into a ConnectorError. An abort stays what it is. */
const guarded = async <T>(inbox: ConnectedInbox, run: () => Promise<T>): Promise<T> => {
  try {
    return await run();
  } catch (error) {
    throw diskError(error, readSettings(inbox).path);
  }
};

const watchFolders = async (inbox: ConnectedInbox, tools: Tools, onHint: () => void): Promise<() => Promise<void>> => {
  const { folders } = await look(inbox, tools.signal);
  const places = folders.flatMap(({ kind, location }) => (kind === "maildir" ? [`${location}/new`, `${location}/cur`] : [location]));
  const watchers = places.map((place) => watchPath(place, { persistent: false }, onHint));
  // A watch that breaks (the folder went away) only means fewer hints.
  for (const watcher of watchers)
    watcher.on("error", (error) => tools.log.debug({ error: error.message }, "a folder is no longer watched"));
  const stop = async (): Promise<void> => {
    for (const watcher of watchers) watcher.close();
  };
  tools.signal.addEventListener("abort", stop, { once: true });
  return stop;
};

const open = async (inbox: ConnectedInbox, tools: Tools): Promise<Session> => {
  let view = await look(inbox, tools.signal);
  return {
    async *pull(cursor) {
      tools.signal.throwIfAborted();
      view = await look(inbox, tools.signal);
      const pages = pullLocal(inbox, tools, cursor, view);
      for (;;) {
        const { value, done } = await guarded(inbox, () => pages.next());
        if (done) return;
        yield value;
      }
    },
    fetchRaw: async (ref, { maxBytes }) => {
      tools.signal.throwIfAborted();
      return guarded(inbox, () => fetchRaw(view, ref, maxBytes));
    },
    find: async (messageId) => {
      tools.signal.throwIfAborted();
      view = await look(inbox, tools.signal);
      return guarded(inbox, () => findMessage(view, messageId));
    },
    watch: (onHint) => guarded(inbox, () => watchFolders(inbox, tools, onHint)),
    close: async () => {},
  };
};

const signIn: Connector["signIn"] = async (inbox, tools) => {
  const { folders, warnings } = await look(inbox, tools.signal);
  if (folders.length === 0) {
    const text = `${readSettings(inbox).path} holds no mail: neither a Maildir (cur and new), nor .eml files, nor an mbox file.`;
    throw new ConnectorError("rejected", text);
  }
  return { address: inbox.address, addresses: [inbox.address], folders: folders.map(({ path, role }) => ({ path, role })), warnings };
};

const probe: Connector["probe"] = async (inbox, tools) => {
  const { folders, warnings, readerOf } = await look(inbox, tools.signal);
  const sent = folders.filter(({ role }) => role === "sent" || role === "all").map(({ path }) => path);
  const answers: ProbeAnswer[] = [
    { assumption: "The path can be read and holds mail", holds: folders.length > 0, detail: `${folders.length} folders` },
    { assumption: "Sent mail is found", holds: sent.length > 0, detail: sent.join(", ") || (warnings[0]?.text ?? "") },
  ];
  for (const folder of folders) {
    const { position } = await guarded(inbox, () => readerOf(folder).end());
    answers.push({ assumption: `"${folder.path}" can be listed`, holds: true, detail: `${folder.kind}, up to ${position.at}` });
  }
  return answers;
};

/** The connector for mail on this machine's disk. */
export const maildir: Connector = {
  describe: {
    label: "Mail on this machine (Maildir, mbox or .eml files)",
    operatorOnly: true,
    limits: [
      { code: "operator_only", text: "Only the operator can connect it, from the command line." },
      { code: "polling_only", text: "New mail is found when the folder is next looked at." },
    ],
    settings,
    secrets: z.object({}),
  },
  signIn,
  open,
  probe,
};
