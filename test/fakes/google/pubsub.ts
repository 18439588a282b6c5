/**
 * A topic of Cloud Pub/Sub with one pull subscription (REST v1, projects.subscriptions.pull and .acknowledge), and what Gmail
 * publishes to it. There is no schema of Pub/Sub here: requests are held against its documentation.
 */
import { setTimeout as wait } from "node:timers/promises";
import { type Answer, failure, insufficientScope, notFound, ok } from "./answer.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Access } from "./oauth.ts";

type Message = { messageId: string; data: string; publishTime: string; dueAt: number; ackIds: string[]; deliveries: number };
type Call = { subscription: string; verb: string; body: Record<string, unknown>; access: Access };

export type PubSub = {
  topic: string;
  subscription: string;
  /** The robot that has the role Pub/Sub Subscriber; nobody else may read. */
  subscriber: string | null;
  /** How long a pull waits for a message, and after how long what was not acknowledged comes again; milliseconds. */
  waitMs: number;
  ackDeadlineMs: number;
  /** Deliveries per message that Google says may be more than one, and messages that are lost on the way. */
  copies: number;
  loses: boolean;
  /** What was not acknowledged yet. */
  readonly backlog: number;
  /** Publishes anything at all. */
  publish(data: unknown): void;
  /** Begins or renews the watch of a mailbox; until when it holds, epoch milliseconds. */
  watch(mailbox: Mailbox): number;
  unwatch(mailbox: Mailbox): void;
  watched(mailbox: Mailbox): boolean;
  answer(call: Call, violations: string[]): Answer | Promise<Answer>;
};

const week = 604_800_000;

/** What is not in the documentation's request bodies. */
const misshapen = ({ verb, body }: Call): string[] => {
  const known = verb === "pull" ? ["maxMessages"] : ["ackIds"];
  const unknown = Object.keys(body).filter((name) => !known.includes(name));
  const right = verb === "pull" ? Number.isInteger(body.maxMessages) && Number(body.maxMessages) > 0 : Array.isArray(body.ackIds);
  return [...unknown.map((name) => `${verb} takes no ${name} (or it is deprecated)`), ...(right ? [] : [`${verb} lacks ${known}`])];
};

export const createPubSub = (now: () => number): PubSub => {
  let messages: Message[] = [];
  const watches = new Map<Mailbox, number>();
  let made = 0;

  const due = (): Message[] => messages.filter(({ dueAt }) => dueAt <= now());

  const deliver = (message: Message): object => {
    const ackId = `ack-${message.messageId}-${++message.deliveries}`;
    message.ackIds.push(ackId);
    message.dueAt = now() + pubsub.ackDeadlineMs;
    const { data, messageId, publishTime } = message;
    return { ackId, message: { data, messageId, publishTime } };
  };

  const pull = async (most: number): Promise<Answer> => {
    const until = Date.now() + pubsub.waitMs;
    while (due().length === 0 && Date.now() < until) await wait(5);
    const received = due().slice(0, most).map(deliver);
    return ok(received.length > 0 ? { receivedMessages: received } : {});
  };

  const acknowledge = (ackIds: readonly string[]): Answer => {
    messages = messages.filter((message) => !message.ackIds.some((each) => ackIds.includes(each)));
    return ok({});
  };

  const pubsub: PubSub = {
    topic: "projects/sales/topics/gmail",
    subscription: "projects/sales/subscriptions/bounceline",
    subscriber: null,
    waitMs: 200,
    ackDeadlineMs: 10_000,
    copies: 1,
    loses: false,
    get backlog() {
      return messages.length;
    },
    publish(data) {
      if (pubsub.loses) return;
      const bytes = Buffer.from(typeof data === "string" ? data : JSON.stringify(data)).toString("base64");
      const message = { data: bytes, publishTime: new Date(now()).toISOString(), dueAt: 0, deliveries: 0 };
      for (let copy = 0; copy < pubsub.copies; copy++) messages.push({ ...message, ackIds: [], messageId: String(++made) });
    },
    watch(mailbox) {
      const until = now() + week;
      watches.set(mailbox, until);
      const tell = () => pubsub.publish({ emailAddress: mailbox.address, historyId: Number(mailbox.historyId) });
      mailbox.onChange = () => {
        if (pubsub.watched(mailbox)) tell();
      };
      // "… an immediate notification message sent to your topic".
      tell();
      return until;
    },
    unwatch: (mailbox) => void watches.delete(mailbox),
    watched: (mailbox) => (watches.get(mailbox) ?? 0) > now(),
    answer(call, violations) {
      const { subscription, verb, body, access } = call;
      violations.push(...misshapen(call));
      if (!access.scopes.includes("https://www.googleapis.com/auth/pubsub")) return insufficientScope(`pubsub.${verb}`);
      if (access.address !== pubsub.subscriber) return failure(403, "forbidden", "User not authorized to perform this action.");
      if (subscription !== pubsub.subscription) return notFound();
      return verb === "pull" ? pull(Number(body.maxMessages)) : acknowledge(body.ackIds as string[]);
    },
  };
  return pubsub;
};
