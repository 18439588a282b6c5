import { type DeliverDeps, deliverWebhook } from "../deliver/deliver-webhook.ts";
import { startInProcessJobs } from "../jobs/in-process.ts";
import type { Jobs } from "../ports/jobs.ts";
import { type DueWebhook, dueWebhooks } from "../store/webhook-turns.ts";

/**
 * Starts sending events to webhook endpoints, `endpointsAtOnce` of those that accept what they get, and half as many, in places of
 * their own, of those that did not: however many receivers hang, they take no place from one that answers.
 */
export const startDelivery = (deps: DeliverDeps, options: { endpointsAtOnce: number; lookEveryMs: number }): Pick<Jobs, "stop"> => {
  const queue = (failing: boolean, concurrency: number): Jobs =>
    startInProcessJobs<DueWebhook>({
      due: (limit) => dueWebhooks(deps.database.read, failing, deps.now(), limit),
      keyOf: ({ webhookId }) => webhookId,
      work: (due, signal) => deliverWebhook(deps, due, signal),
      concurrency,
      lookEveryMs: options.lookEveryMs,
      onError: (error) => deps.log.error({ err: error }, "a webhook turn failed; trying again"),
    });
  const queues = [queue(false, options.endpointsAtOnce), queue(true, Math.ceil(options.endpointsAtOnce / 2))];
  return {
    stop: async () => {
      await Promise.all(queues.map((each) => each.stop()));
    },
  };
};
