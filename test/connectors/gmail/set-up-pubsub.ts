import { generateKeyPairSync } from "node:crypto";
import type { GmailStage } from "./open-gmail.ts";

/** What config/README.md tells an operator to do: a topic, a pull subscription, and a service account that may read it. */
export const setUpPubSub = (stage: Pick<GmailStage, "google" | "app">): { client_email: string; private_key: string } => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const email = "push@sales.iam.gserviceaccount.com";
  const { pubsub, oauth } = stage.google;
  oauth.robot = { email, publicKey: publicKey.export({ type: "spki", format: "pem" }).toString() };
  pubsub.subscriber = email;
  const serviceAccount = { client_email: email, private_key: privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
  stage.app = { ...(stage.app as object), pubsub: { topic: pubsub.topic, subscription: pubsub.subscription, serviceAccount } };
  return serviceAccount;
};
