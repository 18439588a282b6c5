/** A mailbox in Microsoft 365 by Microsoft Graph v1.0, signed in as a person or as an app. Read-only throughout. */
import * as z from "zod";
import type { Connector } from "../../src/ports/connector.ts";
import { secrets } from "../shared/microsoft/microsoft-app.ts";
import { pullChangesOf } from "../shared/pull-changes.ts";
import { authorize } from "./authorize.ts";
import { changesOf } from "./changes-of.ts";
import { fetchRaw } from "./fetch-raw.ts";
import { findFolder, missingFolder, wantedFolders } from "./find-folder.ts";
import { findMessage } from "./find-message.ts";
import { openGraph } from "./graph.ts";
import { ownAddresses } from "./own-addresses.ts";
import { probeOffice365 } from "./probe.ts";
import { push } from "./push.ts";
import { readSettings, settings } from "./settings.ts";

const signIn: Connector["signIn"] = async (inbox, tools) => {
  const wanted = wantedFolders(readSettings(inbox));
  const graph = openGraph(inbox, tools);
  const { address, addresses, warnings } = await ownAddresses(graph, inbox);
  const found = await Promise.all(wanted.map((name) => findFolder(graph, name)));
  const missing = wanted.filter((_, index) => !found[index]).map((name) => missingFolder(name));
  const folders = found.flatMap((folder) => (folder ? [{ path: folder.path, role: folder.role }] : []));
  return { address, addresses, folders, warnings: [...warnings, ...missing] };
};

const open: Connector["open"] = async (inbox, tools) => {
  const graph = openGraph(inbox, tools);
  return {
    pull: (cursor) => pullChangesOf(changesOf(graph, inbox), inbox, cursor),
    fetchRaw: (ref, { maxBytes }) => fetchRaw(graph, ref, maxBytes),
    find: (messageId) => findMessage(graph, inbox, messageId),
    close: async () => {},
  };
};

const limits = [
  { code: "cloud_only", text: "Only mailboxes in Microsoft's cloud are read, none on a company's own Exchange server." },
  { code: "folders_named", text: "Only Sent Items, the inbox, Junk Email and the folders you name are watched." },
];

/** Outlook on the web, in the mailbox of whoever is signed in there. */
const openUrl = (_mailbox: string, ref: string): string => `https://outlook.office.com/mail/id/${encodeURIComponent(ref)}`;

/** The connector for Microsoft 365 (Exchange Online): a person signs in. */
export const office365: Connector = {
  describe: {
    label: "Microsoft 365",
    limits: [
      ...limits,
      {
        code: "consent_stays",
        text: "Disconnecting forgets what we hold, but Microsoft lets no app end its own consent: take it back at myapps.microsoft.com.",
      },
    ],
    settings: settings.omit({ access: true }),
    secrets,
    openUrl,
  },
  authorize,
  signIn,
  open,
  push,
  probe: probeOffice365,
};

/**
 * The same, read by the app alone, by an administrator's leave. Nobody signs in, so whoever may connect it can read any mailbox
 * the administrator allowed: that is the operator.
 */
export const office365App: Connector = {
  describe: {
    label: "Microsoft 365 (whole organisation)",
    operatorOnly: true,
    limits,
    settings: settings.extend({
      access: z.literal("application").default("application").describe("The app reads the mailbox by an administrator's leave"),
    }),
    secrets,
    openUrl,
  },
  signIn,
  open,
  push,
  probe: probeOffice365,
};
