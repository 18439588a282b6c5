import { firstValue } from "../../src/bounces/envelope.ts";
import type { FoundMessage } from "../../src/ports/connector.ts";
import type { GmailApi } from "./api.ts";
import { fetchEnvelope } from "./fetch-envelopes.ts";

/** Copies beyond this many are copies all the same. */
const mostCopies = 5;

/**
 * The message with this Message-ID, wherever it lies, spam and trash included ("Search operators you can use with Gmail",
 * rfc822msgid:). All of Gmail is watched.
 */
export const findMessage = async (api: GmailApi, messageId: string): Promise<FoundMessage[]> => {
  const bare = messageId.trim().replace(/^<|>$/g, "");
  // What the search box reads as more than one word is no id that it could find.
  if (bare === "" || /[\s"(){}]/.test(bare)) return [];
  const { ids } = await api.list(`rfc822msgid:${bare}`, undefined);
  const found: FoundMessage[] = [];
  for (const id of ids.slice(0, mostCopies)) {
    for (const envelope of await fetchEnvelope(api, id)) {
      if (firstValue(envelope.headers, "message-id")?.trim() === messageId.trim()) found.push({ envelope, watched: true });
    }
  }
  return found;
};
