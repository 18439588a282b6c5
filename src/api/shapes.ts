/**
 * What the API takes and gives, as zod schemas; OpenAPI is made from them. camelCase, RFC 3339 in UTC, nulls present.
 * Enums are open (a client must bear new values), except an engagement's state.
 */

import { z } from "zod";
import { categories } from "../bounces/report.ts";
import { isReturnUrl } from "./return-url.ts";

const id = (prefix: string) => z.string().describe(`Id: ${prefix}_ and a ULID.`);
export const time = z.iso.datetime().describe("RFC 3339, UTC.");
const metadata = z.record(z.string(), z.unknown()).describe("Your own data, given back as it came.");

export const problem = z
  .object({
    type: z.string().describe("Stable code, such as not-found."),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    requestId: z.string(),
    errors: z.array(z.object({ pointer: z.string(), code: z.string(), detail: z.string() })).optional(),
    retryAfterSeconds: z.int().optional(),
  })
  .meta({ id: "Problem", description: "RFC 9457 problem details." });

const rowCounts = z.record(z.string(), z.int()).describe("Rows by table.");

export const erasure = z
  .object({
    id: id("ers"),
    object: z.literal("erasure"),
    kind: z.string().describe("contact, inbox or account."),
    subjectId: z.string(),
    by: z.string().describe("Who asked for it."),
    removed: rowCounts,
    changed: rowCounts.describe("Rows of others from which the subject was taken out, by table."),
    leftBehind: rowCounts.nullable().describe("The proof: rows that still mention it, found by a search afterwards. {} is none."),
    checkedAt: time.nullable(),
    erasedAt: time,
  })
  .meta({ id: "Erasure" });

export const auditEntry = z
  .object({
    id: id("aud"),
    by: z.string().describe("key:<id>, session:<user>, or command line."),
    action: z.string().describe("Method and path, or the command."),
    subject: z.string().nullable().describe("An id, or the keyed hash of an address."),
    at: time,
  })
  .meta({ id: "AuditEntry" });

export const listOf = <T extends z.ZodType>(item: T) => z.object({ data: z.array(item), nextCursor: z.string().nullable() });

/** Query fields that every list has. */
export const page = {
  limit: z.coerce.number().int().min(1).max(200).default(50).describe("At most so many, 200 at the most."),
  cursor: z.string().optional().describe("nextCursor of the page before."),
};

export const language = z.string().max(100).optional().describe("en or pl; Accept-Language otherwise.");

const text = z.object({
  language: z.enum(["en", "pl"]),
  title: z.string().describe("A heading, such as: Hard bounce: Unknown user."),
  meaning: z.string().describe("What happened, in a sentence or two."),
  likelyCause: z.string().nullable().describe("Where there is a sign for a cause that the server's words do not tell."),
  actions: z
    .array(z.object({ code: z.string().describe("Such as correct_address."), text: z.string() }))
    .describe("What to do, the best first."),
  letter: z.object({ subject: z.string(), body: z.string() }).nullable().describe("For the sender's IT team, where that is what to do."),
});

export const account = z
  .object({
    id: id("acc"),
    object: z.literal("account"),
    externalId: z.string().nullable(),
    name: z.string(),
    metadata,
    logFor: z.enum(["auto", "known", "all"]).describe("Whose bounces are logged."),
    neverLog: z.array(z.string()).describe("Addresses and domains that are never logged."),
    mapping: z.record(z.string(), z.unknown()).describe("Your own rows of the table of reasons."),
    globalRule: z.boolean().describe("Whether it shares hard bounces and benefits from those of others."),
    returnUrls: z.array(z.string()).describe("Where connect links may lead back to."),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: "Account" });

const category = z.enum(categories);

/** A row of the table of reasons: the category of a permanent and of a temporary refusal, and a type that overrides the server's. */
const mappingRow = z.object({ permanent: category, temporary: category, type: z.enum(["hard", "soft"]).optional() });

export const accountInput = z.object({
  name: z.string().min(1).max(200),
  externalId: z.string().min(1).max(200).optional(),
  metadata: metadata.optional(),
  logFor: z
    .enum(["auto", "known", "all"])
    .optional()
    .describe("Whose bounces are logged. auto: everybody's until you have upserted contacts, then only theirs."),
});

