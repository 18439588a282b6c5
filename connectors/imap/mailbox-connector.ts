import type { ImapFlow } from "imapflow";
import type { Connector, Limit } from "../../src/ports/connector.ts";
import { openConnection } from "./connection.ts";
import { fetchRaw } from "./fetch-raw.ts";
import { findFolders, folderPaths, listAll } from "./find-folders.ts";
import { findMessage } from "./find-message.ts";
import { probeImap } from "./probe.ts";
import { pullImap } from "./pull.ts";
import { watchInbox } from "./watch.ts";
import type { FindWay } from "./way-in.ts";

/** What of an IMAP server people notice: without IDLE new mail is found when it is looked for. */
const limitsOf = ({ capabilities }: ImapFlow): Limit[] =>
  capabilities.has("IDLE") ? [] : [{ code: "no_idle", text: "The server does not tell of new mail (no IDLE): it is found by looking." }];

/** What every way into an IMAP server has in common (RFC 3501, RFC 9051). Read-only throughout. */
export const mailboxConnector = (find: FindWay): Required<Pick<Connector, "signIn" | "listFolders" | "open" | "probe">> => ({
  async signIn(inbox, tools) {
    const way = find(inbox, tools);
    const connection = openConnection(inbox, way, tools);
    try {
      const { folders, warnings } = findFolders(await listAll(connection), way);
      const limits = await connection.run(async (client) => limitsOf(client));
      const own = [inbox.address, ...(way.username.includes("@") ? [way.username] : [])].map((address) => address.toLowerCase());
      return { address: inbox.address, addresses: [...new Set(own)], folders, warnings, limits };
    } finally {
      await connection.close();
    }
  },
  async listFolders(inbox, tools) {
    const connection = openConnection(inbox, find(inbox, tools), tools);
    try {
      return folderPaths(await listAll(connection));
    } finally {
      await connection.close();
    }
  },
  async open(inbox, tools) {
    const way = find(inbox, tools);
    const connection = openConnection(inbox, way, tools);
    return {
      pull: (cursor) => pullImap(connection, inbox, way, tools, cursor),
      find: (messageId) => findMessage(connection, way, messageId),
      fetchRaw: (ref, { maxBytes }) => fetchRaw(connection, ref, maxBytes),
      watch: (onHint) => watchInbox(inbox, way, tools, onHint),
      close: connection.close,
    };
  },
  probe: (inbox, tools) => probeImap(inbox, tools, find),
});
