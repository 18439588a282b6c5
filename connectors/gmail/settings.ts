import * as z from "zod";
import type { App, ConnectedInbox } from "../../src/ports/connector.ts";
import { googleApp, readAs } from "../shared/google/google-app.ts";
import { parseSettings } from "../shared/parse-settings.ts";

/** What a person chooses. Strict, because everything has a default: the settings of another provider would pass otherwise. */
export const settings = z.strictObject({
  firstSync: z
    .enum(["likely", "everything"])
    .default("likely")
    .describe("First sync: sent mail and what looks like a notice, or all mail of the window (at most 300 messages a minute)"),
});

/** Of a service account's key file (JSON, hence its names) what is needed. */
const serviceAccount = z.object({ client_email: z.string().min(1), private_key: z.string().min(1) });

/** Where Google tells of new mail, in the same Google Cloud project as the app. config/README.md says how to make them. */
const pubsub = z
  .object({
    topic: z
      .string()
      .regex(/^projects\/[^/]+\/topics\/[^/]+$/, "must be projects/<project>/topics/<topic>")
      .describe("Topic Gmail publishes to, as projects/<project>/topics/<topic>"),
    subscription: z
      .string()
      .regex(/^projects\/[^/]+\/subscriptions\/[^/]+$/, "must be projects/<project>/subscriptions/<subscription>")
      .describe("A pull subscription to it, as projects/<project>/subscriptions/<subscription>"),
    serviceAccount: serviceAccount.describe("Key of a service account with the role Pub/Sub Subscriber on it"),
  })
  .optional()
  .describe("Be told of new mail at once, rather than only poll");

/** The app the operator registered. */
export const app = googleApp.extend({ pubsub });

const { gateway } = googleApp.shape;

/** For a whole organisation. */
const domainApp = z.object({ serviceAccount, gateway, pubsub });

const pushApp = z.object({ gateway, pubsub });

export type GmailSettings = z.infer<typeof settings>;
export type DomainApp = z.infer<typeof domainApp>;

/** The settings of an inbox as this connector uses them. Throws ConnectorError "rejected" when they are not its own. */
export const readSettings = (inbox: ConnectedInbox): GmailSettings => parseSettings(settings, inbox.settings);

/** The operator's service account. Throws ConnectorError "rejected" where none is set up. */
export const readDomainApp = (given: App): DomainApp => readAs(domainApp, given, "the key of a Google service account");

export type PubSub = NonNullable<z.infer<typeof pubsub>> & { gateway: string | undefined };

/** Where Google tells of new mail; null where the operator has set nothing up, or not rightly. */
export const readPubSub = (given: App): PubSub | null => {
  const parsed = pushApp.safeParse(given);
  return parsed.success && parsed.data.pubsub ? { ...parsed.data.pubsub, gateway: parsed.data.gateway } : null;
};