/** What more an account can set. */
export const accountRules = {
  neverLog: z
    .array(z.string().min(3).max(320))
    .max(10_000)
    .optional()
    .describe("Addresses, and domains as @example.com, that are never logged."),
  mapping: z
    .partialRecord(z.string(), mappingRow)
    .optional()
    .describe(
      "Rows by reason, over the default ones: whether mailbox full, spam or policy count as hard is yours to say. Counts from the next notice on; `bounceline reclassify` applies it to stored ones.",
    ),
  globalRule: z
    .boolean()
    .optional()
    .describe("Share hard bounces, and benefit: an address that bounced in three unrelated organisations is left out."),
  returnUrls: z
    .array(z.url().max(2000).refine(isReturnUrl, "must be https, or http on this machine, without a password or a fragment"))
    .max(50)
    .optional()
    .describe("Where connect links may lead back to: pages of yours. A link's returnUrl is one of them, with any query."),
};

export const contact = z
  .object({
    id: id("con"),
    object: z.literal("contact"),
    externalId: z.string().nullable(),
    name: z.string().nullable(),
    addresses: z.array(z.string()),
    hardBounceReason: z.string().nullable().describe("Why mail to this contact bounced, while it stands."),
    metadata,
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: "Contact" });

export const contactInput = z.object({
  externalId: z.string().min(1).max(200).describe("Your id of the contact: the same again updates it."),
  name: z.string().max(300).nullable().optional(),
  addresses: z.array(z.email().max(320)).min(1).max(50),
  metadata: metadata.optional(),
});

export const inbox = z
  .object({
    id: id("inb"),
    object: z.literal("inbox"),
    provider: z.string(),
    address: z.string().describe("The mailbox's main address."),
    addresses: z.array(z.string()).describe("Every address that is its own."),
    owner: z.object({ externalId: z.string().nullable(), name: z.string().nullable() }),
    externalId: z.string().nullable(),
    metadata,
    state: z
      .string()
      .describe(
        "connecting, first_sync, watching, waiting, unreachable, reconnect_needed, needs_admin, missing_permission, paused, disconnected or erased.",
      ),
    since: time.describe("When this state began."),
    text: z.object({ meaning: z.string(), action: z.string().nullable() }).describe("The state in words, and what its owner can do."),
    progress: z.object({ done: z.int(), total: z.int().nullable() }).nullable().describe("Of a first sync, in messages."),
    lagSeconds: z.int().nullable().describe("Seconds by which the next poll is late."),
    lastPollAt: time.nullable(),
    lastMailSeenAt: time.nullable(),
    nextPollAt: time.nullable(),
    coverage: z
      .object({ gap: z.int().nullable(), checkedAt: time.nullable() })
      .describe("How many messages of the last days the provider held that we had not seen, when it was compared last. Null before that."),
    folders: z.array(z.object({ name: z.string(), role: z.string(), watched: z.boolean(), why: z.string() })),
    limits: z.array(z.object({ code: z.string(), text: z.string() })).describe("What this provider cannot do."),
    warnings: z.array(z.object({ code: z.string(), text: z.string() })).describe("What is wrong with this inbox."),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: "Inbox" });

export const inboxInput = z.object({
  provider: z.string().describe("imap, or another connector of this installation."),
  address: z.email(),
  settings: z.record(z.string(), z.unknown()).describe("As the provider's settings schema says."),
  secrets: z.record(z.string(), z.unknown()).describe("Sealed at once, never given back."),
  owner: z.object({ externalId: z.string().max(200).optional(), name: z.string().max(200).optional() }).optional(),
  externalId: z.string().max(200).optional(),
  metadata: metadata.optional(),
  sinceDays: z.int().min(0).max(3650).default(30).describe("How many days back the first sync reads."),
});

export const state = z.enum(["pending", "soft", "hard", "delivered", "retracted"]);

const sentMessage = z.object({
  id: id("msg"),
  kind: z.enum(["one_to_one", "marketing"]),
  sendId: z.string().nullable(),
  externalId: z.string().nullable(),
  messageId: z.string().nullable(),
  subject: z.string().nullable(),
  from: z.string().nullable(),
  sentAt: time,
  metadata,
});

const noticeFacts = z.object({
  receivedAt: time,
  folder: z.string(),
  format: z.string(),
  openUrl: z.string().nullable().describe("The provider's page that shows the notice, where it has one."),
  openableBy: z.literal("owner").nullable().describe("Who can open it: who owns the mailbox."),
});

