/** Erasing a person, an inbox or an account: what is stored, the provider's consent, and the proof that nothing is left. */
import type { Database } from "../ports/database.ts";
import { eraseAccount, eraseInbox, searchAccount, searchInbox } from "../store/erase.ts";
import { eraseContact, searchContact } from "../store/erase-contact.ts";
import { type Erasure, type RowCounts, saveProof } from "../store/erasures.ts";
import { type Inbox, listInboxes } from "../store/inboxes.ts";
import type { Keys } from "../store/secrets.ts";
import type { ConnectDeps } from "./connect-inbox.ts";
import { disconnectInbox } from "./disconnect-inbox.ts";

type Deps = { database: Database; keys: Keys; now: () => number };

/** Searches for what was erased and writes down what it found: the receipt is whole only then. */
const prove = async ({ database, now }: Deps, erasure: Erasure, search: () => Promise<RowCounts>): Promise<Erasure> => {
  const leftBehind = await search();
  const proven = await database.transaction((tx) => saveProof(tx, erasure, leftBehind, now()));
  await database.settle();
  return proven;
};

/** Erases a person (store/erase-contact.ts); null when there is no such contact. `by` is who asked for it. */
export const eraseContactForGood = async (deps: Deps, accountId: string, contactId: string, by: string): Promise<Erasure | null> => {
  const { database, keys, now } = deps;
  const done = await database.transaction((tx) => eraseContact(tx, keys, accountId, contactId, by, now()));
  if (!done) return null;
  return prove(deps, done.erasure, () => searchContact(database.read, accountId, done.words));
};

/** Disconnects an inbox, with its consent at the provider, and erases what came from it; null when it is not there. */
export const eraseInboxForGood = async (deps: ConnectDeps, inbox: Inbox, by: string): Promise<Erasure | null> => {
  const { database, now } = deps;
  await letGo(deps, inbox, by);
  const erasure = await database.transaction((tx) => eraseInbox(tx, inbox.accountId, inbox.id, by, now()));
  return erasure && prove(deps, erasure, () => searchInbox(database.read, inbox.accountId, inbox.id));
};

/** Disconnects all inboxes of an account and erases all it owns. */
export const eraseAccountForGood = async (deps: ConnectDeps, accountId: string, by: string): Promise<Erasure> => {
  const { database, now } = deps;
  for (let cursor: string | null = null; ; ) {
    const page: Awaited<ReturnType<typeof listInboxes>> = await listInboxes(database.read, accountId, { limit: 200, cursor });
    for (const inbox of page.data) await letGo(deps, inbox, by);
    cursor = page.nextCursor;
    if (cursor === null) break;
  }
  const erasure = await database.transaction((tx) => eraseAccount(tx, accountId, by, now()));
  return prove(deps, erasure, () => searchAccount(database.read, accountId));
};

const letGo = async (deps: ConnectDeps, inbox: Inbox, by: string): Promise<void> => {
  if (inbox.state !== "disconnected" && inbox.state !== "erased") await disconnectInbox(deps, inbox, by);
};
