import { office365 } from "../../../connectors/office365/connector.ts";
import type { ConnectedInbox, Cursor, Json, Page, Tools } from "../../../src/ports/connector.ts";
import type { FakeMailbox } from "../../fakes/microsoft/fake-mailbox.ts";
import type { PutOptions } from "../../fakes/microsoft/fake-message.ts";
import { type FakeMicrosoft, startFakeMicrosoft } from "../../fakes/microsoft/start-fake-microsoft.ts";
import { storedCache } from "../../fakes/microsoft/stored-cache.ts";
import { trustedCertificate } from "../../fakes/trusted-certificate.ts";
import { collect, testTools } from "../test-tools.ts";

export const address = "anna@sales.example";
const delegated = ["Mail.Read", "User.Read"];

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
  const fake = await startFakeMicrosoft({ tls: trustedCertificate() });
  const box = fake.addMailbox(address);
  box.addFolder("Bounces");
  const { accessToken, refreshToken } = fake.signIn.signedIn(address, delegated);
  return {
    fake,
    box,
    app: { ...fake.signIn.app, tenant: "organizations", signInUrl: fake.url, graphUrl: fake.url },
    inbox: { id: "inb_1", address, settings: { extraFolders: ["Bounces"], ...settings }, since: 0 },
    secrets: { cache: storedCache(fake, address, refreshToken), accessToken, expiresAt: Date.now() + 3_600_000 },
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

/** The tools of a turn on the stage; what is refreshed is kept in `secrets`, as a database would. */
export const toolsOf = (stage: Office365, more: Partial<Tools> = {}): Tools => ({
  ...testTools({ app: stage.app }),
  credentials: {
    read: async () => ({ ...stage.secrets }),
    async refresh(fn) {
      stage.secrets = (await fn({ ...stage.secrets })) as Office365["secrets"];
      return stage.secrets;
    },
  },
  ...more,
});

/** All pages from a cursor on. */
export const pullAll = async (stage: Office365, cursor: Cursor = null, more: Partial<Tools> = {}): Promise<Page[]> => {
  const session = await office365.open(stage.inbox, toolsOf(stage, more));
  return collect(session.pull(JSON.parse(JSON.stringify(cursor)))).finally(() => session.close());
};

/** How often Graph was asked; `part`: only for paths that hold it. */
export const timesAsked = ({ fake }: Office365, part = ""): number =>
  fake.seen.filter(({ kind, path }) => kind === "graph" && path.includes(part)).length;