export const engagement = z
  .object({
    id: id("eng"),
    object: z.literal("engagement"),
    kind: z.literal("bounce"),
    state: state.describe("What is known by now; it changes as news comes in."),
    category: z.string().nullable().describe("Such as unknown_user or mailbox_full: what to do follows from it."),
    reason: z.string().nullable().describe("Finer than the category, such as userunknown."),
    contactId: id("con"),
    contactExternalId: z.string().nullable(),
    inboxId: id("inb"),
    owner: z.unknown().describe("The inbox's owner, as you gave it."),
    recipient: z.object({
      address: z.string().describe("Whom the message was sent to."),
      role: z.enum(["to", "cc", "bcc"]),
      reportedAddress: z.string().describe("Whom the notice names."),
      relation: z
        .enum(["same", "alias", "forward"])
        .describe("How the two are related; through an alias or a forward the address stays usable."),
      othersFailed: z.int().describe("How many other recipients of the message have failed."),
      othersTotal: z.int(),
    }),
    sentMessageId: id("msg"),
    sentMessage: sentMessage.optional().describe("With expand=sentMessage."),
    server: z
      .object({
        status: z.string().nullable().describe("Enhanced status code (RFC 3463)."),
        smtpCode: z.int().nullable(),
        diagnostic: z.string().nullable().describe("The server's own words."),
        reportingMta: z.string().nullable().describe("Who wrote the notice."),
        remoteMta: z.string().nullable().describe("Who refused the message."),
        language: z.string().nullable().describe("Of the server's words."),
      })
      .nullable()
      .describe("What the server said."),
    text,
    match: z
      .object({ rule: z.string(), confidence: z.string(), confirmedBy: z.string().nullable() })
      .nullable()
      .describe("By which rule the notice was tied to the message, how certainly, and who confirmed it."),
    classification: z
      .object({ rule: z.string(), parserVersion: z.string(), mapping: z.string() })
      .nullable()
      .describe("By which rule the category was found, and whose table of reasons was used."),
    noticeId: id("ntc").nullable(),
    notice: noticeFacts.nullable().optional().describe("With expand=notice."),
    addressEffect: z.enum(["made_ineligible", "none"]).describe("Whether this bounce takes the address out of marketing."),
    pendingUntil: time.nullable().describe("Until then the server keeps trying; then it counts as soft."),
    history: z
      .array(z.object({ state, at: time, noticeId: z.string().nullable(), because: z.string() }))
      .describe("How it came to its state."),
    backfill: z.boolean().describe("Found by a first sync: old news."),
    occurredAt: time.describe("When the newest notice was received."),
    detectedAt: time.describe("When we first knew of it."),
    updatedAt: time,
    version: z.int().describe("Goes up with every change."),
  })
  .meta({ id: "Engagement" });

export const addressChange = z
  .object({
    object: z.literal("address_change"),
    kind: z.string().describe("unbounced: somebody made the address usable again; reply_seen: a person wrote from it."),
    address: z.string(),
    by: z.string().nullable().describe("Who unbounced it."),
    note: z.string().nullable().describe("Why."),
    occurredAt: time,
  })
  .meta({ id: "AddressChange" });

export const address = z
  .object({
    object: z.literal("address"),
    address: z.string(),
    known: z.boolean().describe("Whether anything ever happened to it."),
    marketing: z.object({ eligible: z.boolean(), reason: z.string().nullable() }),
    oneToOne: z.object({ eligible: z.boolean(), warning: z.string().nullable() }),
    hardBounceReason: z.string().nullable().describe("Empty where only the global rule applies."),
    globalBounce: z.boolean().describe("Bounced in three unrelated organisations."),
    since: time.nullable(),
    engagementId: z.string().nullable(),
    lastSignOfLife: time.nullable().describe("When a person last wrote from there."),
    unbounce: z.object({ allowed: z.boolean() }),
    appeal: z.object({ allowed: z.boolean() }).describe("Against the global rule."),
    text: z.string().describe("All of this in one sentence."),
  })
  .meta({ id: "Address" });

export const noticeState = z.enum(["matched", "waiting", "unmatched", "not_ours", "not_logged", "no_bounce", "dismissed"]);

export const notice = z
  .object({
    id: id("ntc"),
    object: z.literal("notice"),
    state: z.string().describe("matched, waiting, unmatched, not_ours, not_logged, no_bounce or dismissed."),
    kind: z.string().describe("Such as failure, delay or delivery_receipt."),
    format: z.string().describe("What read it, such as rfc3464 or exim."),
    inboxId: id("inb"),
    folder: z.string(),
    messageId: z.string().nullable(),
    recipients: z.array(
      z.object({
        address: z.string(),
        because: z.string().describe("How it was tied, or why not."),
        engagementId: z.string().nullable(),
        suggestions: z
          .array(z.object({ sentMessageId: z.string(), rule: z.string() }))
          .describe("Messages it may be about: for a person to confirm."),
      }),
    ),
    backfill: z.boolean(),
    waitsUntil: time.nullable().describe("Until then its message may still turn up."),
    receivedAt: time,
    detectedAt: time,
    updatedAt: time,
  })
  .meta({ id: "Notice" });

