/** From reasons to what a CRM user sees. Data: an account can override any row. Source: bounces.md, "Reason, category, type". */
import type { BounceType, Category } from "./report.ts";

/** What one reason becomes, by whether the failure is permanent (class 5) or temporary (class 4). */
export type MappingRow = { permanent: Category; temporary: Category; type?: BounceType };

/** Rows by reason, or by rule where a rule says more than its reason. */
export type Mapping = Readonly<Record<string, MappingRow>>;

const both = (category: Category): MappingRow => ({ permanent: category, temporary: category });

export const defaultMapping: Mapping = {
  userunknown: both("unknown_user"),
  hostunknown: both("unknown_user"),
  hasmoved: both("unknown_user"),
  suspend: both("unknown_user"),
  mailboxfull: both("mailbox_full"),
  contenterror: both("content"),
  virusdetected: both("content"),
  mesgtoobig: both("content"),
  exceedlimit: both("content"),
  spamdetected: both("spam"),
  badreputation: { permanent: "spam", temporary: "security_filter" },
  policyviolation: { permanent: "policy", temporary: "security_filter" },
  rejected: both("policy"),
  filtered: both("policy"),
  blocked: { permanent: "policy", temporary: "security_filter" },
  authfailure: both("policy"),
  securityerror: both("policy"),
  requireptr: { permanent: "policy", temporary: "security_filter" },
  norelaying: both("policy"),
  failedstarttls: both("policy"),
  notcompliantrfc: both("policy"),
  undefined: both("other"),
  notaccept: both("other"),
  syntaxerror: both("other"),
  onhold: { permanent: "other", temporary: "recipient_temporary" },
  mailererror: { permanent: "other", temporary: "recipient_temporary" },
  systemerror: { permanent: "other", temporary: "recipient_temporary" },
  systemfull: { ...both("recipient_temporary"), type: "soft" },
  toomanyconn: { ...both("recipient_temporary"), type: "soft" },
  greylisting: { ...both("security_filter"), type: "soft" },
  speeding: { ...both("security_filter"), type: "soft" },
  expired: { ...both("temporary_technical"), type: "soft" },
  networkerror: { ...both("temporary_technical"), type: "soft" },
  "dmarc-policy": { ...both("dmarc_unauthorized"), type: "soft" },
};
