/** Every type of event there is (surfaces.md), with the data of a test event of it. */
import type { Json } from "../ports/connector.ts";

const at = "2026-11-25T19:02:33Z";

const engagement = {
  id: "eng_01KAXR3W5V8Q2M7T9ZC4B6N1PD",
  object: "engagement",
  kind: "bounce",
  state: "hard",
  category: "unknown_user",
  reason: "userunknown",
  contactId: "con_01KAX0M2QH6RD4T8V2W6Y9Z1A3",
  contactExternalId: "crm-88213",
  inboxId: "inb_01KAWZ7T3E5NB7C9D1F3G5H7J9",
  owner: { externalId: "user-17", name: "Anna Nowak" },
  recipient: {
    address: "jan@customer.example",
    role: "to",
    reportedAddress: "jan@customer.example",
    relation: "same",
    othersFailed: 0,
    othersTotal: 1,
  },
  sentMessageId: "msg_01KAXR1B9D4FE6G8H0J2K4M6N8",
  server: {
    status: "5.1.1",
    smtpCode: 550,
    diagnostic: "550 5.1.1 <jan@customer.example>: Recipient address rejected: User unknown",
    reportingMta: "postfix.relay.example",
    remoteMta: "mx.customer.example",
    language: "en",
  },
  match: { rule: "embedded_message_id", confidence: "certain", confirmedBy: null },
  classification: { rule: "status-5.1.1", parserVersion: "1", mapping: "default" },
  noticeId: "ntc_01KAXR3V0K2JM4N6P8Q0R2S4T6",
  addressEffect: "made_ineligible",
  pendingUntil: null,
  history: [{ state: "hard", at, noticeId: "ntc_01KAXR3V0K2JM4N6P8Q0R2S4T6", because: "failure_notice" }],
  backfill: false,
  occurredAt: at,
  detectedAt: at,
  updatedAt: at,
  version: 1,
};
const pending = { state: "pending", category: "temporary_technical", reason: "networkerror" };
const address = { address: "jan@customer.example", engagementId: engagement.id };
const notice = {
  id: engagement.noticeId,
  object: "notice",
  state: "unmatched",
  kind: "failure",
  format: "postfix",
  inboxId: engagement.inboxId,
  folder: "INBOX",
  receivedAt: at,
  recipients: [{ address: "jan@customer.example", because: "no_such_message", suggestion: null }],
};
const inbox = { inboxId: engagement.inboxId };
const link = { connectLinkId: "lnk_01KAWZ5Q2R4S6T8V0W2X4Y6Z8A", inboxId: null };
const contact = { contactId: engagement.contactId };

const samples: { [type: string]: { [key: string]: Json } } = {
  "engagement.created": { engagement },
  "engagement.updated": { engagement, previous: pending },
  "engagement.reclassified": { engagement, previous: pending },
  "engagement.retracted": { engagement: { ...engagement, state: "retracted" }, previous: { ...pending, state: "hard" } },
  "address.ineligible": address,
  "address.eligible": address,
  "notice.unmatched": { notice },
  "notice.suggested": { notice },
  "inbox.connected": inbox,
  "inbox.first_sync_completed": inbox,
  "inbox.attention_required": inbox,
  "inbox.recovered": inbox,
  "inbox.gap_found": { ...inbox, gap: { folder: "INBOX", from: at, to: at, because: "cursor_expired" } },
  "inbox.disconnected": inbox,
  "inbox.erased": { ...inbox, erasureId: "ers_01KAXS2A4B6C8D0E2F4G6H8J0K" },
  "connect_link.completed": { ...link, outcome: "connected", inboxId: engagement.inboxId },
  "connect_link.failed": { ...link, outcome: "denied" },
  "connect_link.expired": { ...link, outcome: null },
  "contact.created": contact,
  "contact.merged": { ...contact, intoContactId: "con_01KAX0M2QH6RD4T8V2W6Y9Z1A4" },
  "contact.erased": { ...contact, erasureId: "ers_01KAXS2A4B6C8D0E2F4G6H8J0K" },
  "webhook.test": {},
  "webhook.disabled": { webhookId: "whk_01KAXR9S1T3V5W7X9Y1Z3A5B7C", because: "gone", lastDeliveredSequence: null },
};

export const eventTypes: readonly string[] = Object.keys(samples);

/** The data of a test event, or null when there is no such type. `test` says what it is. */
export const sampleData = (type: string): { [key: string]: Json } | null => {
  return Object.hasOwn(samples, type) ? { ...samples[type], test: true } : null;
};

/** True for a type, `*`, and `group.*` of a group there is: a filter that can never let anything through is a typing error. */
export const isEventFilter = (filter: string): boolean =>
  filter === "*" || eventTypes.some((type) => filter === type || filter === `${type.split(".")[0]}.*`);
