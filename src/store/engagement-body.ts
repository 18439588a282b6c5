import type { Engagement } from "./engagements.ts";

/** A time as programs outside read it, RFC 3339 in UTC. */
const time = (at: number): string => new Date(at).toISOString();

/** The server's own words are shown in full only where somebody asks for the notice: an event stays below 20 KB. */
const longest = 2_000;

/**
 * An engagement as the API and the events show it (surfaces.md), without what depends on who asks: `text` and what `expand` adds.
 */
export const engagementBody = (engagement: Engagement) => ({
  id: engagement.id,
  object: "engagement" as const,
  kind: "bounce" as const,
  state: engagement.state,
  category: engagement.category,
  reason: engagement.reason,
  contactId: engagement.contactId,
  contactExternalId: engagement.contactExternalId,
  inboxId: engagement.inboxId,
  owner: engagement.owner,
  recipient: engagement.recipient,
  sentMessageId: engagement.sentMessageId,
  server: engagement.server && { ...engagement.server, diagnostic: engagement.server.diagnostic?.slice(0, longest) ?? null },
  match: engagement.match,
  classification: engagement.classification,
  noticeId: engagement.noticeId,
  addressEffect: engagement.addressEffect,
  pendingUntil: engagement.pendingUntil === null ? null : time(engagement.pendingUntil),
  history: engagement.history.map((entry) => ({ ...entry, at: time(entry.at) })),
  backfill: engagement.backfill,
  occurredAt: time(engagement.occurredAt),
  detectedAt: time(engagement.detectedAt),
  updatedAt: time(engagement.updatedAt),
  version: engagement.version,
});
