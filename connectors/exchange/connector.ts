/** A mailbox on a company's own Exchange server (2010 SP2 and later) by Exchange Web Services, with a password. Read-only throughout. */
import type { Connector, Folder } from "../../src/ports/connector.ts";
import { pullChangesOf } from "../shared/pull-changes.ts";
import { changesOf } from "./changes-of.ts";
import { openEws } from "./ews.ts";
import { fetchRaw } from "./fetch-raw.ts";
import { createFolderFinder, listPaths, missingFolder, wantedFolders } from "./find-folder.ts";
import { findMessage } from "./find-message.ts";
import { findSettings, openNetwork } from "./find-settings.ts";
import { probeExchange } from "./probe.ts";
import { readSettings, secrets, settings } from "./settings.ts";

const signIn: Connector["signIn"] = async (inbox, tools) => {
  const { extraFolders, username, sharedMailbox } = readSettings(inbox);
  const ews = openEws(inbox, tools);
  try {
    const find = createFolderFinder(ews);
    const wanted = wantedFolders(extraFolders);
    const found: (Folder | null)[] = [];
    for (const name of wanted) found.push(await find(name));
    const address = (sharedMailbox || inbox.address).toLowerCase();
    const own = !sharedMailbox && username.includes("@") ? [username.toLowerCase()] : [];
    return {
      address,
      addresses: [...new Set([address, ...own])],
      folders: found.flatMap((folder) => (folder ? [{ path: folder.path, role: folder.role }] : [])),
      warnings: wanted.filter((_, index) => !found[index]).map((name) => missingFolder(name)),
    };
  } finally {
    ews.close();
  }
};

const listFolders: Connector["listFolders"] = async (inbox, tools) => {
  const ews = openEws(inbox, tools);
  try {
    return [...(await listPaths(ews)).values()].sort();
  } finally {
    ews.close();
  }
};

const open: Connector["open"] = async (inbox, tools) => {
  const ews = openEws(inbox, tools);
  return {
    pull: (cursor) => pullChangesOf(changesOf(ews, inbox), inbox, cursor),
    find: (messageId) => findMessage(ews, inbox, messageId),
    fetchRaw: (ref, { maxBytes }) => fetchRaw(ews, ref, maxBytes),
    close: async () => ews.close(),
  };
};

/** The connector for Exchange on a company's own servers. */
export const exchange: Connector = {
  describe: {
    label: "Exchange (own server)",
    limits: [
      { code: "on_premises_only", text: "Mailboxes in Microsoft 365 are connected by signing in at Microsoft: this way is closed there." },
      { code: "polling_only", text: "New mail is found when the folder is next looked at." },
      {
        code: "aliases_untold",
        text: "The server does not tell a mailbox's other addresses: notices about mail sent from them may not be matched.",
      },
      { code: "folders_named", text: "Only Sent Items, the inbox, Junk Email and the folders you name are watched." },
    ],
    settings,
    secrets,
  },
  signIn,
  find: (address, tools) => findSettings(address, openNetwork(tools)),
  listFolders,
  open,
  probe: probeExchange,
};
