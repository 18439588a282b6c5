/**
 * The contract between the sync loop and one provider. A connector is one folder under connectors/ and one line in
 * registry.ts; it imports this file, connectors/shared and itself. What it must do is proved by test/contracts/connector.ts,
 * which runs over every entry of the registry.
 *
 * Words: inbox = one connected mailbox; cursor = where the last poll stopped, opaque outside its connector;
 * page = some messages in provider order, and the cursor that covers them.
 */
import type { ZodObject } from "zod";
import type { Envelope, FolderRole } from "../bounces/envelope.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The whole position of an inbox as JSON: per folder a live and a backfill position. Null before the first pull. */
export type Cursor = Json;

export type Folder = { path: string; role: FolderRole };

/** A stretch of time or a folder whose messages could not all be listed, to be shown to people and to the audit. */
export type Gap = { folder: string; from: number | null; to: number | null; because: string };

/** Something worth telling the inbox's owner that stops nothing, such as a folder that is not there. */
export type Warning = { code: string; text: string; folder?: string };

/** Some messages of one folder in provider order, and the cursor that covers them (and all pages before it). */
export type Page = {
  folder: Folder;
  messages: readonly Envelope[];
  cursor: Cursor;
  /** True for mail that was there before the inbox was connected: nobody is flooded with news of last month. */
  backfill: boolean;
  gaps: readonly Gap[];
  /** Messages that are there and could not be read now: each is read later by its ref, on its own schedule. */
  unread?: readonly Unread[];
  /** What is wrong with the mailbox and was not said by an earlier page. */
  warnings: readonly Warning[];
  /** What an earlier page said and is over: a folder that is back. */
  mended?: readonly Pick<Warning, "code" | "folder">[];
  /** How far a first sync is: messages looked at, and about how many there are. Null when there is nothing to wait for. */
  progress: { done: number; total: number | null } | null;
};

/** Where a message lies, and no more. */
export type Unread = Pick<Envelope, "ref" | "folder" | "role" | "receivedAt">;

/** Those of the refs whose messages have been saved. */
export type Saved = (refs: readonly string[]) => Promise<ReadonlySet<string>>;

/** A message that was looked for: where it lies, and whether that folder is watched. */
export type FoundMessage = { envelope: Envelope; watched: boolean };

