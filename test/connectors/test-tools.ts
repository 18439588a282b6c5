import { createDial } from "../../connectors/shared/dial.ts";
import { createLimiter } from "../../connectors/shared/limiter.ts";
import { createPlaces } from "../../connectors/shared/places.ts";
import type { Json, Log, Tools } from "../../src/ports/connector.ts";

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** The tools of a session in a test: a real clock, a dial that may reach this machine, and secrets held in memory. */
export const testTools = ({ secrets = {}, ...given }: Partial<Tools> & { secrets?: Json } = {}): Tools => {
  let held = secrets;
  return {
    signal: new AbortController().signal,
    now: Date.now,
    log: silent,
    limiter: createLimiter({ now: Date.now }),
    places: createPlaces(() => 100),
    dial: createDial({ allow: ["127.0.0.0/8"] }),
    app: null,
    credentials: {
      read: async () => held,
      async refresh(fn) {
        held = await fn(held);
        return held;
      },
    },
    ...given,
  };
};

/** Everything an async iterable yields. */
export const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};
