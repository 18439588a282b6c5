/** Any mailbox reached by IMAP with a password (RFC 3501, RFC 9051), over TLS only. Read-only throughout. */
import { type Connector, ConnectorError } from "../../src/ports/connector.ts";
import { openConnection } from "./connection.ts";
import { fetchRaw } from "./fetch-raw.ts";
import { findFolders, folderPaths } from "./find-folders.ts";
import { findMessage } from "./find-message.ts";
import { findSettings, openNetwork } from "./find-settings.ts";
import { providerOfHost } from "./known-hosts.ts";
import { probeImap } from "./probe.ts";
import { pullImap } from "./pull.ts";
import { readSettings, secrets, settings } from "./settings.ts";
import { watchInbox } from "./watch.ts";

const signIn: Connector["signIn"] = async (inbox, tools) => {
  const { username, ...wanted } = readSettings(inbox);
  if (providerOfHost(wanted.host) === "office365") {
    throw new ConnectorError("rejected", "Microsoft 365 takes no password over IMAP. Connect this mailbox by signing in at Microsoft.");
  }
  const connection = openConnection(inbox, tools);
  try {
    const { folders, warnings } = findFolders(await connection.run((client) => client.list()), wanted);
    const addresses = [inbox.address, ...(username.includes("@") ? [username] : [])].map((address) => address.toLowerCase());
    return { address: inbox.address, addresses: [...new Set(addresses)], folders, warnings };
  } finally {
    await connection.close();
  }
};

const listFolders: Connector["listFolders"] = async (inbox, tools) => {
  const connection = openConnection(inbox, tools);
  try {
    return folderPaths(await connection.run((client) => client.list()));
  } finally {
    await connection.close();
  }
};

const open: Connector["open"] = async (inbox, tools) => {
  readSettings(inbox);
  const connection = openConnection(inbox, tools);
  return {
    pull: (cursor) => pullImap(connection, inbox, tools, cursor),
    find: (messageId) => findMessage(connection, inbox, messageId),
    fetchRaw: (ref, { maxBytes }) => fetchRaw(connection, ref, maxBytes),
    watch: (onHint) => watchInbox(inbox, tools, onHint),
    close: connection.close,
  };
};

/** The connector for IMAP with a password. */
export const imap: Connector = {
  describe: {
    label: "IMAP with a password",
    limits: [
      { code: "password_only", text: "Google and Microsoft accounts need their own connectors: they take no password here." },
      { code: "folders_named", text: "Only Sent, the inbox, Junk and the folders you name are watched." },
    ],
    settings,
    secrets,
  },
  signIn,
  find: (address, tools, options) => findSettings(address, options, openNetwork(tools)),
  listFolders,
  open,
  probe: probeImap,
};
