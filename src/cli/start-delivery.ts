import { type DeliverDeps, deliverWebhook } from "../deliver/deliver-webhook.ts";
import type { Dispatcher } from "../ports/jobs.ts";
import { type DueWebhook, dueWebhooks } from "../store/webhook-turns.ts";

/** How many endpoints may be waited for beside those that have a place, per place. */
const slowPerPlace = 10;

/**
 * Starts sending events to webhook endpoints, to `endpointsAtOnce` of them at the same time. One whose receiver does not answer
 * within a second gives its place away and is waited for beside, so that however many hang, those that answer have places.
 */
export const startDelivery = (
  dispatcher: Dispatcher,
  deps: DeliverDeps,
  options: { endpointsAtOnce: number; lookEveryMs: number },
): { stop: () => Promise<void> } => {
  const slow = new Set<Promise<void>>();
  const onError = (error: unknown): void => deps.log.error({ err: error }, "sending events failed; trying again");
  const work = (due: DueWebhook, signal: AbortSignal): Promise<void> =>
    new Promise((giveAway) => {
      const leave = (): void => {
        if (slow.size >= slowPerPlace * options.endpointsAtOnce) return;
        slow.add(turn);
        giveAway();
      };
      const turn: Promise<void> = deliverWebhook(deps, due, signal, leave)
        .catch(onError)
        .finally(() => {
          slow.delete(turn);
          giveAway();
        });
    });
  const queue = dispatcher.start<DueWebhook>({
    name: "webhooks",
    due: (limit) => dueWebhooks(deps.database.read, deps.now(), limit),
    keyOf: ({ webhookId }) => webhookId,
    work,
    concurrency: options.endpointsAtOnce,
    lookEveryMs: options.lookEveryMs,
    onError,
  });
  return {
    stop: async () => {
      await queue.stop();
      await Promise.all(slow);
    },
  };
};
