/**
 * How due work (an inbox to poll, an endpoint to deliver to) reaches a worker. The row says what is due, its fence says who may
 * write: this dispatches, it guards nothing.
 */

export type DueInbox = { accountId: string; inboxId: string };

export type JobsOptions<Item> = {
  /** Items whose time has come, oldest first, at most `limit`. */
  due: (limit: number) => Promise<readonly Item[]>;
  /** What makes two items the same one. */
  keyOf: (item: Item) => string;
  /** Works one item to the end of its turn. Must not throw; `signal` aborts when the dispatcher stops. */
  work: (item: Item, signal: AbortSignal) => Promise<void>;
  /** How many items at once. */
  concurrency: number;
  /** How long to wait before asking again what is due, milliseconds. */
  lookEveryMs: number;
  /** Told of an error of `due`; dispatching goes on. */
  onError: (error: unknown) => void;
};

export type Jobs = {
  /** Something may be due now: look at once. */
  nudge(): void;
  /** Hands out nothing more, aborts what runs, and resolves when all of it has ended. */
  stop(): Promise<void>;
};
