import { createHash, timingSafeEqual } from "node:crypto";
import type { Hint } from "../ports/connector.ts";
import type { Database, Write } from "../ports/database.ts";
import type { DueInbox } from "../ports/jobs.ts";
import { getInbox } from "../store/inboxes.ts";
import { findWatched, renewSoon } from "../store/push-watches.ts";
import { pollNow } from "../store/turns.ts";

/** A mailbox where much happens is looked at once in so many milliseconds, however often its provider tells. */
const pauseMs = 5000;
/** The same for one that tells on a connection we hold, where a look costs next to nothing. */
const heldPauseMs = 500;

export type Hints = {
  /**
   * Makes the inboxes due that a notification speaks of. One that names nobody, or bears another secret, does nothing. Doubled
   * ones do no more than one. Rejects only where the database does not answer.
   */
  take(hint: Hint): Promise<void>;
  /** Makes an inbox due that told of new mail on a connection we hold. */
  poll(inbox: DueInbox): Promise<void>;
};

export type HintDeps = { database: Database; now: () => number; nudge: () => void };

/** What providers tell of new mail, made into polls. */
export const createHints = ({ database, now, nudge }: HintDeps): Hints => {
  const makeDue = async (inbox: DueInbox, pause: number): Promise<void> => {
    const at = await database.transaction((tx) => pollSoon(tx, inbox, pause, now()));
    if (at !== null) nudge();
    // The dispatcher looks once a second; what is due before that is told to it.
    if (at !== null && at > now()) setTimeout(nudge, at - now()).unref();
  };

  return {
    async take({ watchId, secret, wants }) {
      for (const { secretHash, ...inbox } of await findWatched(database.read, watchId)) {
        if (!isRight(secret, secretHash)) continue;
        if (wants === "renew") await database.transaction((tx) => renewSoon(tx, inbox.accountId, inbox.inboxId));
        await makeDue(inbox, pauseMs);
      }
    },
    poll: (inbox) => makeDue(inbox, heldPauseMs),
  };
};

/** When it is polled now. A hint never breaks into a wait the provider or a failure asked for: only an inbox that is well is polled sooner. */
const pollSoon = async (tx: Write, { accountId, inboxId }: DueInbox, pause: number, now: number): Promise<number | null> => {
  const inbox = await getInbox(tx, accountId, inboxId);
  if (!inbox || (inbox.state !== "watching" && inbox.state !== "first_sync")) return null;
  const at = Math.max(now, (inbox.lastPollAt ?? 0) + pause);
  if (inbox.nextPollAt === null || inbox.nextPollAt <= at) return null;
  return (await pollNow(tx, accountId, inboxId, at)) ? at : null;
};

/** Compared in constant time. A watch without a secret is never named by a notification that bears one, nor the other way round. */
const isRight = (secret: string | null, hash: string | null): boolean => {
  if (secret === null || hash === null) return secret === hash;
  const given = createHash("sha256").update(secret).digest();
  const wanted = Buffer.from(hash, "hex");
  return given.length === wanted.length && timingSafeEqual(given, wanted);
};
