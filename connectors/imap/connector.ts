/** Any mailbox reached by IMAP with a password, over TLS only. */
import { type Connector, ConnectorError } from "../../src/ports/connector.ts";
import { findSettings, openNetwork } from "./find-settings.ts";
import { providersOfHost } from "./known-hosts.ts";
import { mailboxConnector } from "./mailbox-connector.ts";
import { secrets, settings } from "./settings.ts";
import { byPassword, type FindWay } from "./way-in.ts";

const find: FindWay = (inbox, tools) => {
  const way = byPassword(inbox, tools);
  if (providersOfHost(way.host)?.includes("office365")) {
    throw new ConnectorError("rejected", "Microsoft 365 takes no password over IMAP. Connect this mailbox by signing in at Microsoft.");
  }
  return way;
};

/** The connector for IMAP with a password. */
export const imap: Connector = {
  describe: {
    label: "IMAP with a password",
    tellsOnConnection: true,
    limits: [
      { code: "password_only", text: "Google and Microsoft accounts need their own connectors: they take no password here." },
      { code: "folders_named", text: "Only Sent, the inbox, Junk and the folders you name are watched." },
    ],
    settings,
    secrets,
  },
  ...mailboxConnector(find),
  find: (address, tools, options) => findSettings(address, options, openNetwork(tools)),
};
