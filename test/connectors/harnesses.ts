import type { Harness } from "../contracts/connector.ts";

/** What plays the provider of each connector in the contract suite: one line each, as in connectors/registry.ts. */
export const harnesses: { readonly [provider: string]: () => Promise<readonly Harness[]> } = {
  gmail: async () => (await import("./gmail/harness.ts")).gmailHarnesses,
  "gmail-domain": async () => (await import("./gmail/harness.ts")).gmailDomainHarnesses,
  imap: async () => (await import("./imap/harness.ts")).imapHarnesses(),
  maildir: async () => (await import("./maildir/harness.ts")).maildirHarnesses,
};
