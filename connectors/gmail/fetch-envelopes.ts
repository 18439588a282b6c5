import type { Envelope } from "../../src/bounces/envelope.ts";
import { inParallel } from "../shared/in-parallel.ts";
import type { GmailApi } from "./api.ts";
import { envelopeOf, isMail } from "./envelope-of.ts";

/** Gmail answers 429 to too many requests of one user at once, whatever their quota. */
const atOnce = 4;

/** The envelopes of some messages, in their order. One that was deleted meanwhile (404), a draft or a chat is left out. */
export const fetchEnvelopes = async (api: GmailApi, ids: readonly string[]): Promise<Envelope[]> => {
  const found = await inParallel(ids, atOnce, async (id) => {
    const message = await api.message(id);
    return message !== null && isMail(message.labelIds ?? []) ? [envelopeOf(id, message)] : [];
  });
  return found.flat();
};