const recipientRole = z.enum(["to", "cc", "bcc"]);

export const sentMessageInput = z.object({
  messageId: z.string().min(3).max(1000).describe("Its Message-ID, with or without angle brackets."),
  ids: z.array(z.string().min(3).max(1000)).max(10).optional().describe("Other ids a notice may name it by."),
  kind: z.enum(["one_to_one", "marketing"]).default("one_to_one"),
  sendId: z.string().min(1).max(200).nullable().optional().describe("What groups the messages of one send."),
  externalId: z.string().min(1).max(200).nullable().optional(),
  subject: z.string().max(2000).nullable().optional(),
  from: z.string().max(320).nullable().optional(),
  sentAt: time,
  recipients: z
    .array(
      z.object({ address: z.string().min(3).max(320), name: z.string().max(300).nullable().optional(), role: recipientRole.default("to") }),
    )
    .min(1)
    .max(500),
  metadata: metadata.optional(),
});

export const sentMessageFull = z
  .object({
    id: id("msg"),
    object: z.literal("sent_message"),
    kind: z.enum(["one_to_one", "marketing"]),
    sendId: z.string().nullable(),
    externalId: z.string().nullable(),
    inboxId: z.string().nullable().describe("Null: registered through the API."),
    messageId: z.string().nullable(),
    subject: z.string().nullable(),
    from: z.string().nullable(),
    recipients: z.array(z.object({ address: z.string(), name: z.string().nullable(), role: recipientRole })),
    sentAt: time,
    metadata,
  })
  .meta({ id: "SentMessage" });

export const sendRecipient = z
  .object({
    sentMessageId: id("msg"),
    externalId: z.string().nullable(),
    address: z.string(),
    name: z.string().nullable(),
    role: recipientRole,
    state: state.nullable().describe("Null while nothing came back."),
    category: z.string().nullable().describe("Why it bounced, in ten categories."),
    reason: z.string().nullable().describe("Why it bounced, in detail."),
    diagnostic: z.string().nullable().describe("The server's own words."),
    engagementId: z.string().nullable(),
    contactId: z.string().nullable(),
  })
  .meta({ id: "SendRecipient" });

export const explanation = z
  .object({
    code: z.string().describe("Stable, such as logged or not_seen."),
    sentence: z.string().describe("The answer to: why?"),
    needed: z.string().nullable().describe("What would have been needed for it to be logged."),
    action: z
      .looseObject({ code: z.string(), inboxId: z.string().optional(), ref: z.string().optional(), folder: z.string().optional() })
      .nullable()
      .describe("What to do next, and on what; a page offers it as a button."),
    steps: z.array(z.object({ step: z.string(), because: z.string() })).describe("Every decision about the message, in order."),
  })
  .meta({ id: "Explanation" });

/** What inspectMail says; more may be in it. */
export const inspection = z
  .looseObject({
    verdict: z.string().describe("bounce, not_bounce or unreadable."),
    kind: z.string().describe("Such as failure, delay, mixed, delivery_receipt, read_receipt, auto_reply or ordinary."),
    format: z.string().describe("What read it, such as rfc3464 or exim."),
    recipients: z
      .array(
        z.looseObject({
          address: z.string().describe("The failed recipient as reported."),
          originalAddress: z.string().nullable().describe("The one the sender wrote to, where the notice says so."),
          action: z.string().describe("failed, delayed, delivered, relayed or expanded."),
          status: z.string().nullable().describe("Enhanced status code (RFC 3463)."),
          type: z.string().describe("hard, soft, pending or none."),
          category: z.string().nullable(),
          reason: z.string().nullable(),
          rule: z.string().describe("What decided it."),
          diagnostic: z.string().nullable().describe("The server's own words."),
          remoteMta: z.string().nullable(),
        }),
      )
      .describe("One outcome per recipient."),
    original: z
      .looseObject({
        messageId: z.string().nullable(),
        subject: z.string().nullable(),
        from: z.string().nullable(),
        to: z.array(z.string()),
        references: z.array(z.string()),
        foundIn: z.string().nullable().describe("The part of the notice that says so."),
      })
      .describe("What the notice says about the message it is about."),
    inReplyTo: z.array(z.string()),
    evidence: z.array(z.object({ step: z.string(), because: z.string() })).describe("Every decision, in order."),
    language: z.string().nullable().describe("Of the notice's prose."),
    parserVersion: z.string(),
  })
  .meta({ id: "Inspection" });

