import type { Harness } from "../contracts/connector.ts";

/** What plays the provider of each connector in the contract suite: one line each, as in connectors/registry.ts. */
export const harnesses: { readonly [provider: string]: () => Promise<readonly Harness[]> } = {
  gmail: async () => (await import("./gmail/harness.ts")).gmailHarnesses,
  "gmail-domain": async () => (await import("./gmail/harness.ts")).gmailDomainHarnesses,
  exchange: async () => (await import("./exchange/harness.ts")).exchangeHarnesses,
  imap: async () => (await import("./imap/harness.ts")).imapHarnesses(),
  "gmail-imap": async () => (await import("./imap/harness.ts")).gmailImapHarnesses,
  office365: async () => (await import("./office365/harness.ts")).office365Harnesses,
  "office365-app": async () => (await import("./office365/harness.ts")).office365AppHarnesses,
  "office365-imap": async () => (await import("./imap/harness.ts")).office365ImapHarnesses(),
  maildir: async () => (await import("./maildir/harness.ts")).maildirHarnesses,
};
