import type { Json } from "../ports/connector.ts";
import { type Crm, CrmError, type OpenCrm } from "../ports/crm.ts";
import { type CrmConnection, readCrmToken } from "../store/crm-connections.ts";
import { type CrmClaim, type CrmStep, claimCrm, type DueCrm, releaseCrm, saveCrmStep } from "../store/crm-turns.ts";
import type { StoredEvent } from "../store/events.ts";
import { nextWebhookEvents } from "../store/webhook-events.ts";
import type { DeliverDeps } from "./deliver-webhook.ts";
import { projectEvent, projectedTypes } from "./project-event.ts";
import { retryAt } from "./retry.ts";

/** What writing to CRMs needs of the rest of the house; `open` by the connection's kind. */
export type CrmDeps = Pick<DeliverDeps, "database" | "keys" | "now" | "log" | "random" | "timeoutMs"> & {
  open: Readonly<Record<string, OpenCrm>>;
};

type Turn = {
  deps: CrmDeps;
  connection: CrmConnection;
  claim: CrmClaim;
  crm: Crm;
  signal: AbortSignal;
  busyUntil: () => number;
  /** What was written of that last. */
  heldUntil: number;
};

/** An event takes at most this many requests one after the other. */
const requestsPerEvent = 12;
/** After so long others have a turn; it goes on where it was. */
const turnMs = 60_000;
const readAtOnce = 50;
/** A refusal of the values themselves is tried this often: somebody may just be changing the CRM's settings. */
const rejectedTries = 3;
/** While the token is not accepted: nothing is lost, and a new token is tried at once. */
const authWaitMs = 15 * 60_000;

/**
 * One turn of an account's CRM: follows the account's events in order from its position, until there is none, one fails, or the
 * turn has lasted long enough. The position moves only over an event that was written or given up: at least once; what is
 * written twice is found in the CRM by its id. Waiting for a rate limit is no failure; an unaccepted token holds the order until it
 * is replaced; what else fails is tried as webhooks are (retry.ts), then becomes a dead letter.
 */
export const projectCrm = async (deps: CrmDeps, due: DueCrm, signal: AbortSignal): Promise<void> => {
  const busyUntil = () => deps.now() + requestsPerEvent * deps.timeoutMs;
  const heldUntil = busyUntil();
  const claimed = await deps.database.transaction((tx) => claimCrm(tx, due, { busyUntil: heldUntil }, deps.now()));
  if (!claimed) return;
  const { connection, claim } = claimed;
  const token = await readCrmToken(deps.database.read, deps.keys, connection.accountId);
  const open = deps.open[connection.kind];
  if (token === null || !open) return;
  const crm = await open({ token, memory: connection.memory, timeoutMs: deps.timeoutMs });
  const close = () => crm.close();
  signal.addEventListener("abort", close);
  const turn: Turn = { deps, connection, claim, crm, signal, busyUntil, heldUntil };
  try {
    const ended = (await followEvents(turn)) && (await save(turn, { kind: "ended" }));
    if (!ended) await deps.database.transaction((tx) => releaseCrm(tx, claim, turn.heldUntil));
  } finally {
    signal.removeEventListener("abort", close);
    close();
  }
};

/** Writes under the claim; false when it was lost. */
const save = async (turn: Turn, step: CrmStep, memory: Json = turn.crm.memory()): Promise<boolean> => {
  const { deps, claim } = turn;
  const kept = await deps.database.transaction((tx) => saveCrmStep(tx, claim, step, memory, deps.now()));
  if (kept && "busyUntil" in step) turn.heldUntil = step.busyUntil;
  return kept;
};

/** Writes what is next. False when the turn is over and written. */
const followEvents = async (turn: Turn): Promise<boolean> => {
  const { deps, connection, busyUntil } = turn;
  const endsAt = deps.now() + turnMs;
  let follower = { ...connection, types: projectedTypes };
  let failures: Pick<CrmConnection, "attempts" | "failingSince"> = connection;
  for (;;) {
    const { events, upTo } = await nextWebhookEvents(deps.database.read, follower, readAtOnce);
    for (const event of events) {
      if (turn.signal.aborted || deps.now() >= endsAt) return true;
      const error = await project(turn, event);
      if (error && turn.signal.aborted) return true;
      if (error) return fail(turn, event, error, failures);
      if (!(await save(turn, { kind: "taken", sequence: event.sequence, busyUntil: busyUntil() }))) return false;
      follower = { ...follower, position: event.sequence };
      failures = { attempts: 0, failingSince: null };
    }
    if (upTo > follower.position && !(await save(turn, { kind: "passed", sequence: upTo, busyUntil: busyUntil() }))) return false;
    follower = { ...follower, position: upTo };
    if (events.length < readAtOnce) return true;
  }
};

const project = async ({ deps, claim, crm }: Turn, event: StoredEvent): Promise<CrmError | null> => {
  try {
    await crm.prepare();
    await projectEvent(deps.database, claim, crm, event);
    return null;
  } catch (error) {
    if (error instanceof CrmError) return error;
    throw error;
  }
};

/** Writes that the next event failed, and ends the turn. */
const fail = async (
  turn: Turn,
  event: StoredEvent,
  error: CrmError,
  failures: Pick<CrmConnection, "attempts" | "failingSince">,
): Promise<false> => {
  const { deps, connection, crm } = turn;
  const step = stepAfter(error, event, failures, deps.random(), deps.now());
  // Values that are refused may be those of a portal that changed: next time it is looked at anew.
  const kept = await save(turn, step, error.kind === "rejected" ? null : crm.memory());
  const fields = { accountId: connection.accountId, crm: connection.kind, sequence: event.sequence, because: error.message };
  if (kept && step.kind !== "wait") deps.log.warn({ ...fields, outcome: step.kind }, "a CRM did not take an event");
  return false;
};

const stepAfter = (
  error: CrmError,
  event: StoredEvent,
  failures: Pick<CrmConnection, "attempts" | "failingSince">,
  random: number,
  now: number,
): CrmStep => {
  const { kind, message, retryAfterMs } = error;
  if (kind === "rate_limited") return { kind: "wait", dueAt: now + (retryAfterMs ?? 10_000) };
  if (kind === "auth") return { kind: "failed", error: message, dueAt: now + authWaitMs };
  const isLast = kind === "rejected" && failures.attempts + 1 >= rejectedTries;
  const dueAt = isLast ? null : retryAt({ ...failures, retryAfterMs }, random, now);
  return dueAt === null ? { kind: "dead", sequence: event.sequence, error: message } : { kind: "failed", error: message, dueAt };
};
