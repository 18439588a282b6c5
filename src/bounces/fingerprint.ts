/** What makes two notices the same notice. */
import { createHash } from "node:crypto";
import { addressKey, idKey } from "./keys.ts";
import type { Report } from "./report.ts";

/**
 * SHA-256, hex, over the facts of a notice. A copy in another folder or inbox, or under another Message-ID, has the same one;
 * a second warning of another hour has another, because its Date differs.
 */
export const fingerprint = (report: Report): string => {
  const recipients = report.recipients
    .map(({ address, action, status, diagnostic }) => [
      addressKey(address),
      action,
      status,
      diagnostic?.replace(/\s+/g, " ").trim() ?? null,
    ])
    .sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
  const facts = [
    idKey(report.original.messageId),
    report.inReplyTo.map(idKey),
    recipients,
    report.reportingMta?.toLowerCase() ?? null,
    report.notice.date,
  ];
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex");
};
