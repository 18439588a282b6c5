import type { Envelope } from "../../src/bounces/envelope.ts";
import type { Page } from "../../src/ports/connector.ts";
import type { GmailApi } from "./api.ts";
import type { Stretch } from "./cursor.ts";
import { fetchEnvelopes } from "./fetch-envelopes.ts";
import { searchWithin } from "./search-words.ts";
import { emit, pageSize, type Walk } from "./walk.ts";

/** Ids are listed 500 at a time for 5 units; 20 lists name a month of a very busy mailbox. */
const listsAtOnce = 20;

/**
 * Ids a stretch still has, newest first, without those `known`, and whether that is all of them. At least one, if there is one.
 * No page token outlives this.
 */
const listStretch = async (
  api: GmailApi,
  { what, from, to, top }: Stretch,
  known: (id: string) => boolean,
): Promise<{ ids: string[]; complete: boolean }> => {
  const q = searchWithin(what, from, top ?? to);
  const ids = new Set<string>();
  let token: string | undefined;
  for (let lists = 1; ; lists++) {
    const listing = await api.list(q, token);
    for (const id of listing.ids) if (!known(id)) ids.add(id);
    if (listing.nextPageToken === null) return { ids: [...ids], complete: true };
    if (lists >= listsAtOnce && ids.size > 0) return { ids: [...ids], complete: false };
    token = listing.nextPageToken;
  }
};

const second = (at: number): number => Math.floor(at / 1000);

/** Moves the top of what is left down to the oldest message read. */
const lower = (stretch: Stretch, messages: readonly Envelope[], asked: number): void => {
  const dates = messages.flatMap(({ receivedAt }) => receivedAt ?? []);
  const top = Math.min(stretch.top ?? Number.POSITIVE_INFINITY, ...dates);
  stretch.read += asked;
  if (!Number.isFinite(top)) return;
  const kept = stretch.top !== null && second(stretch.top) === second(top) ? stretch.seen : [];
  const here = messages.filter(({ receivedAt }) => receivedAt !== null && second(receivedAt) === second(top));
  stretch.seen = [...kept, ...here.map(({ ref }) => ref)];
  stretch.top = top;
};

/** What is left of a stretch of time, newest first: last week's notices matter more than last month's. */
export async function* pullStretch(walk: Walk, stretch: Stretch): AsyncGenerator<Page> {
  const finish = (): void => {
    walk.state.stretches = walk.state.stretches.filter((each) => each !== stretch);
  };
  for (;;) {
    const seen = new Set(stretch.seen);
    const { ids, complete } = await listStretch(walk.api, stretch, (id) => seen.has(id) || walk.read.has(id));
    // A list costs next to nothing, a message 20 units: of what is listed again only what was never read is read.
    const saved = await walk.saved(ids);
    for (const id of saved) walk.read.add(id);
    const left = ids.filter((id) => !saved.has(id));
    stretch.read += saved.size;
    if (complete) stretch.total = stretch.read + left.length;
    for (let at = 0; at < left.length; at += pageSize) {
      const chunk = left.slice(at, at + pageSize);
      const messages = await fetchEnvelopes(walk, chunk);
      for (const id of chunk) walk.read.add(id);
      const young = messages.filter(({ receivedAt }) => receivedAt === null || receivedAt >= stretch.from);
      yield* emit(walk, young, stretch.news, () => {
        lower(stretch, messages, chunk.length);
        if (complete && at + pageSize >= left.length) finish();
      });
    }
    if (complete) break;
  }
  if (!walk.state.stretches.includes(stretch)) return;
  finish();
  walk.dirty = true;
}
