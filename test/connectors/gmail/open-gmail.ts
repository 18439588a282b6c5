import { generateKeyPairSync } from "node:crypto";
import { gmail } from "../../../connectors/gmail/connector.ts";
import type { App, ConnectedInbox, Cursor, Page, Tools } from "../../../src/ports/connector.ts";
import type { Mailbox } from "../../fakes/google/mailbox.ts";
import { type FakeGoogle, startGoogle } from "../../fakes/google/start-google.ts";
import { trustedCertificate } from "../../fakes/trusted-certificate.ts";
import { collect, testTools } from "../test-tools.ts";

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

/** The tools of a turn on the stage; what is refreshed is kept in `stage.secrets`, as a database would. */
export const toolsOf = (stage: GmailStage, more: Partial<Tools> = {}): Tools => ({
  ...testTools({ app: stage.app }),
  credentials: {
    read: async () => ({ ...stage.secrets }),
    async refresh(fn) {
      stage.secrets = (await fn({ ...stage.secrets })) as GmailStage["secrets"];
      return stage.secrets;
    },
  },
  ...more,
});

/** All pages from a cursor on. */
export const pullAll = async (stage: GmailStage, cursor: Cursor = null, more: Partial<Tools> = {}): Promise<Page[]> => {
  const session = await gmail.open(stage.inbox, toolsOf(stage, more));
  return collect(session.pull(cursor));
};

export const lastCursor = (pages: readonly Page[]): Cursor => pages.at(-1)?.cursor ?? null;

/** The Message-IDs of all pages, in order. */
export const idsOf = (pages: readonly Page[]): string[] =>
  pages.flatMap(({ messages }) => messages.map(({ headers }) => headers.get("message-id")?.[0] ?? ""));

/** How often a method was asked for. */
export const timesAsked = ({ google }: GmailStage, method: string): number => google.asked.filter((each) => each.method === method).length;

/** A letter by its number. */
export const letter = (n: number | string, more = ""): string =>
  `Message-ID: <${n}@sales.example>\r\nFrom: Anna <anna@sales.example>\r\nTo: jan@customer.example\r\nSubject: Offer ${n}\r\n${more}\r\nText ${n}\r\n`;

/** What a promise is rejected with. */
export const failureOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );
