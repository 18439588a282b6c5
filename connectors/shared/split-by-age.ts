import type { Envelope } from "../../src/bounces/envelope.ts";

const day = 86_400_000;

/**
 * Splits messages, in their order, into runs that were there before the inbox was connected at `began` (backfill) and runs
 * that came after. What a live listing finds counts as new unless it is clearly older: the provider's clock may be off, and
 * old mail that was moved into a folder is no news. A message without a date is what the listing that found it is.
 */
export const splitByAge = (messages: readonly Envelope[], began: number, live: boolean): { backfill: boolean; messages: Envelope[] }[] => {
  const border = live ? began - day : began;
  const runs: { backfill: boolean; messages: Envelope[] }[] = [];
  for (const message of messages) {
    const backfill = message.receivedAt === null ? !live : message.receivedAt < border;
    const last = runs.at(-1);
    if (last && last.backfill === backfill) last.messages.push(message);
    else runs.push({ backfill, messages: [message] });
  }
  return runs;
};
