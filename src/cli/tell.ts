/**
 * What turns and deliveries did, as lines of the log. A message has one name through all its steps: its inbox and the provider's id
 * (`ref`), which `bounceline explain <ref> --inbox <id>` takes too; from the line on that says which notice it became also that notice's
 * id, which every event about it carries.
 */
import type pino from "pino";
import type { Delivery } from "../deliver/deliver-webhook.ts";
import type { SyncNews } from "../sync/sync-news.ts";

type Log = Pick<pino.Logger, "debug" | "info">;

/** Logs each message that was opened, or is to be. A first sync opens very many: those are for who asks for details. */
export const logSync = (log: Log, news: SyncNews): void => {
  const inboxId = news.inbox.id;
  if (news.kind === "turn") {
    const error = news.end.kind === "failed" ? { error: news.end.error, because: news.end.message } : {};
    log.debug({ inboxId, end: news.end.kind, ...error, ms: news.ms }, "a turn ended");
    return;
  }
  for (const { envelope, verdict, trace } of news.messages) {
    if (!trace) continue;
    const kept = news.saved.noticeOf.get(envelope.ref);
    const fields = { inboxId, ref: envelope.ref, verdict, outcome: trace.outcome, ...kept, step: trace.steps.at(-1)?.step };
    if (news.backfill) log.debug(fields, "a message was opened");
    else log.info(fields, "a message was opened");
  }
};

/** Logs each event sent. What receivers refuse is told by the sender itself, louder. */
export const logDelivery = (log: Log, { webhook, event, answer, ms }: Delivery): void => {
  const { id, type, sequence, accountId } = event;
  log.debug(
    { accountId, webhookId: webhook.id, eventId: id, type, sequence, ...subjectOf(event.data), outcome: answer.kind, ms },
    "an event was sent",
  );
};

/** Which notice and engagement an event is about. */
const subjectOf = (data: unknown): { noticeId?: string; engagementId?: string } => {
  const { engagement, notice } = (data ?? {}) as { engagement?: { id?: string; noticeId?: string }; notice?: { id?: string } };
  const noticeId = engagement?.noticeId ?? notice?.id;
  return { ...(noticeId !== undefined && { noticeId }), ...(engagement?.id !== undefined && { engagementId: engagement.id }) };
};
