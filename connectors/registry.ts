/**
 * The connectors: one line each, loaded when used, so that a deployment that reads only IMAP never loads the others' libraries.
 * Everything else finds them here; there is no other list. connectors/README.md says how to add one.
 */
import type { Connector } from "../src/ports/connector.ts";

export const registry: { readonly [provider: string]: () => Promise<Connector> } = {
  gmail: async () => (await import("./gmail/connector.ts")).gmail,
  "gmail-domain": async () => (await import("./gmail/connector.ts")).gmailDomain,
  exchange: async () => (await import("./exchange/connector.ts")).exchange,
  imap: async () => (await import("./imap/connector.ts")).imap,
  "gmail-imap": async () => (await import("./imap/gmail-imap.ts")).gmailImap,
  office365: async () => (await import("./office365/connector.ts")).office365,
  "office365-app": async () => (await import("./office365/connector.ts")).office365App,
  "office365-imap": async () => (await import("./imap/office365-imap.ts")).office365Imap,
  maildir: async () => (await import("./maildir/connector.ts")).maildir,
};

/** The connector of a provider's name, or null if there is none. */
export const loadConnector = async (provider: string): Promise<Connector | null> =>
  Object.hasOwn(registry, provider) ? ((await registry[provider]?.()) ?? null) : null;
