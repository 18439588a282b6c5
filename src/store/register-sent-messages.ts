import type { Write } from "../ports/database.ts";
import { appendEvents } from "./events.ts";
import { waitingFor, wakeKeys } from "./notice-waits.ts";
import { type NewSentMessage, saveSentMessages } from "./save-sent-messages.ts";
import { tieNotices } from "./tie-notices.ts";

/**
 * Stores sent messages that the CRM registers, and ties the notices that waited for them. Returns their ids in order. Appends
 * events, so it is called once and late in its transaction.
 */
export const registerSentMessages = async (
  tx: Write,
  accountId: string,
  sent: readonly Omit<NewSentMessage, "ref" | "folder">[],
  now: number,
): Promise<string[]> => {
  const registered = sent.map((message) => ({ ...message, ref: null, folder: null }));
  const { ids, newIdKeys } = await saveSentMessages(tx, accountId, null, registered, now);
  const woken = await waitingFor(tx, accountId, wakeKeys(newIdKeys, sent));
  await appendEvents(tx, accountId, await tieNotices(tx, accountId, woken, { waitingIsOver: false }, now), now);
  return ids;
};
