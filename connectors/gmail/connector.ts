/** Gmail and Google Workspace by the Gmail API (v1), read-only: with a person's consent, or by domain-wide delegation. */
import { type ConnectedInbox, type Connector, ConnectorError, type Tools } from "../../src/ports/connector.ts";
import { domainSecrets, secrets } from "../shared/google/google-app.ts";
import { type Access, personAccess } from "../shared/google/tokens.ts";
import { type GmailApi, openApi } from "./api.ts";
import { authorize } from "./authorize.ts";
import { domainAccess } from "./domain-access.ts";
import { allFolders } from "./envelope-of.ts";
import { fetchRaw } from "./fetch-raw.ts";
import { findMessage } from "./find-message.ts";
import { probeGmail } from "./probe.ts";
import { pullGmail } from "./pull.ts";
import { pushWith } from "./push.ts";
import { readSettings, settings } from "./settings.ts";

type FindAccess = (tools: Tools, address: string) => Access;

const connect = (find: FindAccess, inbox: ConnectedInbox, tools: Tools): GmailApi => {
  readSettings(inbox);
  return openApi(inbox.id, tools, find(tools, inbox.address));
};

/** Whose mailbox it is, with every address it sends from. Another person's than the one that was to be connected is refused. */
const signInWith =
  (find: FindAccess): Connector["signIn"] =>
  async (inbox, tools) => {
    const api = connect(find, inbox, tools);
    const { address } = await api.profile();
    const addresses = [...new Set([address, ...(await api.sendAs())].map((each) => each.toLowerCase()))];
    if (!addresses.includes(inbox.address.toLowerCase())) {
      const text = `You signed in as ${address}, but this inbox is ${inbox.address}. Sign in with that account.`;
      throw new ConnectorError("auth", text, { outcome: "wrong_address" });
    }
    return { address: address.toLowerCase(), addresses, folders: allFolders, warnings: [] };
  };

const openWith =
  (find: FindAccess): Connector["open"] =>
  async (inbox, tools) => {
    const api = connect(find, inbox, tools);
    return {
      pull: (cursor, saved = async () => new Set()) => pullGmail(api, inbox, tools, cursor, saved),
      fetchRaw: (ref, { maxBytes }) => fetchRaw(api, ref, maxBytes),
      find: (messageId) => findMessage(api, messageId),
      // Every request stands for itself: there is nothing to close.
      close: async () => {},
    };
  };

const limits = [
  { code: "first_sync_likely", text: "The first sync opens sent mail and what looks like a notice, unless you choose everything." },
  { code: "quota", text: "Google lets us read at most 300 messages a minute in each mailbox." },
];

/** Found wherever its labels put it. */
const openUrl = (mailbox: string, ref: string): string =>
  `https://mail.google.com/mail/u/${encodeURIComponent(mailbox)}/#all/${encodeURIComponent(ref)}`;

/** The connector for Gmail with a person's consent. */
export const gmail: Connector = {
  describe: { label: "Gmail", limits, settings, secrets, openUrl },
  authorize,
  signIn: signInWith(personAccess),
  open: openWith(personAccess),
  push: pushWith((inbox, tools) => connect(personAccess, inbox, tools)),
  probe: (inbox, tools) => probeGmail(connect(personAccess, inbox, tools), tools.now()),
};

/**
 * The connector for every mailbox of a Google Workspace whose administrator let the operator's service account in. It opens
 * any of them without asking its owner: so only the operator may connect one, never a user in a browser.
 */
export const gmailDomain: Connector = {
  describe: { label: "Gmail (whole organisation)", operatorOnly: true, limits, settings, secrets: domainSecrets, openUrl },
  signIn: signInWith(domainAccess),
  open: openWith(domainAccess),
  push: pushWith((inbox, tools) => connect(domainAccess, inbox, tools)),
  probe: (inbox, tools) => probeGmail(connect(domainAccess, inbox, tools), tools.now()),
};
