/** Servers whose mailboxes are opened by signing in at the provider's page: names end like this, of IMAP servers and of those that take the domain's mail. */
const known: readonly (readonly [provider: string, endings: readonly string[]])[] = [
  ["gmail", ["gmail.com", "googlemail.com", "google.com"]],
  ["office365", ["office365.com", "outlook.com", "office.com", "hotmail.com", "mx.microsoft"]],
];

/** The connector that is the way in where a host belongs to Google or to Microsoft; null for all others. */
export const providerOfHost = (host: string): string | null => {
  const name = host.toLowerCase().replace(/\.$/, "");
  return known.find(([, endings]) => endings.some((ending) => name === ending || name.endsWith(`.${ending}`)))?.[0] ?? null;
};
