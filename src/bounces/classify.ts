/** Category and type of one recipient's outcome. */
import { defaultMapping, type Mapping } from "./mapping.ts";
import type { BounceType, Category, RecipientOutcome, Report } from "./report.ts";
import { retryTimeUsedUp } from "./retry-time.ts";

/** What classification needs to know of an outcome; a stored one can be classified again after a mapping changed. */
export type Classifiable = Pick<RecipientOutcome, "action" | "status" | "smtpCode" | "reason" | "rule" | "diagnostic">;

/** True when the refusal was temporary: the retry time is used up (even wrapped in a 5xx), or the status class, then the SMTP code says so. */
const isTemporary = (outcome: Classifiable): boolean => {
  if (retryTimeUsedUp.test((outcome.diagnostic ?? "").slice(0, 2000))) return true;
  return outcome.status ? outcome.status.startsWith("4") : outcome.smtpCode !== null && outcome.smtpCode < 500;
};

/**
 * Delays are pending; deliveries are none. A final failure is soft when it is temporary or the mapping says so for its reason,
 * else hard. `mapping` is the account's own table or the default one.
 */
export const classify = (outcome: Classifiable, mapping: Mapping = defaultMapping): { type: BounceType; category: Category | null } => {
  if (outcome.action !== "failed" && outcome.action !== "delayed") return { type: "none", category: null };
  const row = mapping[outcome.rule] ?? mapping[outcome.reason ?? "undefined"] ?? mapping.undefined;
  const temporary = isTemporary(outcome);
  const category = (temporary ? row?.temporary : row?.permanent) ?? "other";
  if (outcome.action === "delayed") return { type: "pending", category };
  return { type: row?.type ?? (temporary ? "soft" : "hard"), category };
};

/** A report as an account's own rows of the table of reasons classify it. */
export const classifyReport = (report: Report, own: Partial<Mapping>): Report => {
  const mapping = { ...defaultMapping, ...own } as Mapping;
  return { ...report, recipients: report.recipients.map((outcome) => ({ ...outcome, ...classify(outcome, mapping) })) };
};
