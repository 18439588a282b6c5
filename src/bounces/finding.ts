/** What a reader took from a notice about one recipient, before it is judged. */
import type { Reason } from "./reasons.ts";
import type { Action } from "./report.ts";

export type Finding = {
  address: string;
  /** The address the sender wrote to, where the notice names another than `address`. */
  originalAddress: string | null;
  /** As the notice says it; null where it does not say. */
  action: Action | null;
  /** Enhanced status code as reported; null where none is. */
  status: string | null;
  /** The server's own words about this recipient. */
  diagnostic: string | null;
  remoteMta: string | null;
  willRetryUntil: number | null;
  /** The reason, where the dialect itself says it and the words stand in any language. */
  known: Reason | null;
  /** Where in the notice it was found, in words for people: "line 3 of the text". */
  where: string | null;
};

/** The words in one line; the address alone says nothing about itself. */
const said = (address: string, diagnostic: string | null): string | null => {
  const words = diagnostic?.replace(/\s+/g, " ").trim().slice(0, 2000) ?? "";
  return words === "" || words.replace(/^<|>$/g, "").toLowerCase() === address.toLowerCase() ? null : words;
};

/** A finding that knows an address and what was said about it. */
export const finding = (address: string, diagnostic: string | null, more: Partial<Finding> = {}): Finding => ({
  address,
  originalAddress: null,
  action: null,
  status: null,
  diagnostic: said(address, diagnostic),
  remoteMta: null,
  willRetryUntil: null,
  known: null,
  where: null,
  ...more,
});
