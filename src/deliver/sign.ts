import { Webhook } from "standardwebhooks";

/**
 * The headers of the Standard Webhooks specification for a body: `webhook-id` is the event's id, the same at every attempt;
 * `webhook-signature` has one `v1` signature per secret, with spaces between, so that a receiver may know either of them while
 * they are being rotated. `now` is the time of the attempt, epoch milliseconds: receivers refuse what is older than minutes.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export const signedHeaders = (secrets: readonly string[], eventId: string, body: string, now: number): Record<string, string> => ({
  "webhook-id": eventId,
  "webhook-timestamp": String(Math.floor(now / 1000)),
  "webhook-signature": secrets.map((secret) => new Webhook(secret).sign(eventId, new Date(now), body)).join(" "),
});
