import { generateKeyPairSync } from "node:crypto";
import type { App, ConnectedInbox } from "../../../src/ports/connector.ts";
import type { Mailbox } from "../../fakes/google/mailbox.ts";
import { type FakeGoogle, startGoogle } from "../../fakes/google/start-google.ts";
import { trustedCertificate } from "./trust-certificate.ts";

export const readonlyScope = "https://www.googleapis.com/auth/gmail.readonly";

export type GmailStage = {
  google: FakeGoogle;
  mailbox: Mailbox;
  inbox: ConnectedInbox;
  app: App;
  secrets: { refreshToken: string; accessToken?: string; expiresAt?: number };
};

/** The app of a deployment whose gateway is the stand-in: the one documented override. */
export const appOf = (google: FakeGoogle, serviceAccount?: { client_email: string; private_key: string }): App => ({
  clientId: google.oauth.client.id,
  clientSecret: google.oauth.client.secret,
  gateway: google.origin,
  ...(serviceAccount ? { serviceAccount } : {}),
});

/** A stand-in for Google with anna's mailbox, to which she has given her consent. */
export const openGmail = async (settings: { firstSync?: "likely" | "everything" } = {}): Promise<GmailStage> => {
  const google = await startGoogle({ tls: trustedCertificate() });
  const mailbox = google.addMailbox("anna@sales.example");
  const secrets = google.oauth.consent("anna@sales.example", [readonlyScope]);
  const inbox = { id: "inb_1", address: "anna@sales.example", settings, since: 0 };
  return { google, mailbox, inbox, app: appOf(google), secrets };
};

/** Lets a service account into the organisation sales.example, and gives its key file. */
export const allowServiceAccount = (google: FakeGoogle): { client_email: string; private_key: string } => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = { type: "spki", format: "pem" } as const;
  const email = "reader@project.iam.gserviceaccount.com";
  google.oauth.serviceAccount = { email, publicKey: publicKey.export(pem).toString(), allowed: [readonlyScope], domain: "sales.example" };
  return { client_email: email, private_key: privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
};