export const connectLink = z
  .object({
    id: id("lnk"),
    object: z.literal("connect_link"),
    state: z.string().describe("open, used, completed, failed or expired."),
    outcome: z.string().nullable().describe("connected, denied, needs_admin, wrong_address, missing_permission or failed."),
    owner: z.object({ externalId: z.string().nullable(), name: z.string().nullable() }),
    expectedAddress: z.string().nullable(),
    providers: z.array(z.string()),
    inboxId: z.string().nullable(),
    returnUrl: z.string().nullable(),
    expiresAt: time,
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: "ConnectLink" });

export const connectLinkInput = z.object({
  owner: z.object({ externalId: z.string().max(200).optional(), name: z.string().max(200).optional() }).optional(),
  expectedAddress: z.email().nullable().optional().describe("The mailbox that must be signed in to."),
  providers: z.array(z.string()).max(10).optional().describe("To choose from; all that are set up otherwise."),
  inboxId: z.string().nullable().optional().describe("Reconnect this inbox."),
  language: z.enum(["en", "pl"]).nullable().optional(),
  returnUrl: z
    .url()
    .max(2000)
    .nullable()
    .optional()
    .describe(
      "Where the browser goes at the end, with connectLink and result (connected, denied, needs_admin, wrong_address, missing_permission or failed) in its query. One of the account's returnUrls. Anybody can write a query: ask for the link's state.",
    ),
  expiresIn: z.int().min(60).max(2_592_000).default(604_800).describe("Seconds; a week by default."),
  sinceDays: z.int().min(0).max(3650).default(30).describe("How many days back the first sync reads."),
});

export const event = z
  .object({
    id: id("evt"),
    object: z.literal("event"),
    type: z.string().describe("Such as engagement.created."),
    timestamp: time,
    sequence: z.int().describe("Counts the account's events without gaps."),
    accountId: id("acc"),
    backfill: z.boolean().describe("Found by a first sync: old news."),
    data: z.record(z.string(), z.unknown()).describe("What the type tells of; an engagement event has the whole engagement."),
  })
  .meta({ id: "Event" });

export const webhook = z
  .object({
    id: id("whk"),
    object: z.literal("webhook"),
    url: z.string(),
    description: z.string().nullable(),
    types: z.array(z.string()).describe("Types, groups such as engagement.*, or * for all."),
    includeBackfill: z.boolean().describe("Also what first syncs find: old news."),
    enabled: z.boolean(),
    disabledBecause: z.string().nullable().describe("gone: the receiver answered 410; asked: through the API."),
    state: z.string().describe("delivering, failing or disabled."),
    position: z.int().describe("Every event up to this sequence is settled: accepted, given up, or not for this endpoint."),
    lastDeliveredSequence: z.int().nullable(),
    lastDeliveredAt: time.nullable(),
    pending: z.int().describe("Events still to be sent; 1,000 stands for more."),
    attempts: z.int().describe("How often the event that is next was refused."),
    failingSince: time.nullable(),
    lastError: z.string().nullable(),
    lastErrorAt: time.nullable(),
    nextAttemptAt: time.nullable().describe("While it is failing."),
    previousSecretUntil: time.nullable().describe("Until then requests bear the old secret's signature too."),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: "Webhook" });

export const webhookWithSecret = webhook.extend({ secret: z.string().describe("whsec_…; shown this once.") });

export const webhookInput = z.object({
  url: z.string().min(1).max(2000).describe("https://…; no user name or password in it."),
  description: z.string().max(500).nullable().optional(),
  types: z.array(z.string().max(100)).min(1).max(50).optional().describe("Types, groups such as engagement.*, or * for all (the default)."),
  includeBackfill: z.boolean().optional().describe("Also what first syncs find: old news. True by default."),
  after: z.int().min(0).optional().describe("The sequence to begin after; 0 for all the log has. By default only what comes is sent."),
});

export const webhookReplay = z.union([
  z.strictObject({ after: z.int().min(0).describe("Everything after this sequence.") }),
  z.strictObject({ sequence: z.int().min(1).describe("This one event.") }),
  z.strictObject({ deadLetters: z.literal(true) }),
]);

export const webhookTestResult = z.object({
  object: z.literal("webhook_test"),
  type: z.string(),
  eventId: id("evt"),
  accepted: z.boolean(),
  status: z.int().nullable(),
  error: z.string().nullable(),
  elapsedMs: z.int(),
});

export const deadLetter = z
  .object({
    object: z.literal("dead_letter"),
    sequence: z.int(),
    eventId: id("evt"),
    type: z.string(),
    error: z.string().nullable(),
    at: time.describe("When it was given up."),
  })
  .meta({ id: "DeadLetter" });
