import type { Envelope } from "../../src/bounces/envelope.ts";
import { ConnectorError } from "../../src/ports/connector.ts";
import { inParallel } from "../shared/in-parallel.ts";
import type { GmailApi } from "./api.ts";
import { envelopeOf, isMail } from "./envelope-of.ts";
import type { Walk } from "./walk.ts";

/** Gmail answers 429 to too many requests of one user at once, whatever their quota. */
const atOnce = 4;

/** So many messages of a page may fail before Gmail itself is held to be failing. */
const mostFailures = 5;

/** The envelope of a message; none if it was deleted meanwhile (404), or is a draft or a chat. */
export const fetchEnvelope = async (api: GmailApi, id: string): Promise<Envelope[]> => {
  const message = await api.message(id);
  return message !== null && isMail(message.labelIds ?? []) ? [envelopeOf(id, message)] : [];
};

/** True when Google failed, not we: the same question may be answered another time. */
export const isUnavailable = (error: unknown): boolean => error instanceof ConnectorError && error.kind === "unavailable";

/**
 * The envelopes of some messages, in their order. One that Gmail fails over while it gives others is owed from then on, so that
 * it does not hold up the ones beside it; if none can be read, it is Gmail.
 */
export const fetchEnvelopes = async ({ api, state, tools }: Walk, ids: readonly string[]): Promise<Envelope[]> => {
  const failures: { id: string; error: unknown }[] = [];
  const found = await inParallel(ids, atOnce, async (id) => {
    try {
      return await fetchEnvelope(api, id);
    } catch (error) {
      if (!isUnavailable(error) || failures.length >= mostFailures) throw error;
      failures.push({ id, error });
      return [];
    }
  });
  if (failures.length > 0 && failures.length === ids.length) throw failures[0]?.error;
  state.owed.push(...failures.map(({ id }) => ({ id, since: tools.now() })));
  return found.flat();
};
