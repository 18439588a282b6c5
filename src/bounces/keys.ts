import { domainToASCII } from "node:url";

/** What two spellings of one Message-ID share: without angle brackets and white space, lower case. "" when there is none. */
export const idKey = (messageId: string | null | undefined): string => (messageId ?? "").replace(/[\s<>]/g, "").toLowerCase();

/** What stands behind the last @ of an addressKey; "" when there is none. */
export const domainOf = (addressKey: string): string => (addressKey.includes("@") ? addressKey.slice(addressKey.lastIndexOf("@") + 1) : "");

/**
 * What two spellings of one address share: lower case, its domain as A-labels (RFC 5890), so that bücher.example and
 * xn--bcher-kva.example are one. The local part keeps its tags and dots: they can be other people.
 */
export const addressKey = (address: string): string => {
  const plain = address.trim().replace(/^<|>$/g, "").toLowerCase();
  const at = plain.lastIndexOf("@");
  if (at < 0) return plain;
  const domain = plain.slice(at + 1);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: asks whether any letter is above ASCII
  if (!/[^\x00-\x7f]/.test(domain)) return plain;
  return `${plain.slice(0, at)}@${domainToASCII(domain) || domain}`;
};
