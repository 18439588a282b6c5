/**
 * The facts one message yields: what `inspect` prints, what the store keeps, what matching works on.
 * The names are contracts (surfaces.md); ids keep their angle brackets.
 */

/** What happened to a recipient, in the words of RFC 3464, section 2.3.3. */
export type Action = "failed" | "delayed" | "delivered" | "relayed" | "expanded";

/** How lasting a failure is. `none` goes with actions that are no failure. */
export type BounceType = "hard" | "soft" | "pending" | "none";

/** What a CRM user sees as the cause. */
export const categories = [
  "unknown_user",
  "mailbox_full",
  "content",
  "spam",
  "policy",
  "other",
  "recipient_temporary",
  "security_filter",
  "dmarc_unauthorized",
  "temporary_technical",
] as const;

export type Category = (typeof categories)[number];

/** What kind of message this is. Only failure, delay and mixed are bounces. */
export type Kind =
  | "failure"
  | "delay"
  | "mixed"
  | "unread_notice"
  | "held"
  | "delivery_receipt"
  | "read_receipt"
  | "abuse_report"
  | "tls_report"
  | "auto_reply"
  | "forwarded_notice"
  | "challenge"
  | "ordinary";

export type Verdict = "bounce" | "not_bounce" | "unreadable";

/** One step of the way to a verdict, in words a support person reads. `step` is a short stable code. */
export type Evidence = { step: string; because: string };

/** What a notice says happened to one recipient. */
export type RecipientOutcome = {
  /** The failed address as reported (the member, where the notice names an alias and its member). */
  address: string;
  /** The address the sender wrote to, where the notice says so (Original-Recipient, "generated from"). */
  originalAddress: string | null;
  action: Action;
  /** Enhanced status code, RFC 3463, such as 5.1.1. */
  status: string | null;
  /** The refusing server's SMTP reply code, such as 550. */
  smtpCode: number | null;
  type: BounceType;
  category: Category | null;
  /** Fine-grained reason in Sisimai's published vocabulary. */
  reason: string | null;
  /** The rule that decided the reason. */
  rule: string;
  /** The server's own words. */
  diagnostic: string | null;
  remoteMta: string | null;
  /** Until when a delayed message is still tried (Will-Retry-Until), epoch milliseconds. */
  willRetryUntil: number | null;
};

/** What a notice says about the message it is about. */
export type Original = {
  messageId: string | null;
  subject: string | null;
  from: string | null;
  to: string[];
  references: string[];
  /** When the original says it was written (its Date field), epoch milliseconds. */
  date: number | null;
  /** The part the id was found in, such as "message/rfc822" or "text". */
  foundIn: string | null;
};

/** Everything one message says, as facts. Deterministic: the same bytes give the same report. */
export type Report = {
  verdict: Verdict;
  kind: Kind;
  /** The dialect that read it, such as "rfc3464" or "exim". */
  format: string;
  recipients: RecipientOutcome[];
  original: Original;
  /** The notice's own In-Reply-To, then its References from last to first, without repetition. */
  inReplyTo: string[];
  /** The notice's own header facts. */
  notice: {
    messageId: string | null;
    from: string | null;
    subject: string | null;
    date: number | null;
    /** Whether it comes from whom it says; false only where it surely does not (authenticated.ts). */
    authenticated?: boolean | null;
  };
  reportingMta: string | null;
  evidence: Evidence[];
  /** Language of the notice's prose, as BCP 47, where it is known. */
  language: string | null;
  parserVersion: string;
};
