/**
 * Notifications fetched from a Cloud Pub/Sub pull subscription: no port has to be open for Google. By its REST API (v1,
 * projects.subscriptions.pull and .acknowledge) with the auth library that is there anyway, and not by @google-cloud/pubsub,
 * which brings gRPC and protobuf for what are two small requests. The subscription belongs to the operator's project, and no
 * user's consent opens it: so a service account reads it.
 */
import { JWT } from "google-auth-library";
import { ConnectorError, type Hint, type Push, type Tools } from "../../src/ports/connector.ts";
import { googleError, statusOf } from "../shared/google/google-error.ts";
import { sendOnce } from "../shared/google/transport.ts";
import { sleep } from "../shared/sleep.ts";
import { type PubSub, readPubSub } from "./settings.ts";

const scope = "https://www.googleapis.com/auth/pubsub";

/** Google holds the answer back until there is a message, for about a minute and a half. */
const pullTimeoutMs = 120_000;
const maxMessages = 100;
/** An empty answer that came at once is not asked for again at once. */
const roundMs = 1000;
const longestBackOffMs = 300_000;

type Received = { ackId?: string; message?: { data?: string } };
type Subscription = { pull(): Promise<Received[]>; acknowledge(ackIds: readonly string[]): Promise<void> };

/** Fetches notifications until the signal is aborted. Failures are logged and waited out, ever longer up to five minutes. */
export const listen: NonNullable<Push["listen"]> = async (app, tools, onHint) => {
  const pubsub = readPubSub(app);
  if (!pubsub) return;
  const subscription = openSubscription(pubsub, tools.signal);
  let failures = 0;
  while (!tools.signal.aborted) {
    const began = tools.now();
    const wait = await takeSome(subscription, onHint).then(
      (count) => {
        failures = 0;
        return count > 0 ? 0 : began + roundMs - tools.now();
      },
      (error: unknown) => backOff(error, tools, failures++),
    );
    await sleep(wait, tools.signal).catch(() => {});
  }
};

/** How many came. Acknowledged only when all of them have been worked: what is not comes again. */
const takeSome = async ({ pull, acknowledge }: Subscription, onHint: (hint: Hint) => Promise<void>): Promise<number> => {
  const received = await pull();
  const addresses = new Set(received.flatMap(({ message }) => addressIn(message?.data) ?? []));
  for (const watchId of addresses) await onHint({ watchId, secret: null, wants: "poll" });
  const ackIds = received.flatMap(({ ackId }) => ackId ?? []);
  if (ackIds.length > 0) await acknowledge(ackIds);
  return received.length;
};

/**
 * What Gmail publishes, in base64: `{"emailAddress": "user@example.com", "historyId": "9876543210"}`. The position is not used:
 * ours may be older or newer. Null for what is nothing of Gmail's.
 */
const addressIn = (data: string | undefined): string | null => {
  try {
    const { emailAddress } = JSON.parse(Buffer.from(data ?? "", "base64").toString()) as { emailAddress?: unknown };
    return typeof emailAddress === "string" ? emailAddress.toLowerCase() : null;
  } catch {
    return null;
  }
};

const openSubscription = ({ subscription, serviceAccount, gateway }: PubSub, signal: AbortSignal): Subscription => {
  const { client_email: email, private_key: key } = serviceAccount;
  const client = new JWT({ email, key, scopes: [scope], transporterOptions: { adapter: sendOnce(gateway) } });
  const post = async (method: string, data: object): Promise<{ receivedMessages?: Received[] }> => {
    const url = `https://pubsub.googleapis.com/v1/${subscription}:${method}`;
    const { data: answer } = await client.request({ url, method: "POST", data, signal, timeout: pullTimeoutMs, responseType: "json" });
    return answer as { receivedMessages?: Received[] };
  };
  return {
    pull: async () => (await post("pull", { maxMessages })).receivedMessages ?? [],
    acknowledge: async (ackIds) => void (await post("acknowledge", { ackIds })),
  };
};

/** How long to wait after a failure, milliseconds. The first of a row and every tenth are told to the operator. */
const backOff = (error: unknown, { signal, now, log }: Pick<Tools, "signal" | "now" | "log">, failures: number): number => {
  if (signal.aborted) return 0;
  const meant = googleError(error, now());
  const asked = meant instanceof ConnectorError ? (meant.retryAfterMs ?? 0) : 0;
  const wait = Math.max(asked, Math.min(roundMs * 2 ** Math.min(failures, 20), longestBackOffMs));
  const fields = { because: sentenceFor(error, meant), nextTryInMs: wait };
  if (failures % 10 === 0) log.warn(fields, "notifications of new mail cannot be fetched; polling goes on");
  return wait;
};

const sentenceFor = (error: unknown, meant: unknown): string => {
  const status = statusOf(error);
  if (status === 403) return "The service account may not read the Pub/Sub subscription: give it the role Pub/Sub Subscriber there.";
  if (status === 404) return "There is no such Pub/Sub subscription.";
  if (status === 400 || status === 401) return "Google does not accept the service account's key.";
  if (meant instanceof ConnectorError) return meant.message;
  return "The service account's private key cannot be used, or the notifications could not be worked.";
};
