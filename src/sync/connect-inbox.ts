import type { z } from "zod";
import type { ConnectedInbox, Connector, Credentials, Json, Tools } from "../ports/connector.ts";
import type { Database } from "../ports/database.ts";
import { appendEvents } from "../store/events.ts";
import { saveSecrets } from "../store/inbox-secrets.ts";
import { createInbox, type Inbox } from "../store/inboxes.ts";
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

export type ConnectDeps = {
  database: Database;
  keys: Keys;
  /** Null: there is no such connector. */
  loadConnector: (provider: string) => Promise<Connector | null>;
  tools: (credentials: Credentials) => Tools;
  now: () => number;
};

/**
 * Checks what was given, tries it against the server (read-only), and only then stores the inbox, its sealed secrets and an
 * inbox.connected event together. Throws InvalidSettings, or the connector's ConnectorError with a sentence for people.
 */
export const connectInbox = async (deps: ConnectDeps, accountId: string, wish: ConnectWish): Promise<Inbox> => {
  const connector = await deps.loadConnector(wish.provider);
  if (!connector) throw new InvalidSettings([{ path: ["provider"], message: `there is no provider "${wish.provider}"` }]);
  const settings = checked(connector.describe.settings, wish.settings, "settings");
  const secrets = checked(connector.describe.secrets, wish.secrets, "secrets");
  const candidate: ConnectedInbox = { id: "new", address: wish.address, settings, since: wish.since };
  const signedIn = await connector.signIn(candidate, deps.tools(given(secrets)));
  const now = deps.now();
  return deps.database.transaction(async (tx) => {
    const inbox = await createInbox(
      tx,
      accountId,
      {
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
        nextPollAt: now,
      },
      now,
    );
    await saveSecrets(tx, deps.keys, accountId, inbox.id, secrets, null);
    const data = { inboxId: inbox.id, address: inbox.address, provider: inbox.provider };
    await appendEvents(tx, accountId, [{ type: "inbox.connected", backfill: false, data }], now);
    return inbox;
  });
};

const checked = (schema: z.ZodObject, value: unknown, where: string): Json => {
  const result = schema.safeParse(value ?? {});
  if (!result.success)
    throw new InvalidSettings(result.error.issues.map((issue) => ({ path: [where, ...issue.path], message: issue.message })));
  return result.data as Json;
};

/** Credentials that are not stored yet: nothing to refresh at a first sign-in. */
const given = (secrets: Json): Credentials => ({ read: async () => secrets, refresh: (fn) => fn(secrets) });
