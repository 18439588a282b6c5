import type { z } from "zod";
import { addressKey } from "../bounces/keys.ts";
import {
  type ConnectedInbox,
  type Connector,
  ConnectorError,
  type Credentials,
  type Found,
  type Json,
  type SignedIn,
  type Tools,
} from "../ports/connector.ts";
import type { Database, Read, Write } from "../ports/database.ts";
import { lockAccount } from "../store/accounts.ts";
import { appendEvents } from "../store/events.ts";
import { readSecrets, saveSecrets } from "../store/inbox-secrets.ts";
import { allInboxes, changeState, createInbox, type Inbox, type InboxChanges, type NewInbox, updateInbox } from "../store/inboxes.ts";
import type { Keys } from "../store/secrets.ts";

/** What a person gives to connect a mailbox. */
export type ConnectWish = {
  provider: string;
  address: string;
  settings: unknown;
  secrets: unknown;
  owner?: { externalId?: string | undefined; name?: string | undefined } | undefined;
  externalId?: string | undefined;
  metadata?: Json | undefined;
  /** How far back the first sync reads, epoch milliseconds. */
  since: number;
  /** This inbox gets the new settings and secrets, and goes on where it was; left out: a new inbox. */
  reconnect?: string | null | undefined;
};

/** The wish itself is wrong; `issues` names each field. */
export class InvalidSettings extends Error {
  override name = "InvalidSettings";
  readonly issues: readonly { path: readonly PropertyKey[]; message: string }[];
  constructor(issues: InvalidSettings["issues"]) {
    super(issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; "));
    this.issues = issues;
  }
}

/** The account reads this mailbox already: a second inbox would tell of each bounce twice. */
export class ConnectedAlready extends ConnectorError {
  readonly inbox: Inbox;
  constructor(inbox: Inbox) {
    super("rejected", `${inbox.address} is connected already; look for it among the inboxes.`);
    this.inbox = inbox;
  }
}

export type ConnectDeps = {
  database: Database;
  keys: Keys;
  /** Null: there is no such connector. */
  loadConnector: (provider: string) => Promise<Connector | null>;
  tools: (provider: string, credentials: Credentials) => Tools;
  now: () => number;
};

/**
 * Checks what was given, tries it against the server (read-only), and only then stores the inbox, its sealed secrets and an
 * inbox.connected event together. Throws InvalidSettings, ConnectedAlready, or the connector's ConnectorError with a sentence for
 * people.
 */
export const connectInbox = async (deps: ConnectDeps, accountId: string, wish: ConnectWish): Promise<Inbox> => {
  const connector = await deps.loadConnector(wish.provider);
  if (!connector) throw new InvalidSettings([{ path: ["provider"], message: `there is no provider "${wish.provider}"` }]);
  const secrets = checked(connector.describe.secrets, wish.secrets, "secrets");
  return signInAndStore(deps, accountId, connector, { ...wish, secrets }, async () => {});
};

/** The account's inbox that reads this mailbox now, under whatever of its addresses; null where none does. */
export const connectedAlready = async (read: Read, accountId: string, address: string): Promise<Inbox | null> => {
  const key = addressKey(address);
  const reads = ({ state, address: own, addresses }: Inbox): boolean =>
    state !== "disconnected" && state !== "erased" && [own, ...addresses].some((each) => addressKey(each) === key);
  return (await allInboxes(read, accountId)).find(reads) ?? null;
};

/** Signs in with secrets that are known to be well-formed, and stores the inbox. `accept` may refuse the mailbox that was found by throwing. */
export const signInAndStore = async (
  deps: ConnectDeps,
  accountId: string,
  connector: Connector,
  wish: ConnectWish & { secrets: Json },
  accept: (signedIn: SignedIn) => Promise<void>,
): Promise<Inbox> => {
  const settings = checked(connector.describe.settings, wish.settings, "settings");
  const held = given(wish.secrets);
  const candidate: ConnectedInbox = { id: "new", address: wish.address, settings, since: wish.since };
  const signedIn = await connector.signIn(candidate, deps.tools(wish.provider, held));
  await accept(signedIn);
  // Signing in may have refreshed them already.
  const secrets = await held.read();
  const now = deps.now();
  return deps.database.transaction(async (tx) => {
    // Of two that connect the same mailbox at once, the second waits here.
    await lockAccount(tx, accountId);
    const there = wish.reconnect ? null : await connectedAlready(tx, accountId, signedIn.address);
    if (there) throw new ConnectedAlready(there);
    const inbox = wish.reconnect
      ? await reconnect(
          tx,
          accountId,
          wish.reconnect,
          { settings, folders: signedIn.folders, warnings: signedIn.warnings, limits: signedIn.limits ?? [] },
          now,
        )
      : await createInbox(tx, accountId, newInbox(wish, settings, signedIn, now), now);
    if (!inbox) throw new InvalidSettings([{ path: ["inboxId"], message: "there is no such inbox" }]);
    const version = (await readSecrets(tx, deps.keys, accountId, inbox.id))?.version ?? null;
    await saveSecrets(tx, deps.keys, accountId, inbox.id, secrets, version);
    const data = { inboxId: inbox.id, address: inbox.address, provider: inbox.provider };
    await appendEvents(tx, accountId, [{ type: wish.reconnect ? "inbox.recovered" : "inbox.connected", backfill: false, data }], now);
    return inbox;
  });
};

/** What a connector finds out from an address alone. */
const findSettings = async (
  { loadConnector, tools }: ConnectDeps,
  provider: string,
  address: string,
  options: { askIspdb: boolean },
): Promise<Found> => {
  const connector = await loadConnector(provider);
  return (await connector?.find?.(address, tools(provider, nothingStored), options)) ?? { kind: "nothing" };
};

/**
 * The same of several connectors, the first that finds more than a usual name that answers; else the first that finds anything. At least one
 * provider must be given.
 */
export const findMailbox = async <P extends string>(
  deps: ConnectDeps,
  providers: readonly [P, ...P[]],
  address: string,
  options: { askIspdb: boolean },
): Promise<{ provider: P; found: Found }> => {
  let best: { provider: P; found: Found } | null = null;
  for (const provider of providers) {
    const found = await findSettings(deps, provider, address, options);
    if (found.kind === "sign_in" || (found.kind === "settings" && found.from !== "guess")) return { provider, found };
    if (found.kind !== "nothing") best ??= { provider, found };
  }
  return best ?? { provider: providers[0], found: { kind: "nothing" } };
};

const newInbox = (wish: ConnectWish, settings: Json, signedIn: SignedIn, now: number): NewInbox => ({
  provider: wish.provider,
  address: signedIn.address,
  addresses: signedIn.addresses,
  owner: { externalId: wish.owner?.externalId ?? null, name: wish.owner?.name ?? null },
  externalId: wish.externalId ?? null,
  metadata: wish.metadata ?? {},
  settings,
  since: wish.since,
  folders: signedIn.folders,
  warnings: signedIn.warnings,
  limits: signedIn.limits ?? [],
  nextPollAt: now,
});

/** Where it stopped is kept: mail that came meanwhile is read now. */
const reconnect = async (tx: Write, accountId: string, inboxId: string, found: InboxChanges, now: number): Promise<Inbox | null> => {
  await updateInbox(tx, accountId, inboxId, found, now);
  return changeState(tx, accountId, inboxId, { state: "watching", nextPollAt: now }, now);
};

/** What was given, as the connector's schema reads it. Throws InvalidSettings. */
export const checked = (schema: z.ZodObject, value: unknown, where: string): Json => {
  const result = schema.safeParse(value ?? {});
  if (!result.success)
    throw new InvalidSettings(result.error.issues.map((issue) => ({ path: [where, ...issue.path], message: issue.message })));
  return result.data as Json;
};

/** Before the first sign-in there is nothing to read and nothing to refresh. */
export const nothingStored: Credentials = { read: async () => null, refresh: async (fn) => fn(null) };

/** Credentials that are not stored yet: a refresh changes only what is held here. */
const given = (secrets: Json): Credentials => {
  let held = secrets;
  return {
    read: async () => held,
    async refresh(fn) {
      held = await fn(held);
      return held;
    },
  };
};
