import type { Dispatcher, Jobs, JobsOptions } from "../ports/jobs.ts";

/**
 * The embedded dispatcher: one loop per kind of work that asks what is due, fills the free slots, and sleeps until a slot is
 * free, somebody nudges or it is time to look again. An item is never given out twice at once.
 */
export const inProcess: Dispatcher = {
  start: (options) => startInProcessJobs(options),
  share: async () => ({ index: 0, of: 1 }),
  close: async () => {},
};

const againAfterMs = 1000;

const startInProcessJobs = <Item extends object>(options: JobsOptions<Item>): Jobs => {
  const running = new Map<string, Promise<void>>();
  const threw = new Map<string, Item>();
  const stopping = new AbortController();
  let wake: () => void = () => {};
  let nudged = false;

  const nudge = (): void => {
    nudged = true;
    wake();
  };

  const run = (item: Item): void => {
    const key = options.keyOf(item);
    const done = options
      .work(item, stopping.signal, threw.delete(key) ? "threw" : "ended")
      .catch((error: unknown) => {
        options.onError(error);
        setTimeout(() => {
          threw.set(key, item);
          nudge();
        }, againAfterMs).unref();
      })
      .finally(() => {
        running.delete(key);
        nudge();
      });
    running.set(key, done);
  };

  const fillFreeSlots = async (): Promise<void> => {
    const free = options.concurrency - running.size;
    if (free <= 0) return;
    // What runs is still due in the database, so ask for that many more.
    const due = await options.due(options.concurrency + running.size);
    const fresh = [...threw.values(), ...due.filter((item) => !threw.has(options.keyOf(item)))]
      .filter((item) => !running.has(options.keyOf(item)))
      .slice(0, free);
    if (!stopping.signal.aborted) fresh.forEach(run);
  };

  const sleep = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, options.lookEveryMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (nudged || stopping.signal.aborted) wake();
    });

  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      nudged = false;
      await fillFreeSlots().catch(options.onError);
      await sleep();
    }
    await Promise.all(running.values());
  };
  const ended = loop();

  return {
    nudge,
    async stop() {
      stopping.abort();
      wake();
      await ended;
    },
  };
};
