import type { Inbox } from "../store/inboxes.ts";
import type { SavedMessage, SavedPage } from "../store/save-page.ts";
import type { TurnEnd } from "./next-poll.ts";

/** What a turn did, told once it is in the database. Times are epoch milliseconds. */
export type SyncNews =
  | { kind: "page"; inbox: Inbox; backfill: boolean; messages: readonly SavedMessage[]; saved: SavedPage; now: number }
  | { kind: "turn"; inbox: Inbox; end: TurnEnd; ms: number };
