/**
 * The global rule: an address that hard-bounced in several unrelated organisations is left out of marketing in all accounts that
 * share. Nothing but a keyed hash of the address crosses accounts.
 */

import type { MatchRule } from "../bounces/match.ts";
import type { Category } from "../bounces/report.ts";

/** One account's report of an address. `organisation` is the domain its inbox sends from. */
export type GlobalReport = { organisation: string; at: number };

/** So many organisations must say the same. */
const organisationsNeeded = 3;

/** After so long a report no longer counts: mailboxes come back. */
export const globalReportMs = 180 * 86_400_000;

/** True where enough unrelated organisations reported the address lately. One person with three accounts on one domain is one. */
export const isGlobal = (reports: readonly GlobalReport[], now: number): boolean =>
  new Set(reports.filter(({ at }) => at > now - globalReportMs).map(({ organisation }) => organisation)).size >= organisationsNeeded;

/**
 * Whether a hard bounce may be reported: only what an id proves, from a mailbox we read ourselves. Registered sends and confirmed
 * suggestions could be made up, and then anybody could kill any address.
 */
export const isReportable = (bounce: { category: Category | null; rule: MatchRule | null; trusted: boolean; synced: boolean }): boolean =>
  bounce.trusted &&
  bounce.synced &&
  (bounce.category === "unknown_user" || bounce.category === "mailbox_full") &&
  (bounce.rule === "embedded_message_id" || bounce.rule === "in_reply_to" || bounce.rule === "references");
