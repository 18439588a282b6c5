import type { FastifyBaseLogger, FastifyInstance, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { DeliverDeps } from "../deliver/deliver-webhook.ts";
import type { Description } from "../ports/connector.ts";
import type { Database } from "../ports/database.ts";
import type { AuditLog } from "../store/audit-log.ts";
import type { Erasure } from "../store/erasures.ts";
import type { Inbox } from "../store/inboxes.ts";
import type { Keys } from "../store/secrets.ts";
import type { ConnectWish } from "../sync/connect-inbox.ts";
import type { ApiLimits } from "./rate-limit.ts";

/** What the API needs of the rest of the house. */
export type ApiDeps = {
  /** One that marks effects (idempotency.ts). */
  database: Database;
  now: () => number;
  version: string;
  /** Connects a mailbox by a provider that may be used over the network. */
  connectInbox: (accountId: string, wish: ConnectWish) => Promise<Inbox>;
  disconnectInbox: (inbox: Inbox) => Promise<Inbox>;
  /** Each erases for good and returns the receipt with its proof; null when it is not there. `by` is who asks. */
  eraseContact: (accountId: string, contactId: string, by: string) => Promise<Erasure | null>;
  eraseInbox: (inbox: Inbox, by: string) => Promise<Erasure | null>;
  eraseAccount: (accountId: string, by: string) => Promise<Erasure>;
  /** What a provider says of itself, or null when it is not there. */
  describe: (provider: string) => Promise<Description | null>;
  /** Where this server is reached from outside, without a slash at the end. */
  publicUrl: () => string;
  audit: AuditLog;
  /** The keys that hash addresses for the global rule, and seal kept answers. */
  keys: Keys;
  /** What sends events to webhooks. */
  delivery: DeliverDeps;
  /** An inbox may be due now. */
  nudge: () => void;
  limits: ApiLimits;
  /** What Prometheus reads. */
  metrics: () => Promise<{ contentType: string; text: string }>;
  /** False: not ready, and why. */
  ready: () => Promise<{ ready: boolean; checks: Record<string, string> }>;
};

export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;
