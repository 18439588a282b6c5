import { isEncrypted } from "../bounces/encrypted.ts";
import { type Envelope, firstValue } from "../bounces/envelope.ts";
import { parseHeaderFields } from "../bounces/header-fields.ts";
import { inspectMail } from "../bounces/inspect-mail.ts";
import { addressKey, idKey } from "../bounces/keys.ts";
import { idsNamed } from "../bounces/match.ts";
import { decodeWords } from "../bounces/part-text.ts";
import { readMailboxes } from "../bounces/read-addresses.ts";
import type { Evidence, Report } from "../bounces/report.ts";
import { triage } from "../bounces/triage.ts";
import { type Language, text } from "../messages/text.ts";
import { allInboxes } from "../store/inboxes.ts";
import { findSentByIds } from "../store/sent-messages.ts";
import { type Asker, type Explanation, explainMessageId, sayWhy } from "./explain.ts";
import { type Why, whyOfOutcome } from "./why.ts";

/** What a message's own bytes tell: what it would be taken for, and where it may lie. */
export type ExplainedMail = {
  explanations: Explanation[];
  /** The message's own id, and the inbox it should lie in, where there is no record of it; null where there is one. */
  missing: { messageId: string; inboxId: string } | null;
};

/** Explains a message from its bytes: by what is stored of it, or else by a dry run. Nothing is stored. */
export const explainMail = async (asker: Asker, bytes: Uint8Array): Promise<ExplainedMail> => {
  const headers = parseHeaderFields(bytes);
  const messageId = firstValue(headers, "message-id")?.trim() ?? "";
  if (idKey(messageId) !== "") {
    const explanations = await explainMessageId(asker, messageId);
    if (explanations[0]?.code !== "not_seen") return { explanations, missing: null };
  }
  const { report, ...dry } = dryRun(bytes, asker.language);
  const inbox = await inboxOf(asker, headers, report);
  const explanations = [inbox.dry ?? sayWhy(asker, dry.why, dry.steps)];
  return { explanations, missing: inbox.id !== null && idKey(messageId) !== "" ? { messageId, inboxId: inbox.id } : null };
};

/** Where a message should lie: with whoever sent what it is about, else with whoever it is addressed to. */
const inboxOf = async (
  asker: Asker,
  headers: Envelope["headers"],
  report: Report | null,
): Promise<{ id: string | null; dry: Explanation | null }> => {
  const { read, accountId, visible } = asker;
  const ids = report ? idsNamed(report).map(({ id }) => id) : [];
  const sent = [...(await findSentByIds(read, accountId, ids)).values()].flat().find(({ inboxId }) => inboxId !== null);
  if (sent?.inboxId) return { id: visible === undefined || visible.includes(sent.inboxId) ? sent.inboxId : null, dry: null };
  const to = ["to", "delivered-to"].flatMap((name) =>
    readMailboxes(decodeWords(firstValue(headers, name) ?? "")).map(({ address }) => address),
  );
  const keys = new Set(to.map(addressKey));
  const found = (await allInboxes(read, accountId)).find(
    (inbox) => inbox.addresses.some((address) => keys.has(address)) && (visible?.includes(inbox.id) ?? true),
  );
  if (found) return { id: found.id, dry: null };
  const [address] = to;
  if (report?.verdict !== "bounce" || address === undefined) return { id: null, dry: null };
  const why: Why = { code: "no_such_inbox", values: { address }, action: { code: "connect" } };
  return { id: null, dry: sayWhy(asker, why, report.evidence) };
};

/** What we would make of a message, from its bytes alone. */
export const dryRun = (bytes: Uint8Array, language: Language): { why: Why; steps: Evidence[]; report: Report | null } => {
  const envelope: Envelope = {
    ref: "",
    folder: "",
    role: "inbox",
    headers: parseHeaderFields(bytes),
    receivedAt: null,
    size: bytes.length,
    threadId: null,
    hints: {},
  };
  const judged = triage(envelope, { ownAddresses: new Set(), sentById: () => null });
  if (judged.verdict !== "suspect") return { why: { code: "not_suspected", form: "dry" }, steps: judged.because, report: null };
  const report = inspectMail(bytes);
  const steps = [...judged.because, ...report.evidence];
  if (report.verdict === "bounce") {
    const ids = [report.original.messageId, ...report.inReplyTo].filter((id) => id !== null).join(", ");
    return { why: { code: "dry_run_bounce", values: { ids: ids || text(language, "why.step.no_ids") } }, steps, report };
  }
  const outcome = report.verdict === "unreadable" ? "unreadable" : isEncrypted(bytes) ? "encrypted" : report.kind;
  return { why: { ...whyOfOutcome({ outcome, at: 0, steps, inboxId: "", ref: "" }), action: null }, steps, report };
};
