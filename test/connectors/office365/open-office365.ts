import { getCACertificates, setDefaultCACertificates } from "node:tls";
import type { ConnectedInbox, Json } from "../../../src/ports/connector.ts";
import type { FakeMailbox } from "../../fakes/microsoft/fake-mailbox.ts";
import type { PutOptions } from "../../fakes/microsoft/fake-message.ts";
import { type FakeMicrosoft, startFakeMicrosoft } from "../../fakes/microsoft/start-fake-microsoft.ts";
import { testCertificate } from "../../fakes/test-certificate.ts";

export const address = "anna@sales.example";
const delegated = ["Mail.Read", "User.Read"];

let trusted: ReturnType<typeof testCertificate> | null = null;

/** One certificate per test process, trusted by fetch from then on. */
const certificate = (): ReturnType<typeof testCertificate> => {
  if (trusted === null) {
    trusted = testCertificate();
    setDefaultCACertificates([...getCACertificates("default"), trusted.ca]);
  }
  return trusted;
};

export type Office365 = {
  fake: FakeMicrosoft;
  box: FakeMailbox;
  app: { [name: string]: Json };
  inbox: ConnectedInbox;
  /** As signing in left them, with an access token that is good for an hour. */
  secrets: { cache: string; accessToken: string; expiresAt: number };
  put(folder: string, raw: Buffer | string, options?: PutOptions & { receivedAt?: number }): void;
  close(): Promise<void>;
};

/** A stand-in with one mailbox in it, and somebody who has signed in to it. */
export const openOffice365 = async (settings: { [name: string]: Json } = {}): Promise<Office365> => {
  const fake = await startFakeMicrosoft({ tls: certificate() });
  const box = fake.addMailbox(address);
  box.addFolder("Bounces");
  const { accessToken, refreshToken } = fake.signIn.signedIn(address, delegated);
  return {
    fake,
    box,
    app: { ...fake.signIn.app, tenant: "organizations", signInUrl: fake.url, graphUrl: fake.url },
    inbox: { id: "inb_1", address, settings: { extraFolders: ["Bounces"], ...settings }, since: 0 },
    secrets: { cache: storedCache(fake, refreshToken), accessToken, expiresAt: Date.now() + 3_600_000 },
    put(folder, raw, { receivedAt, ...options } = {}) {
      box.put(folder, Buffer.from(raw), { receivedAt: receivedAt ?? fake.now(), ...options });
      fake.tick();
    },
    async close() {
      await fake.stop();
      if (fake.violations.length > 0) throw new Error(`the stand-in was used wrongly:\n${[...new Set(fake.violations)].join("\n")}`);
    },
  };
};

/** What msal-node stores after a sign-in (its unified cache schema), without an access token: the first renewal finds the rest. */
const storedCache = (fake: FakeMicrosoft, refreshToken: string): string => {
  const environment = new URL(fake.url).host;
  const [uid, utid] = ["anna", fake.signIn.tenant];
  const account = {
    home_account_id: `${uid}.${utid}`,
    environment,
    realm: utid,
    local_account_id: uid,
    username: address,
    authority_type: "MSSTS",
    client_info: Buffer.from(JSON.stringify({ uid, utid })).toString("base64url"),
  };
  const token = {
    home_account_id: account.home_account_id,
    environment,
    credential_type: "RefreshToken",
    client_id: fake.signIn.app.clientId,
    secret: refreshToken,
  };
  return JSON.stringify({
    Account: { [`${account.home_account_id}-${environment}-${utid}`]: account },
    IdToken: {},
    AccessToken: {},
    RefreshToken: { [`${account.home_account_id}-${environment}-refreshtoken-${token.client_id}----`]: token },
    AppMetadata: {},
  });
};
