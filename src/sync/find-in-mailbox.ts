import type { Evidence } from "../bounces/report.ts";
import { said } from "../messages/said.ts";
import { text } from "../messages/text.ts";
import { ConnectorError, type FoundMessage, type Json } from "../ports/connector.ts";
import { inboxCredentials } from "../store/inbox-secrets.ts";
import { getInbox, type Inbox, updateInbox } from "../store/inboxes.ts";
import { oweMissed, oweUnopened } from "../store/owed.ts";
import { readVerdicts } from "../store/seen-messages.ts";
import { pollNow } from "../store/turns.ts";
import type { CoverageDeps } from "./check-coverage.ts";
import { type Asker, type Explanation, explainRef, sayWhy } from "./explain.ts";

/** Whoever waits for a page is told after this long that the mailbox was not searched. */
const longestMs = 25_000;

/**
 * Looks for a message we have no record of in the mailbox itself. In a folder that is not watched: it is told which. In one that is:
 * it is our fault, and it becomes owed. Null where the provider cannot be asked, or does not know the message.
 */
export const findInMailbox = async (
  deps: CoverageDeps,
  asker: Asker,
  { inboxId, messageId }: { inboxId: string; messageId: string },
): Promise<{ explanation: Explanation | null; steps: Evidence[] }> => {
  const { language } = asker;
  const inbox = await getInbox(deps.database.read, asker.accountId, inboxId);
  if (!inbox || inbox.state === "disconnected" || inbox.state === "erased") return { explanation: null, steps: [] };
  const answer = await ask(deps, inbox, messageId);
  const step = (because: string): Evidence[] => [{ step: "mailbox", because }];
  if (answer === "cannot") return { explanation: null, steps: step(text(language, "why.step.cannot_search")) };
  if (typeof answer === "string")
    return { explanation: null, steps: step(text(language, "why.step.search_failed", { error: said(language, answer).text })) };
  const [first] = [...answer].sort((a, b) => Number(b.watched) - Number(a.watched));
  if (!first) return { explanation: null, steps: step(text(language, "why.step.not_in_mailbox", { address: inbox.address })) };
  const { folder, ref } = first.envelope;
  const steps = step(text(language, "why.step.in_folder", { folder, address: inbox.address }));
  if (!first.watched) {
    const why = { code: "folder_not_watched", values: { folder }, action: { code: "watch_folder" as const, inboxId, folder } };
    return { explanation: sayWhy(asker, why, steps), steps };
  }
  const known = (await readVerdicts(deps.database.read, asker.accountId, inboxId, [ref])).has(ref);
  if (known) return { explanation: await explainRef(asker, inboxId, ref), steps };
  const { receivedAt } = first.envelope;
  if (receivedAt !== null && receivedAt < inbox.since) {
    const n = Math.max(0, Math.round((inbox.createdAt - inbox.since) / 86_400_000));
    const why = { code: "before_connected", values: { date: new Date(receivedAt), n }, action: { code: "upload" as const } };
    return { explanation: sayWhy(asker, why, steps), steps };
  }
  await owe(deps, inbox, first);
  return { explanation: sayWhy(asker, { code: "our_gap", action: { code: "poll_now", inboxId } }, steps), steps };
};

const ask = async (deps: CoverageDeps, inbox: Inbox, messageId: string): Promise<readonly FoundMessage[] | string | "cannot"> => {
  const { database, keys, now } = deps;
  const { accountId, id, address, settings, since } = inbox;
  const signal = AbortSignal.timeout(longestMs);
  try {
    const connector = await deps.loadConnector(inbox.provider);
    if (!connector) return "cannot";
    const credentials = inboxCredentials({ database, keys, accountId, inboxId: id, now });
    const session = await connector.open({ id, address, settings, since }, deps.tools(inbox.provider, credentials, signal));
    try {
      return session.find ? await session.find(messageId) : "cannot";
    } finally {
      await session.close();
    }
  } catch (error) {
    if (error instanceof ConnectorError) return error.message;
    if (signal.aborted) return "it did not answer in time";
    deps.log.error({ err: error, inboxId: id }, "a mailbox could not be searched; a fault of ours");
    return "something went wrong on our side; it is in the log";
  }
};

const owe = ({ database, now }: CoverageDeps, { accountId, id, createdAt }: Inbox, { envelope }: FoundMessage): Promise<void> =>
  database.transaction(async (tx) => {
    const backfill = envelope.receivedAt !== null && envelope.receivedAt < createdAt;
    await oweMissed(tx, accountId, id, [{ envelope, backfill }], now());
    await pollNow(tx, accountId, id, now());
  });

/** Watches a further folder of an inbox from now on, and makes it due. False where its provider has no such setting. */
export const watchFolder = async (deps: CoverageDeps, inbox: Inbox, folder: string): Promise<boolean> => {
  const connector = await deps.loadConnector(inbox.provider);
  const settings = (inbox.settings ?? {}) as { extraFolders?: string[] };
  const checked = connector?.describe.settings.safeParse({
    ...settings,
    extraFolders: [...new Set([...(settings.extraFolders ?? []), folder])],
  });
  if (!connector || !("extraFolders" in connector.describe.settings.shape) || !checked?.success) return false;
  const { database, now } = deps;
  await database.transaction(async (tx) => {
    const folders = [...inbox.folders.filter(({ path }) => path !== folder), { path: folder, role: "other" as const }];
    await updateInbox(tx, inbox.accountId, inbox.id, { settings: checked.data as Json, folders }, now());
    await pollNow(tx, inbox.accountId, inbox.id, now());
  });
  return true;
};

/** Has a message opened that was not, by the next turn, which is due at once. False where there is nothing to open. */
export const openNow = ({ database, now }: CoverageDeps, inbox: Inbox, ref: string): Promise<boolean> =>
  database.transaction(async (tx) => {
    const owed = await oweUnopened(tx, inbox.accountId, inbox.id, [ref], now());
    return (await pollNow(tx, inbox.accountId, inbox.id, now())) && owed !== null;
  });
