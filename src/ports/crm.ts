/** What a projection into somebody else's CRM must do. Each call may be made again with the same values and changes nothing then. */
import type { Category } from "../bounces/report.ts";
import type { State } from "../timeline/fold.ts";
import type { Json } from "./connector.ts";

/** A bounce as a CRM shows it on a contact's timeline. Times are epoch milliseconds. */
export type CrmEngagement = {
  /** Ours: whatever the CRM has of it is found by this. */
  id: string;
  state: State;
  subject: string | null;
  from: string | null;
  to: { address: string; role: "to" | "cc" | "bcc" };
  sentAt: number;
  smtpCode: number | null;
  /** The server's own words, or ours where it had none. */
  message: string;
  contact: CrmContactKey;
};

/** Where a contact is looked up: by the CRM's own id where `externalId` is one, else by address. */
export type CrmContactKey = { externalId: string | null; address: string };

/** What is known of a contact's address now. */
export type CrmContactState = CrmContactKey & {
  /** Null: none stands. */
  hardBounceReason: Category | null;
  /** Of its newest bounce; null where it has none. */
  bounceState: State | null;
};

export type Crm = {
  /** Makes what the CRM needs of us (fields, groups), and finds out what it lets us write. */
  prepare(): Promise<void>;
  /**
   * Writes a bounce and returns the CRM's id of it. `crmId` is what an earlier call returned; without it the CRM is asked first
   * whether it has the bounce already. Null: the CRM has no such contact, and nothing was written.
   */
  writeEngagement(engagement: CrmEngagement, crmId: string | null): Promise<string | null>;
  /** Writes a contact's hard bounce reason and state. False: the CRM has no such contact. */
  writeContact(contact: CrmContactState): Promise<boolean>;
  /** What was found out about the CRM so far, to be given to the next one that is opened; no secrets. */
  memory(): Json;
  /** Ends its connections. */
  close(): void;
};

export type OpenCrm = (options: { token: string; memory: Json; timeoutMs: number }) => Promise<Crm>;

/**
 * What every call throws. `auth`: the token is not accepted, or lacks a permission; `rate_limited`: wait `retryAfterMs`, nothing is
 * wrong; `unavailable`: no answer, or one that says later; `rejected`: these values are not accepted. The message is for people
 * and holds neither token nor values.
 */
export class CrmError extends Error {
  override name = "CrmError";
  readonly kind: "auth" | "rate_limited" | "unavailable" | "rejected";
  readonly retryAfterMs: number | null;
  constructor(kind: CrmError["kind"], message: string, retryAfterMs: number | null = null) {
    super(message);
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}
