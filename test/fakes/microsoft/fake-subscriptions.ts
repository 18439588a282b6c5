/** Change notifications as Graph sends them ("subscription resource type", "Receive change notifications through webhooks"). */
import { randomUUID } from "node:crypto";
import type { Change, FakeMailbox } from "./fake-mailbox.ts";
import { type GraphReply, problem } from "./graph-service.ts";
import type { Grant } from "./sign-in-service.ts";
import { answerProblems } from "./vendor-schemas.ts";

type Subscription = {
  id: string;
  changeType: string;
  resource: string;
  notificationUrl: string;
  lifecycleNotificationUrl?: string;
  expirationDateTime: string;
  clientState?: string;
};
type Order = { method: string; id: string; body: Partial<Subscription>; grant: Grant; prefer: string };
type Answered = { status: number; type: string; text: string };
type LifecycleEvent = "missed" | "subscriptionRemoved" | "reauthorizationRequired";

export type FakeSubscriptions = {
  active: Map<string, Subscription>;
  /** The way to a notification URL; in a test, past the proxy that ends TLS. */
  post: (url: string, body: string | null) => Promise<Answered>;
  /** As many as one mailbox may have over all apps, and how long one may last; minutes. */
  most: number;
  longest: number;
  /** What may go wrong on the way: copies of each, none at all, another clientState, or held back until `release`. */
  copies: number;
  loses: boolean;
  clientState: string | null;
  holds: boolean;
  /** The status each notification was answered with. */
  answered: number[];
  /** Sends what was held back, the newest first. */
  release(): Promise<void>;
  /** Ends what its time has ended, or everything. */
  expire(): void;
  lifecycle(event: LifecycleEvent): Promise<void>;
  tell(box: FakeMailbox, change: Change): void;
  answer(order: Order): Promise<GraphReply>;
};

type Surroundings = { mailboxes: () => Map<string, FakeMailbox>; now: () => number; violations: () => string[] };

const overFetch: FakeSubscriptions["post"] = async (url, body) => {
  const headers = { "content-type": body === null ? "text/plain; charset=utf-8" : "application/json" };
  const response = await fetch(url, { method: "POST", headers, body: body ?? "" });
  return { status: response.status, type: response.headers.get("content-type") ?? "", text: await response.text() };
};

const pattern = /^\/?(?:me|users\/([^/]+))\/mailFolders\('([^']+)'\)\/messages$/i;

