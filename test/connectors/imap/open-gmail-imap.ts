import type { ConnectedInbox, Dial, Tools } from "../../../src/ports/connector.ts";
import { type FakeGmail, startFakeGmail } from "../../fakes/gmail-imap.ts";
import { type FakeGoogle, startGoogle } from "../../fakes/google/start-google.ts";
import { trustedCertificate } from "../../fakes/trusted-certificate.ts";
import { testTools } from "../test-tools.ts";

export const mailScope = "https://mail.google.com/";

export type GmailImapStage = {
  google: FakeGoogle;
  server: FakeGmail;
  inbox: ConnectedInbox;
  app: { clientId: string; clientSecret: string; gateway: string };
  secrets: { refreshToken: string; accessToken?: string; expiresAt?: number };
  /** Google's name leads to the stand-in, whose certificate is for localhost. */
  dial: Dial;
  close(): Promise<void>;
};

/** Leads what is asked of one host and port to a port of this machine. Any other is a mistake. */
export const dialTo =
  (host: string, port: number): Dial =>
  async (name, asked) => {
    if (name !== host || asked !== 993) throw new Error(`${name}:${asked} was dialled, not ${host}:993`);
    return { address: "127.0.0.1", port, servername: "localhost" };
  };

/** What a stand-in for a mail server says of a token, as Gmail does. */
const refusal = { status: "400", schemes: "Bearer", scope: mailScope };

/** Google's sign-in and Gmail's IMAP server as anna sees them, to whom she has given her consent. */
export const openGmailImap = async (settings: object = {}): Promise<GmailImapStage> => {
  const certificate = trustedCertificate();
  const google = await startGoogle({ tls: certificate });
  const server = await startFakeGmail({ tls: certificate });
  server.checkToken = (user, token) => {
    const access = google.oauth.accessOf(token, google.now());
    return access?.address === user && access.scopes.includes(mailScope) ? null : refusal;
  };
  const { id, secret } = google.oauth.client;
  return {
    google,
    server,
    inbox: { id: "inb_1", address: "anna@sales.example", settings: { ...settings }, since: 0 },
    app: { clientId: id, clientSecret: secret, gateway: google.origin },
    secrets: google.oauth.consent("anna@sales.example", [mailScope, "openid", "email"]),
    dial: dialTo("imap.gmail.com", server.port),
    close: async () => {
      await server.stop();
      await google.stop();
    },
  };
};

/** The tools of a turn on the stage; what is refreshed is kept in `stage.secrets`, as a database would. */
export const toolsOf = (stage: GmailImapStage, more: Partial<Tools> = {}): Tools => ({
  ...testTools({ app: stage.app, dial: stage.dial }),
  credentials: {
    read: async () => ({ ...stage.secrets }),
    async refresh(fn) {
      stage.secrets = (await fn({ ...stage.secrets })) as GmailImapStage["secrets"];
      return stage.secrets;
    },
  },
  ...more,
});
