import type { Hint } from "../ports/connector.ts";
import { type PushDeps, pushProviders } from "./push-watches.ts";

/**
 * Fetches notifications where a provider keeps them for us: one listener per provider and process. Two processes share them,
 * which is as good, because each notification makes its inbox due for all. `stop` resolves when every listener has ended.
 */
export const startListening = (deps: PushDeps, onHint: (hint: Hint) => Promise<void>): { stop: () => Promise<void> } => {
  const stopping = new AbortController();
  const listen = async (): Promise<void> => {
    const listening = (await pushProviders(deps)).map(({ provider, push }) =>
      push.listen?.(deps.appOf(provider), { signal: stopping.signal, now: deps.now, log: deps.log }, onHint),
    );
    await Promise.all(listening);
  };
  const ended = listen().catch((error: unknown) => deps.log.error({ err: error }, "listening for new mail ended; a fault of ours"));
  return {
    async stop() {
      stopping.abort();
      await ended;
    },
  };
};
