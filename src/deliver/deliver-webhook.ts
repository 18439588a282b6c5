import type { Log } from "../ports/connector.ts";
import type { Database, Write } from "../ports/database.ts";
import type { StoredEvent } from "../store/events.ts";
import type { Keys } from "../store/secrets.ts";
import { nextWebhookEvents, readWebhookEvent } from "../store/webhook-events.ts";
import { type DueLetter, deleteLetter, dueLetters, failLetter } from "../store/webhook-letters.ts";
import { webhookSecrets } from "../store/webhook-secrets.ts";
import {
  claimWebhook,
  type DueWebhook,
  releaseWebhook,
  saveWebhookStep,
  type WebhookClaim,
  type WebhookStep,
} from "../store/webhook-turns.ts";
import type { Webhook } from "../store/webhooks.ts";
import { type Answer, errorOf } from "./answer.ts";
import type { WayOut } from "./endpoint-url.ts";
import { eventBody } from "./event-body.ts";
import { openPost } from "./post-event.ts";
import { retryAt } from "./retry.ts";
import { signedHeaders } from "./sign.ts";

/** One event sent to one endpoint, and what the receiver did. */
export type Delivery = { webhook: Webhook; event: StoredEvent; answer: Answer; ms: number };

/** What sending events needs of the rest of the house. */
export type DeliverDeps = WayOut & {
  database: Database;
  keys: Keys;
  now: () => number;
  log: Log;
  /** Told of each event sent: what is counted and logged. Must not throw. */
  tell: (delivery: Delivery) => void;
  /** 0 to 1, spreads retries. */
  random: () => number;
  /** For one request; receivers are promised 20 seconds. */
  timeoutMs: number;
};

type Turn = {
  deps: DeliverDeps;
  claim: WebhookClaim;
  webhook: Webhook;
  signal: AbortSignal;
  /** Sends one event, signed. */
  send: (event: StoredEvent) => Promise<Answer>;
  /** A receiver took long: this turn has given its place away, and ends after the event. */
  slow: () => boolean;
  /** Until when the turn has its endpoint after the next write. */
  busyUntil: () => number;
  /** What was written of that last. */
  heldUntil: number;
};

/** How often an event failed before, and since when. */
type Failures = { attempts: number; failingSince: number | null };
const none: Failures = { attempts: 0, failingSince: null };

type Refused = Extract<Answer, { kind: "refused" }>;

/** A worker that has written nothing for so long after its request should have ended is dead. */
const marginMs = 10_000;
/** After so long others have a turn; it goes on where it was. */
const turnMs = 60_000;
/** A request under way may end when the daemon stops; longer than this, and it is sent again later. */
const graceMs = 3_000;
/** Whoever answers later than this is waited for beside the others. */
const slowMs = 1_000;
const readAtOnce = 50;
const lettersAtOnce = 20;

/**
 * One turn of one endpoint: sends its events in order until there is none, one is refused, or the turn has lasted long enough;
 * then what was asked for outside the order. Its position moves only over an event that was accepted or given up, so a worker may
 * die at any moment: what it had sent and not written is sent again (at least once), nothing is left out. `onSlow` is called when
 * a receiver takes longer than a second.
 */
export const deliverWebhook = async (
  deps: DeliverDeps,
  due: DueWebhook,
  signal: AbortSignal,
  onSlow: () => void = () => {},
): Promise<void> => {
  const busyUntil = () => deps.now() + deps.timeoutMs + marginMs;
  const heldUntil = busyUntil();
  const claimed = await deps.database.transaction((tx) => claimWebhook(tx, due, { busyUntil: heldUntil }, deps.now()));
  if (!claimed) return;
  const { webhook, claim } = claimed;
  const secrets = (await webhookSecrets(deps.database.read, deps.keys, webhook.accountId, webhook.id, deps.now())) ?? [];
  const grace = afterGrace(signal);
  const { post, close } = openPost(webhook.url, { way: deps, timeoutMs: deps.timeoutMs, signal: grace.signal });
  let slow = false;
  const send = async (event: StoredEvent): Promise<Answer> => {
    const began = deps.now();
    const body = JSON.stringify(eventBody(event));
    const timer = setTimeout(() => {
      slow = true;
      onSlow();
    }, slowMs);
    const answer = await post(body, signedHeaders(secrets, event.id, body, began)).finally(() => clearTimeout(timer));
    deps.tell({ webhook, event, answer, ms: deps.now() - began });
    return answer;
  };
  const turn: Turn = { deps, claim, webhook, signal, send, slow: () => slow, busyUntil, heldUntil };
  try {
    const goesOn = (await sendInOrder(turn)) && (await sendLetters(turn));
    const ended = goesOn && (await save(turn, { kind: "ended" }));
    if (!ended) await deps.database.transaction((tx) => releaseWebhook(tx, claim, turn.heldUntil));
  } finally {
    close();
    grace.close();
  }
};

