import { ConnectorError, type Page } from "../../src/ports/connector.ts";
import type { History, HistoryRecord, Message } from "./api.ts";
import { isMail } from "./envelope-of.ts";
import { fetchEnvelopes } from "./fetch-envelopes.ts";
import { emit, emptyPage, pageSize, type Walk } from "./walk.ts";

const day = 86_400_000;

/** Far more than the changes of a mailbox that are no news to us; beyond it the list is held to be broken. */
const mostEmptyPages = 5000;

/** Labels whose coming makes a message worth a look: a draft was sent, a message came back from where it was not read. */
const telling = ["SENT", "INBOX", "SPAM"];

const labelsOf = (message: Message | undefined): string[] => message?.labelIds ?? [];

/**
 * The messages a record of the list of changes speaks of. Labels are not promised there ("typically only id and threadId"): a
 * draft or chat that shows itself is skipped here, before it costs anything, the others when they are read.
 */
const wantedOf = ({ messagesAdded, labelsAdded }: HistoryRecord): string[] => {
  const added = (messagesAdded ?? []).map(({ message }) => message);
  const labelled = (labelsAdded ?? []).filter(({ labelIds }) => labelIds?.some((label) => telling.includes(label)));
  return [...added, ...labelled.map(({ message }) => message)]
    .filter((message) => isMail(labelsOf(message)))
    .flatMap((message) => message?.id ?? []);
};

const isAfter = (a: string, b: string): boolean => BigInt(a) > BigInt(b);

/** Ids of changes ascend, but are not contiguous; they have up to 64 bits. */
const advanceTo = ({ state, tools }: Walk, historyId: string): void => {
  if (isAfter(historyId, state.historyId)) state.historyId = historyId;
  state.at = tools.now();
};

/**
 * The messages of some records, each once however often it is told, in pages. A page covers whole records only; the last one
 * covers everything up to `end`, where that is known.
 */
async function* readRecords(walk: Walk, records: readonly HistoryRecord[], end: string | null): AsyncGenerator<Page> {
  let wanted: string[] = [];
  for (const [index, record] of records.entries()) {
    const fresh = [...new Set(wantedOf(record))].filter((id) => !walk.read.has(id));
    for (const id of fresh) walk.read.add(id);
    wanted.push(...fresh);
    const isLast = index === records.length - 1;
    if (wanted.length < pageSize && !isLast) continue;
    const messages = await fetchEnvelopes(walk, wanted);
    wanted = [];
    yield* emit(walk, messages, true, () => {
      if (record.id) advanceTo(walk, record.id);
      if (isLast && end !== null) advanceTo(walk, end);
    });
  }
}

/**
 * What came since the last look, oldest first, from Gmail's list of changes (history.list). Each request begins where the
 * records before it ended, so that no page token has to live while pages are worked on; only a page without records, which
 * Gmail does send, is followed by its token. False when Gmail does not know the position any more.
 */
export async function* pullNews(walk: Walk): AsyncGenerator<Page, boolean> {
  const { api, state, tools } = walk;
  let token: string | undefined;
  let end = state.historyId;
  let empty = 0;
  for (;;) {
    const page: History | null = await api.history(state.historyId, token);
    if (page === null) return false;
    if (token === undefined) end = page.historyId ?? state.historyId;
    const records = page.history ?? [];
    const before = state.historyId;
    yield* readRecords(walk, records, page.nextPageToken ? null : end);
    if (!page.nextPageToken) break;
    const next: string | undefined = isAfter(state.historyId, before) ? undefined : page.nextPageToken;
    if (next !== undefined && (next === token || ++empty > mostEmptyPages))
      throw new ConnectorError("unavailable", "Gmail's list of changes does not end. We try again.");
    token = next;
  }
  // A quiet mailbox writes its position once a day, so that a list of changes that is lost is made up for by a day.
  if (isAfter(end, state.historyId) || tools.now() - state.at > day) walk.dirty = true;
  if (walk.dirty) advanceTo(walk, end);
  if (walk.dirty && state.stretches.length === 0) yield emptyPage(walk);
  return true;
}
