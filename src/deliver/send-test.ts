import type { Json } from "../ports/connector.ts";
import { newId } from "../store/ids.ts";
import { webhookSecrets } from "../store/webhook-secrets.ts";
import { updateWebhook, type Webhook } from "../store/webhooks.ts";
import { errorOf } from "./answer.ts";
import type { DeliverDeps } from "./deliver-webhook.ts";
import { eventBody } from "./event-body.ts";
import { openPost } from "./post-event.ts";
import { signedHeaders } from "./sign.ts";

/** What a receiver did with a test event. */
export type TestResult = { eventId: string; accepted: boolean; status: number | null; error: string | null; elapsedMs: number };

/**
 * Sends a made-up event to an endpoint now, whether it is enabled or not, and waits for the answer. The event is in no log: its
 * sequence is 0, and `data.test` is true. If it is accepted, a wait after failures is over.
 */
export const sendTest = async (deps: DeliverDeps, webhook: Webhook, type: string, data: { [key: string]: Json }): Promise<TestResult> => {
  const { id, accountId } = webhook;
  const begun = deps.now();
  const event = { id: newId("evt", begun), type, at: begun, sequence: 0, accountId, backfill: false, data };
  const secrets = (await webhookSecrets(deps.database.read, deps.keys, accountId, id, begun)) ?? [];
  const { post, close } = openPost(webhook.url, { way: deps, timeoutMs: deps.timeoutMs, signal: new AbortController().signal });
  const body = JSON.stringify(eventBody(event));
  const answer = await post(body, signedHeaders(secrets, event.id, body, begun)).finally(close);
  const accepted = answer.kind === "accepted";
  if (accepted && webhook.attempts > 0) await deps.database.transaction((tx) => updateWebhook(tx, accountId, id, {}, deps.now()));
  return {
    eventId: event.id,
    accepted,
    status: answer.kind === "stopped" ? null : answer.status,
    error: answer.kind === "refused" ? errorOf(answer) : null,
    elapsedMs: deps.now() - begun,
  };
};