/** Aborts a while after `signal` does. */
const afterGrace = (signal: AbortSignal): { signal: AbortSignal; close: () => void } => {
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const begin = (): void => {
    timer = setTimeout(() => late.abort(), graceMs);
  };
  signal.addEventListener("abort", begin);
  return {
    signal: late.signal,
    close: () => {
      signal.removeEventListener("abort", begin);
      clearTimeout(timer);
    },
  };
};

/** Writes under the claim, and `beside` with it; false when it was lost. */
const save = async (turn: Turn, step: WebhookStep, beside?: (tx: Write) => Promise<void>): Promise<boolean> => {
  const { deps, claim } = turn;
  const kept = await deps.database.transaction(async (tx) => {
    const held = await saveWebhookStep(tx, claim, step, deps.now());
    if (held) await beside?.(tx);
    return held;
  });
  if (kept && "busyUntil" in step) turn.heldUntil = step.busyUntil;
  return kept;
};

/** Sends what is next. False when the turn is over and written. */
const sendInOrder = async (turn: Turn): Promise<boolean> => {
  const { deps, webhook, busyUntil } = turn;
  const endsAt = deps.now() + turnMs;
  let position = webhook.position;
  let failures: Failures = webhook;
  for (;;) {
    const { events, upTo } = await nextWebhookEvents(deps.database.read, { ...webhook, position }, readAtOnce);
    for (const event of events) {
      if (turn.signal.aborted || turn.slow() || deps.now() >= endsAt) return true;
      const answer = await turn.send(event);
      if (answer.kind === "stopped") return true;
      if (answer.kind === "refused") return refuse(turn, event, answer, failures);
      if (!(await save(turn, { kind: "taken", sequence: event.sequence, busyUntil: busyUntil() }))) return false;
      position = event.sequence;
      failures = none;
    }
    if (upTo > position && !(await save(turn, { kind: "passed", sequence: upTo, busyUntil: busyUntil() }))) return false;
    position = upTo;
    if (events.length < readAtOnce) return true;
  }
};

/** Writes that the next event was refused, and ends the turn. */
const refuse = async (turn: Turn, event: StoredEvent, answer: Refused, failures: Failures): Promise<false> => {
  const { deps, webhook } = turn;
  const error = errorOf(answer);
  const dueAt = retryAt({ ...failures, retryAfterMs: answer.retryAfterMs }, deps.random(), deps.now());
  const step: WebhookStep = answer.gone
    ? { kind: "gone", error }
    : dueAt === null
      ? { kind: "dead", sequence: event.sequence, error }
      : { kind: "failed", error, dueAt };
  const kept = await save(turn, step);
  // The receiver's own words stay out of the log: nobody knows what is in them.
  const fields = { accountId: webhook.accountId, webhookId: webhook.id, sequence: event.sequence, because: answer.because };
  if (kept) deps.log.warn({ ...fields, outcome: step.kind }, "a webhook receiver did not accept an event");
  return false;
};

/** Sends what was asked for outside the order. The first refusal ends it: the rest can wait for a receiver that accepts. */
const sendLetters = async (turn: Turn): Promise<boolean> => {
  const { deps, claim } = turn;
  for (const letter of await dueLetters(deps.database.read, claim.accountId, claim.webhookId, deps.now(), lettersAtOnce)) {
    if (turn.signal.aborted || turn.slow()) return true;
    const event = await readWebhookEvent(deps.database.read, claim.accountId, letter.sequence);
    const answer = event ? await turn.send(event) : null;
    if (answer?.kind === "stopped") return true;
    const refused = answer?.kind === "refused" ? answer : null;
    if (event && refused?.gone) return refuse(turn, event, refused, none);
    if (!(await settleLetter(turn, letter, refused))) return false;
    if (refused) return true;
  }
  return true;
};

const settleLetter = (turn: Turn, letter: DueLetter, refused: Refused | null): Promise<boolean> =>
  save(turn, { kind: "held", busyUntil: turn.busyUntil() }, async (tx) => {
    const { deps, claim } = turn;
    if (!refused) return deleteLetter(tx, claim, letter.sequence);
    const dueAt = retryAt({ ...letter, retryAfterMs: refused.retryAfterMs }, deps.random(), deps.now());
    await failLetter(tx, claim, letter.sequence, { error: errorOf(refused), dueAt }, deps.now());
  });
