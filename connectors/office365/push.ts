import { createHash, randomBytes } from "node:crypto";
import * as z from "zod";
import { ConnectorError, type Hint, type Push, type PushRequest, type Tools, type Watch } from "../../src/ports/connector.ts";
import { findFolder, wantedFolders } from "./find-folder.ts";
import { type Graph, openGraph } from "./graph.ts";
import { isUnknown } from "./graph-error.ts";
import { app, readSettings } from "./settings.ts";

const minute = 60_000;

/**
 * How long a subscription is asked for. Microsoft's pages give 4,230 minutes for messages in one place and 10,080 in another, and
 * more than is allowed is refused: so what is asked fits both, and what was granted is read back.
 */
const lifetimeMs = 4200 * minute;
const afterRefusalMs = 60 * minute;
const week = 7 * 1440 * minute;

type Subscription = { id: string; expirationDateTime: string };

const end = (now: number): string => new Date(now + lifetimeMs).toISOString();

const asWatch = ({ id, expirationDateTime }: Subscription, about: string, secretHash: string | null): Watch => ({
  id,
  secretHash,
  about,
  expiresAt: Date.parse(expirationDateTime),
});

/** Subscribes to new messages of a folder; null where the folder is not there. Graph asks our address back before it answers. */
const subscribe = async (graph: Graph, wanted: string, url: string, now: number): Promise<Watch | null> => {
  const folder = await findFolder(graph, wanted);
  if (!folder) return null;
  const clientState = randomBytes(32).toString("base64url");
  const made = await graph.subscription<Subscription>("post", null, {
    changeType: "created",
    notificationUrl: url,
    lifecycleNotificationUrl: url,
    resource: `${graph.owner === null ? "me" : `users/${graph.owner}`}/mailFolders('${folder.id}')/messages`,
    expirationDateTime: end(now),
    clientState,
    latestSupportedTlsVersion: "v1_2",
  });
  return asWatch(made, wanted, createHash("sha256").update(clientState).digest("hex"));
};

/** Renewing authorises a subscription anew, too. One that Graph knows no more is made again. */
const renewOne = async (graph: Graph, held: Watch, url: string, now: number): Promise<Watch | null> => {
  try {
    const renewed = await graph.subscription<Subscription>("patch", held.id, { expirationDateTime: end(now) });
    return asWatch(renewed, held.about, held.secretHash);
  } catch (error) {
    if (!isUnknown(error)) throw error;
    return subscribe(graph, held.about, url, now);
  }
};

/** Such as more than 1,000 subscriptions of all apps on one mailbox is a warning: what is made so far is kept, and what was held. */
const renewEach = async (graph: Graph, wanted: readonly string[], held: readonly Watch[], url: string, tools: Tools) => {
  const now = tools.now();
  const watches: Watch[] = [];
  let warning: string | null = null;
  for (const name of wanted) {
    const before = held.find(({ about, expiresAt }) => about === name && expiresAt > now);
    try {
      const watch = await (before ? renewOne(graph, before, url, now) : subscribe(graph, name, url, now));
      if (watch) watches.push(watch);
    } catch (error) {
      tools.signal.throwIfAborted();
      if (!(error instanceof ConnectorError)) throw error;
      warning = error.message;
      if (before) watches.push(before);
    }
  }
  return { watches, warning };
};

const renew: Push["renew"] = async (inbox, tools, { url, held }) => {
  const settings = readSettings(inbox);
  const now = tools.now();
  if (url === null) throw new ConnectorError("rejected", "This server has no public https address (publicUrl).");
  if (settings.access === "delegated" && settings.sharedMailbox) {
    const warning = "Microsoft tells of new mail in a shared mailbox only where the app reads it by an administrator's leave.";
    return { watches: [], renewAt: now + week, warning };
  }
  const graph = openGraph(inbox, tools);
  const wanted = wantedFolders(settings);
  const { watches, warning } = await renewEach(graph, wanted, held, url, tools);
  const unwanted = held.filter(({ about }) => !wanted.includes(about));
  await unsubscribe(graph, unwanted).catch(() => {});
  const half = (Math.min(now + lifetimeMs, ...watches.map(({ expiresAt }) => expiresAt)) - now) / 2;
  return { watches, renewAt: Math.round(now + (warning === null ? half : Math.min(half, afterRefusalMs))), warning };
};

const unsubscribe = async (graph: Graph, held: readonly Watch[]): Promise<void> => {
  for (const { id } of held) {
    await graph.subscription("delete", id).catch((error: unknown) => {
      if (!isUnknown(error)) throw error;
    });
  }
};

/**
 * What Graph sends ("Receive change notifications through webhooks", "… lifecycle events"):
 * `{"value": [{"subscriptionId": "76…", "clientState": "…", "changeType": "created", "resource": "…", "resourceData": {…}}]}`,
 * or in place of the change `"lifecycleEvent": "missed"`, "subscriptionRemoved" or "reauthorizationRequired".
 */
const notifications = z.object({
  value: z.array(
    z.object({ subscriptionId: z.string().max(200), clientState: z.string().max(128).nullish(), lifecycleEvent: z.string().nullish() }),
  ),
});

const hintOf = ({ subscriptionId, clientState, lifecycleEvent }: z.infer<typeof notifications>["value"][number]): Hint => ({
  watchId: subscriptionId,
  secret: clientState ?? "",
  wants: lifecycleEvent === "subscriptionRemoved" || lifecycleEvent === "reauthorizationRequired" ? "renew" : "poll",
});

/** Before Graph makes a subscription it sends a token, which the address has to give back within ten seconds. */
const receive = ({ query, body }: PushRequest): { answer: string | null; hints: Hint[] } => {
  const { validationToken } = query;
  if (typeof validationToken === "string") return { answer: validationToken, hints: [] };
  return { answer: null, hints: read(body).map(hintOf) };
};

const read = (body: string): z.infer<typeof notifications>["value"] => {
  try {
    return notifications.parse(JSON.parse(body)).value;
  } catch {
    return [];
  }
};

/** Change notifications of Microsoft Graph: one subscription for each watched folder, only where we have a public https address. */
export const push: Push = {
  ready: (given, url) => url !== null && app.safeParse(given).success,
  renew,
  stop: (inbox, tools, held) => unsubscribe(openGraph(inbox, tools), held),
  receive,
};