export type Session = {
  /**
   * Yields pages from a cursor (null: from the beginning, bounded by `inbox.since`) until there is nothing new. Live before
   * backfill, Sent first where it costs nothing. No lock and no open provider call is held across a yield, so that fetchRaw
   * works in the middle. An inbox with nothing new yields nothing, or one empty page where the position itself moved.
   * `saved` tells which messages were saved by earlier pulls: where a read is dear, those need not be yielded again.
   */
  pull(cursor: Cursor, saved?: Saved): AsyncIterable<Page>;
  /** The exact bytes of one message, or "gone" if it is no longer there. Larger than maxBytes: ConnectorError "rejected". */
  fetchRaw(ref: string, options: { maxBytes: number }): Promise<Uint8Array | "gone">;
  /** Looks for a message by its Message-ID in every folder, also those that are not watched. Only where the provider can. */
  find?(messageId: string): Promise<readonly FoundMessage[]>;
  /** Tells of new mail as a hint to poll now; never the only way to learn of it. Returns a function that stops it. */
  watch?(onHint: () => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
};

/** What a connector gets to know of an inbox when it opens it. */
export type ConnectedInbox = {
  id: string;
  address: string;
  /** As checked by the connector's `settings` schema. */
  settings: Json;
  /** Mail older than this (epoch milliseconds) is not read on a first sync. */
  since: number;
};

/** The address to connect to for a host that a user named, and how to verify who answers there. */
export type DialTarget = { address: string; port: number; servername: string };

/**
 * The only way out for hosts that users name: resolves, refuses private, loopback, link-local and metadata addresses unless
 * allowed by configuration, and returns exactly the address to connect to. Throws ConnectorError "rejected".
 */
export type Dial = (host: string, port: number) => Promise<DialTarget>;

/** Holds quotas. `take` waits (abortably) until `units` may be spent on `key`; `pause` makes everybody on `key` wait. */
export type Limiter = {
  take(key: string, units: number, signal: AbortSignal): Promise<void>;
  pause(key: string, until: number): void;
};

/**
 * Places of which there are so many at a time, such as connections to a host. `wait` waits (abortably) for one; `ifFree` takes one only
 * while less than that share is taken, else null at once. Both give what frees it.
 */
export type Places = {
  wait(key: string, signal: AbortSignal): Promise<() => void>;
  ifFree(key: string, share: number): (() => void) | null;
};

export type Log = {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

/** The inbox's secrets. `refresh` is the only way to change them. */
export type Credentials = {
  read(): Promise<Json>;
  /**
   * Takes a short lock per inbox, reads again, calls fn, stores its answer by compare-and-set on a version and returns it.
   * Sync, API and probe all use it, so two refreshes at once cannot overwrite each other.
   */
  refresh(fn: (current: Json) => Promise<Json>): Promise<Json>;
};

/** What the operator registered with a provider (client id, secret, tenant), as the connector's `authorize.app` schema says. */
export type App = Json;

/** One request to a provider's API and its answer, unredacted: mail and addresses are in it. `body`: as parsed; a string or null where no JSON. */
export type Exchange = { method: string; url: string; status: number; headers: readonly string[]; body: unknown };

export type Tools = {
  /** Null where the operator has set up no app for the provider, or it needs none. */
  app: App;
  /** Ends a turn: within a second of its abort everything that runs, and everything asked for after it, rejects with its reason. */
  signal: AbortSignal;
  now: () => number;
  log: Log;
  limiter: Limiter;
  places: Places;
  dial: Dial;
  credentials: Credentials;
  /** Where a recording was asked for: told of each request to the provider's API, and of none for tokens. */
  record?: (exchange: Exchange) => void;
};

export type ProbeAnswer = { assumption: string; holds: true | false | "unknown"; detail: string };

/** What people are told about a connector before they choose it. */
export type Description = {
  label: string;
  /** True where only the operator may connect it, from the command line: it reads files of this machine. */
  operatorOnly?: boolean;
  /** A second way to a provider that another connector reads better: people are offered it only where the operator has set it up. */
  secondWay?: boolean;
  /** Short sentences on what it cannot do, shown beside the inbox. */
  limits: readonly Limit[];
  /** True where a server may tell of new mail on a connection that is held (`Session.watch`). */
  tellsOnConnection?: boolean;
  /** Draws the form and checks what it sends. Secrets are apart, so that they can be sealed. */
  settings: ZodObject;
  secrets: ZodObject;
  /** The page of the provider on which a message is read, for whoever may open the mailbox. Left out where there is none. */
  openUrl?: (mailbox: string, ref: string) => string;
};

/** What a provider or a server cannot do, in a sentence. */
export type Limit = { code: string; text: string };

/** What signing in found out about a mailbox. `limits`: what this server cannot do, besides what its connector says of all. */
export type SignedIn = {
  address: string;
  addresses: readonly string[];
  folders: readonly Folder[];
  warnings: readonly Warning[];
  limits?: readonly Limit[];
};

/**
 * What could be found out about a mailbox from its address alone. `from`: published by the domain itself, by Mozilla's list (ISPDB) or in
 * the DNS, or a usual name that answered. `sign_in`: its owner signs in at a provider's page, the best way first, and no password is asked for.
 */
export type Found =
  | { kind: "settings"; settings: Json; from: "domain" | "ispdb" | "dns" | "guess" }
  | { kind: "sign_in"; providers: readonly string[] }
  | { kind: "refused"; why: "pop_only" | "no_tls" | "oauth_only" }
  | { kind: "nothing" };

/** What a browser brought back from the provider's sign-in page, and what was kept for it meanwhile. */
export type AuthorizationCode = { code: string; codeVerifier: string; redirectUri: string };

/** Signing in at the provider's own page: OAuth 2 code flow (RFC 6749, 4.1) with PKCE (RFC 7636). */
export type Authorize = {
  /** What the operator has to register with the provider first; draws the set-up form and checks the configuration. */
  app: ZodObject;
  /** The page a person is sent to. `state` and the S256 `codeChallenge` are made and kept by the caller. */
  url(app: App, wish: { state: string; codeChallenge: string; redirectUri: string; loginHint: string | null }): string;
  /**
   * Trades a code for the inbox's secrets, and tells whose mailbox they open. Throws ConnectorError: `auth` with `outcome`
   * missing_permission or needs_admin where that is the reason.
   */
  exchange(code: AuthorizationCode, tools: Tools): Promise<{ secrets: Json; address: string }>;
  /** The error a provider put into the redirect (RFC 6749, 4.1.2.1), as the reason a person is told. */
  refusal(error: string, description: string | null): ConnectorError;
  /** Ends the provider's consent, so that what is stored opens nothing any more. */
  revoke(tools: Tools): Promise<void>;
};

/** Something a provider watches in an inbox for us, to tell of new mail, until it expires (epoch milliseconds). */
export type Watch = {
  /** What notifications name it by. */
  id: string;
  /** SHA-256, hex, of the secret each notification must bear; null where they come by a way that needs none. */
  secretHash: string | null;
  /** What of the inbox it watches, in the connector's words. */
  about: string;
  expiresAt: number;
};

/**
 * What a notification says of one watch. Of its own it says nothing about mail: `poll` makes the inbox due now, `renew` has its
 * watches looked after too, because the provider ended one or is about to.
 */
export type Hint = { watchId: string; secret: string | null; wants: "poll" | "renew" };

/** Renewed watches, when to look after them again, and in a sentence why there are fewer than wanted. */
export type Renewed = { watches: readonly Watch[]; renewAt: number; warning: string | null };

/** A notification as it came over HTTP. */
export type PushRequest = { query: { readonly [name: string]: unknown }; body: string };

/**
 * Being told of new mail by the provider. It only says "poll now": notifications may be lost, doubled, late or forged, and
 * polling finds all mail without them.
 */
export type Push = {
  /** True where the operator has set up what it needs; `url`: where the provider can reach us by https, null if nowhere. */
  ready(app: App, url: string | null): boolean;
  /** Makes the inbox's watches, or renews those held. Throws ConnectorError only where that leaves none behind. */
  renew(inbox: ConnectedInbox, tools: Tools, place: { url: string | null; held: readonly Watch[] }): Promise<Renewed>;
  /** Ends them; what cannot be ended expires. */
  stop(inbox: ConnectedInbox, tools: Tools, held: readonly Watch[]): Promise<void>;
  /**
   * Where notifications have to be fetched: does so until the signal is aborted, and takes each off the provider's list once
   * `onHint` has worked. Never throws.
   */
  listen?(app: App, tools: Pick<Tools, "signal" | "now" | "log">, onHint: (hint: Hint) => Promise<void>): Promise<void>;
  /** Where they are sent to us: what one says, and the text to answer with where the provider wants one. Nobody vouches for it. */
  receive?(request: PushRequest): { answer: string | null; hints: readonly Hint[] };
};

export type Connector = {
  describe: Description;
  /** Only where people sign in at the provider's own page. */
  authorize?: Authorize;
  /** Only where the provider can tell of new mail. */
  push?: Push;
  /** Tries the settings and secrets against the server, read-only. Throws ConnectorError with a sentence that says what to do. */
  signIn(inbox: ConnectedInbox, tools: Tools): Promise<SignedIn>;
  /** Only where settings can be found from an address; they are still to be confirmed by a person, and tried. Rejects only when aborted. */
  find?(address: string, tools: Tools, options: { askIspdb: boolean }): Promise<Found>;
  /** Only where people choose what is watched: the paths of all folders that can be. Read-only. */
  listFolders?(inbox: ConnectedInbox, tools: Tools): Promise<readonly string[]>;
  open(inbox: ConnectedInbox, tools: Tools): Promise<Session>;
  /** Checks each assumption we make about the provider with this account, read-only. */
  probe(inbox: ConnectedInbox, tools: Tools): Promise<readonly ProbeAnswer[]>;
};

export type ConnectorErrorKind = "auth" | "rate_limited" | "unavailable" | "cursor_expired" | "rejected";

/** Why a person's signing in did not work, where it is one of these. */
export type SignInOutcome = "denied" | "needs_admin" | "missing_permission" | "wrong_address";

/** The one error a connector throws. sync/next-poll.ts alone decides what each kind means; anything else thrown is a bug. */
export class ConnectorError extends Error {
  override name = "ConnectorError";
  readonly kind: ConnectorErrorKind;
  /** How long the provider asked us to wait, in milliseconds. */
  readonly retryAfterMs: number | null;
  /** With `auth`: which of the reasons a person can do something about. */
  readonly outcome: SignInOutcome | null;
  constructor(
    kind: ConnectorErrorKind,
    message: string,
    options: { retryAfterMs?: number | null; outcome?: SignInOutcome; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs ?? null;
    this.outcome = options.outcome ?? null;
  }
}
