/**
 * How due work (an inbox to poll, an endpoint to deliver to) reaches a worker. The row says what is due, its fence says who may
 * write: this dispatches, it guards nothing.
 */

export type DueInbox = { accountId: string; inboxId: string };

/**
 * How the turn of an item ended that was begun before: there was none or it ended well (`ended`); it threw, and its worker lives
 * (`threw`); its worker is not heard of any more (`died`).
 */
export type Before = "ended" | "threw" | "died";

export type JobsOptions<Item extends object> = {
  /** What the items are, such as `inboxes`: workers that say the same word share the work. */
  name: string;
  /** Items whose time has come, oldest first, at most `limit`. */
  due: (limit: number) => Promise<readonly Item[]>;
  /** What makes two items the same one. */
  keyOf: (item: Item) => string;
  /**
   * Works one item to the end of its turn; `signal` aborts when the dispatcher stops. When it throws (the database did not answer),
   * nobody knows how the turn ended: after a second the item is handed out again, whether it is due or not.
   */
  work: (item: Item, signal: AbortSignal, before: Before) => Promise<void>;
  /** How many items at once. */
  concurrency: number;
  /** How long to wait before asking again what is due, milliseconds. */
  lookEveryMs: number;
  /** Told of what `due` or `work` threw, and of the dispatcher's own errors; dispatching goes on. */
  onError: (error: unknown) => void;
};

export type Jobs = {
  /** Something may be due now: look at once. */
  nudge(): void;
  /** Hands out nothing more, aborts what runs, and resolves when all of it has ended. */
  stop(): Promise<void>;
};

/** This worker is the `index`-th (from 0) of `of`: what only one may hold is divided by it. */
export type Share = { index: number; of: number };

export type Dispatcher = {
  start<Item extends object>(options: JobsOptions<Item>): Jobs;
  /** Which of the workers of its kind this is now; it changes when one comes or goes, and two may believe the same for a while. */
  share(): Promise<Share>;
  /** After its jobs were stopped. */
  close(): Promise<void>;
};
