import { createHash } from "node:crypto";
import { addressKey, idKey } from "../bounces/keys.ts";
import type { Report } from "../bounces/report.ts";

/**
 * What all copies of one notice share, in whatever folder or inbox they lie and whatever Message-ID a server gave them: what
 * happened to whom, about which message. Where the notice names no message, its own date tells two bounces of the same recipient
 * apart.
 */
export const fingerprint = (report: Report): string => {
  const named = [report.original.messageId, ...report.inReplyTo].map(idKey).find((id) => id !== "");
  const about = named ?? [report.original.subject, report.original.from, report.original.date, report.notice.date, report.notice.subject];
  const outcomes = report.recipients.map((outcome) => [
    addressKey(outcome.address),
    outcome.originalAddress === null ? null : addressKey(outcome.originalAddress),
    outcome.action,
    outcome.status,
    outcome.diagnostic,
  ]);
  return createHash("sha256")
    .update(JSON.stringify([report.kind, about, outcomes]))
    .digest("base64url");
};
