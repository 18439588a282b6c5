import { gzipSync } from "node:zlib";
import { cutNotice } from "../bounces/cut-notice.ts";
import { isEncrypted } from "../bounces/encrypted.ts";
import { type Envelope, keepEnvelopeFields } from "../bounces/envelope.ts";
import { parseHeaderFields } from "../bounces/header-fields.ts";
import { inspectMail } from "../bounces/inspect-mail.ts";
import type { Evidence, Kind, Report } from "../bounces/report.ts";
import { reportChanges } from "../bounces/report-changes.ts";
import { ConnectorError } from "../ports/connector.ts";
import type { SeenVerdict } from "../ports/database.ts";
import { beginAttempts, type Owed, releaseAttempts, retryDelay } from "../store/owed.ts";
import type { SavedMessage } from "../store/save-page.ts";
import type { PageDeps } from "./process-page.ts";

/** A message to be opened, and the steps that led there. */
export type Suspect = { envelope: Envelope; backfill: boolean; steps: readonly Evidence[] };

/** A message that took its worker down this often is set aside. */
const mostCrashes = 2;

/** Kinds that are kept as notices: what bounced, what tells that a message arrived after all, what a person should look at. */
const kept = new Set<Kind>(["failure", "delay", "mixed", "unread_notice", "delivery_receipt", "held"]);

/**
 * Opens suspects, which the caller saves together. The attempts are counted before a message is touched: what is still marked as
 * begun when the inbox is claimed again took its worker down, or was begun together with what did.
 */
export const openSuspects = (deps: PageDeps, suspects: readonly Suspect[]): Promise<Map<string, SavedMessage>> =>
  eachBegun(deps, suspects, async (suspect, count) => {
    const bytes = await bytesOf(deps, suspect, count);
    return bytes instanceof Uint8Array ? read(suspect, bytes) : bytes;
  });

/** The envelope of a message of which no page told more than where it lies, or what to save instead. */
export const readUnread = async (deps: PageDeps, suspect: Suspect): Promise<{ envelope: Envelope } | SavedMessage> => {
  const found = await eachBegun(deps, [suspect], async ({ envelope }, count) => {
    const bytes = await bytesOf(deps, suspect, count);
    if (!(bytes instanceof Uint8Array)) return bytes;
    return { envelope: { ...envelope, headers: keepEnvelopeFields(parseHeaderFields(bytes)), size: bytes.length } };
  });
  return found.get(suspect.envelope.ref) as { envelope: Envelope } | SavedMessage;
};

/** Counts an attempt at each, and works them one after the other. */
const eachBegun = async <T>(
  deps: PageDeps,
  suspects: readonly Suspect[],
  work: (suspect: Suspect, count: Owed | undefined) => Promise<T>,
): Promise<Map<string, T>> => {
  const opened = new Map<string, T>();
  if (suspects.length === 0) return opened;
  const { database, claim, now } = deps;
  const begun = await database.transaction((tx) => beginAttempts(tx, claim, suspects, now()));
  const counts = new Map(begun.map((owed) => [owed.envelope.ref, owed]));
  try {
    for (const suspect of suspects) {
      deps.signal.throwIfAborted();
      opened.set(suspect.envelope.ref, await work(suspect, counts.get(suspect.envelope.ref)));
    }
    return opened;
  } catch (error) {
    // The turn ends here, and none of these took anything down.
    const refs = suspects.map(({ envelope }) => envelope.ref);
    await database.transaction((tx) => releaseAttempts(tx, claim, refs));
    throw error;
  }
};

/** The message's bytes, or what to save instead where it was tried often enough. */
const bytesOf = async (deps: PageDeps, suspect: Suspect, count: Owed | undefined): Promise<Uint8Array | SavedMessage> => {
  if ((count?.crashes ?? 0) >= mostCrashes) {
    return setAside(suspect, "unreadable", "crashed", `It took the process down ${count?.crashes} times while it was read; set aside.`);
  }
  const attempts = count?.attempts ?? 1;
  if (retryDelay(attempts - 1) === null && attempts > 1) {
    return setAside(
      suspect,
      "unreadable",
      "not_saved",
      `It was read ${attempts - 1} times, and what was found could not be saved; set aside.`,
    );
  }
  return fetchOne(deps, suspect, attempts);
};

/** The message's bytes, or what to save instead. Throws only what concerns the whole inbox. */
const fetchOne = async (deps: PageDeps, suspect: Suspect, attempts: number): Promise<Uint8Array | SavedMessage> => {
  const { ref, size } = suspect.envelope;
  const limit = deps.maxMessageBytes;
  const tooBig = () => setAside(suspect, "too_big", "too_big", `It exceeds the limit of ${Math.round(limit / 1_000_000)} MB; set aside.`);
  if (size !== null && size > limit) return tooBig();
  try {
    const bytes = await deps.session.fetchRaw(ref, { maxBytes: limit });
    if (bytes === "gone") return setAside(suspect, "gone", "gone_before_read", "It was deleted before it could be opened.");
    return bytes.length > limit ? tooBig() : bytes;
  } catch (error) {
    if (error instanceof ConnectorError && (error.kind === "rejected" || error.kind === "unavailable"))
      return later(deps, suspect, attempts, error);
    throw error;
  }
};

/** Tried again on its own schedule; the inbox goes on. */
const later = (deps: PageDeps, suspect: Suspect, attempts: number, error: ConnectorError): SavedMessage => {
  const wait = retryDelay(attempts);
  if (wait === null) {
    return setAside(suspect, "unreachable", "unreachable", `It could not be opened in ${attempts} attempts: ${error.message}`);
  }
  const dueAt = deps.now() + Math.max(wait, error.retryAfterMs ?? 0);
  const because = `It could not be opened (${error.message}); tried again later.`;
  return { ...setAside(suspect, "owed", "owed", because), owed: { error: error.message, dueAt } };
};

const setAside = ({ envelope, steps }: Suspect, verdict: SeenVerdict, step: string, because: string): SavedMessage => ({
  envelope,
  verdict,
  facts: null,
  trace: { outcome: step, steps: [...steps, { step, because }] },
});

const read = ({ envelope, steps }: Suspect, bytes: Uint8Array): SavedMessage => {
  const report = inspectMail(bytes);
  const trace = (outcome: string) => ({ outcome, steps: [...steps, ...report.evidence] });
  if (report.verdict === "unreadable") return { envelope, verdict: "unreadable", facts: null, trace: trace("unreadable") };
  if (!kept.has(report.kind)) {
    const outcome = report.kind === "ordinary" && isEncrypted(bytes) ? "encrypted" : report.kind;
    return { envelope, verdict: "opened", facts: null, trace: trace(outcome) };
  }
  return { envelope, verdict: "notice", facts: null, report, ...sourceOf(bytes, report), trace: trace(report.kind) };
};

/**
 * The text that is kept. In a notice about a forwarded notice what is cut can be what was read: then none is kept, because judging
 * it again would find something else than was there.
 */
const sourceOf = (bytes: Uint8Array, report: Report): Pick<SavedMessage, "source"> => {
  const cut = cutNotice(bytes);
  return reportChanges(report, inspectMail(cut)).length === 0 ? { source: gzipSync(cut) } : {};
};
