import type { Envelope } from "../../src/bounces/envelope.ts";
import type { Page } from "../../src/ports/connector.ts";
import { fetchEnvelope, isUnavailable } from "./fetch-envelopes.ts";
import { emit, emptyPage, type Walk } from "./walk.ts";

const day = 86_400_000;
const minute = 60_000;

/** So many are asked for at each look: each costs 20 units, and a second or two when Gmail still fails over it. */
const atOnce = 3;

type Owed = Walk["state"]["owed"][number];

/** Others each minute, so that those which fail for ever do not keep the rest from being asked for. */
const someOf = (owed: readonly Owed[], now: number): Owed[] => {
  const start = owed.length === 0 ? 0 : Math.floor(now / minute) % owed.length;
  return [...owed.slice(start), ...owed.slice(0, start)].slice(0, atOnce);
};

const tryAgain = async ({ api }: Walk, { id }: Owed): Promise<Envelope[] | null> => {
  try {
    return await fetchEnvelope(api, id);
  } catch (error) {
    if (isUnavailable(error)) return null;
    throw error;
  }
};

/** Messages Gmail failed over before: asked for again for a day, since only Gmail says what they are; then told to be read as they come. */
export async function* pullOwed(walk: Walk): AsyncGenerator<Page> {
  const { state, tools } = walk;
  for (const one of someOf(state.owed, tools.now())) {
    const settle = (): void => {
      state.owed = state.owed.filter(({ id }) => id !== one.id);
    };
    const messages = await tryAgain(walk, one);
    if (messages !== null) yield* emit(walk, messages, true, settle);
    else if (tools.now() - one.since > day) {
      settle();
      yield emptyPage(walk, { unread: [{ ref: one.id, folder: "Inbox", role: "inbox", receivedAt: null }] });
    }
  }
}