export const createSubscriptions = ({ mailboxes, now, violations }: Surroundings): FakeSubscriptions => {
  const ownerOf = new Map<string, { box: FakeMailbox; folderId: string }>();
  let held: (() => Promise<void>)[] = [];

  const send = async (url: string, subscription: Subscription, more: object): Promise<void> => {
    const { id, expirationDateTime, clientState } = subscription;
    const given = fake.clientState ?? clientState;
    const one = { subscriptionId: id, subscriptionExpirationDateTime: expirationDateTime, ...(given ? { clientState: given } : {}) };
    const body = { value: [{ ...one, tenantId: "84bd8158-6d4d-4958-8b9f-9d6445542f95", ...more }] };
    violations().push(...answerProblems("notifications", body));
    const began = performance.now();
    const { status } = await fake.post(url, JSON.stringify(body));
    if (performance.now() - began > 3000) violations().push("a notification was answered later than in 3 seconds");
    fake.answered.push(status);
  };

  /** "… the client must respond with 200 and the decoded token as text/plain within 10 seconds." */
  const validates = async (url: string): Promise<boolean> => {
    const token = `Validation: Testing client application reachability for subscription Request-Id: ${randomUUID()}`;
    const { status, type, text } = await fake.post(`${url}?validationToken=${encodeURIComponent(token)}`, null);
    return status === 200 && type.startsWith("text/plain") && text === token;
  };

  const invalid = (message: string): GraphReply => problem(400, "ValidationError", message);

  const tooLong = (until: string | undefined): boolean => !(Date.parse(until ?? "") <= now() + fake.longest * 60_000);

  const create = async ({ body, grant, prefer }: Order): Promise<GraphReply> => {
    violations().push(...answerProblems("subscription", body));
    const [, user, folderName = ""] = pattern.exec(body.resource ?? "") ?? [];
    const box = mailboxes().get((user ?? grant.address).toLowerCase());
    const folder = box?.folders.find(({ id, wellKnown }) => id === folderName || wellKnown === folderName.toLowerCase());
    if (!box || !folder) return problem(404, "ResourceNotFound", `Resource '${body.resource}' does not exist.`);
    if (!grant.application && user !== undefined)
      return problem(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.");
    if (!prefer.includes('IdType="ImmutableId"')) violations().push("a subscription was made without immutable ids");
    if (!body.notificationUrl?.startsWith("https:") || body.changeType !== "created") return invalid("NotificationUrl must be https.");
    if ((body.clientState ?? "").length > 128) return invalid("clientState is too long.");
    if (tooLong(body.expirationDateTime)) return invalid(`Subscription expiration can only be ${fake.longest} minutes in the future.`);
    const mine = [...ownerOf.values()].filter((each) => each.box === box).length;
    if (mine >= fake.most) return problem(403, "ExtensionError", "Operation: Create; the mailbox has too many active subscriptions.");
    const urls = new Set([body.notificationUrl, body.lifecycleNotificationUrl ?? body.notificationUrl]);
    for (const url of urls) if (!(await validates(url))) return invalid("Subscription validation request failed.");
    const made = { ...body, id: randomUUID() } as Subscription;
    fake.active.set(made.id, made);
    ownerOf.set(made.id, { box, folderId: folder.id });
    return { status: 201, shape: "subscription", body: { ...made, applicationId: randomUUID() } };
  };

  const change = ({ method, id, body }: Order): GraphReply => {
    fake.expire();
    const found = fake.active.get(id);
    if (!found) return problem(404, "ResourceNotFound", "The object was not found.");
    if (method === "DELETE") {
      end(id);
      return { status: 204, shape: "bytes", body: Buffer.alloc(0) };
    }
    if (tooLong(body.expirationDateTime)) return invalid(`Subscription expiration can only be ${fake.longest} minutes in the future.`);
    Object.assign(found, { expirationDateTime: body.expirationDateTime });
    return { status: 200, shape: "subscription", body: found };
  };

  const end = (id: string): void => {
    fake.active.delete(id);
    ownerOf.delete(id);
  };

  const fake: FakeSubscriptions = {
    active: new Map(),
    post: overFetch,
    most: 1000,
    longest: 4230,
    copies: 1,
    loses: false,
    clientState: null,
    holds: false,
    answered: [],
    async release() {
      const newestFirst = held.reverse();
      held = [];
      for (const each of newestFirst) await each();
    },
    expire() {
      for (const { id, expirationDateTime } of [...fake.active.values()]) if (Date.parse(expirationDateTime) <= now()) end(id);
    },
    async lifecycle(lifecycleEvent) {
      for (const each of [...fake.active.values()]) {
        if (lifecycleEvent === "subscriptionRemoved") end(each.id);
        if (each.lifecycleNotificationUrl) await send(each.lifecycleNotificationUrl, each, { lifecycleEvent });
      }
    },
    tell(box, { kind, folderId, message }) {
      fake.expire();
      if (kind !== "created" || fake.loses) return;
      for (const each of fake.active.values()) {
        const watched = ownerOf.get(each.id);
        if (watched?.box !== box || watched.folderId !== folderId) continue;
        const resource = `Users/${box.address}/Messages/${message.immutableId}`;
        const resourceData = { "@odata.type": "#Microsoft.Graph.Message", "@odata.id": resource };
        const one = () => send(each.notificationUrl, each, { changeType: "created", resource, resourceData });
        const all = Array.from({ length: fake.copies }, () => one);
        if (fake.holds) held.push(...all);
        else for (const go of all) void go().catch((error: unknown) => violations().push(`a notification failed: ${error}`));
      }
    },
    answer: (order) => (order.method === "POST" ? create(order) : Promise.resolve(change(order))),
  };
  return fake;
};
