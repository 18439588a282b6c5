/**
 * Servers whose mailboxes are opened by signing in at the provider's page, and the connectors that do, the best way first: names end
 * like this, of IMAP servers and of those that take the domain's mail.
 */
const known: readonly (readonly [providers: readonly string[], endings: readonly string[]])[] = [
  [
    ["gmail", "gmail-imap"],
    ["gmail.com", "googlemail.com", "google.com"],
  ],
  [
    ["office365", "office365-imap"],
    ["office365.com", "outlook.com", "office.com", "hotmail.com", "mx.microsoft"],
  ],
];

/** The connectors that are the way in where a host belongs to Google or to Microsoft; null for all others. */
export const providersOfHost = (host: string): readonly string[] | null => {
  const name = host.toLowerCase().replace(/\.$/, "");
  return known.find(([, endings]) => endings.some((ending) => name === ending || name.endsWith(`.${ending}`)))?.[0] ?? null;
};
