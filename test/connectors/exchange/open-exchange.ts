import { exchange } from "../../../connectors/exchange/connector.ts";
import type { ConnectedInbox, Cursor, Json, Page, Tools } from "../../../src/ports/connector.ts";
import type { ExchangeMailbox, PutOptions } from "../../fakes/exchange/exchange-mailbox.ts";
import { type FakeExchange, startFakeExchange } from "../../fakes/exchange/start-fake-exchange.ts";
import { testCertificate } from "../../fakes/test-certificate.ts";
import { collect, testTools } from "../test-tools.ts";

export const address = "anna@sales.example";
const certificate = testCertificate();

export type Exchange = {
  fake: FakeExchange;
  box: ExchangeMailbox;
  inbox: ConnectedInbox;
  secrets: { password: string };
  put(folder: string, raw: Buffer | string, options?: PutOptions & { receivedAt?: number }): Promise<void>;
  close(): Promise<void>;
};

/** A stand-in with one mailbox in it, and somebody who may open it. */
export const openExchange = async (settings: { [name: string]: Json } = {}): Promise<Exchange> => {
  const fake = await startFakeExchange({ tls: certificate });
  const box = fake.addMailbox(address);
  box.addFolder("Bounces");
  const own = { server: fake.url, username: "SALES\\anna", pinnedCertificate: certificate.cert, extraFolders: ["Bounces"] };
  return {
    fake,
    box,
    inbox: { id: "inb_1", address, settings: { ...own, ...settings }, since: 0 },
    secrets: { password: fake.account.password },
    async put(folder, raw, { receivedAt, ...options } = {}) {
      await box.put(folder, Buffer.from(raw), receivedAt ?? fake.now(), options);
      fake.tick();
    },
    async close() {
      await fake.stop();
      if (fake.violations.length > 0) throw new Error(`the stand-in was used wrongly:\n${[...new Set(fake.violations)].join("\n")}`);
    },
  };
};

export const toolsOf = (stage: Exchange, more: Partial<Tools> = {}): Tools => testTools({ secrets: stage.secrets, ...more });

/** All pages from a cursor on, by a session of their own. */
export const pullAll = async (stage: Exchange, cursor: Cursor = null, more: Partial<Tools> = {}): Promise<Page[]> => {
  const session = await exchange.open(stage.inbox, toolsOf(stage, more));
  return collect(session.pull(JSON.parse(JSON.stringify(cursor)))).finally(() => session.close());
};
