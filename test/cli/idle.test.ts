/** An inbox that is polled once an hour is told of new mail on a connection that is held (IDLE), on a real Dovecot. */
import { ImapFlow } from "imapflow";
import pino from "pino";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/cli/config.ts";
import { openHouse } from "../../src/cli/house.ts";
import { runDaemon } from "../../src/cli/run-daemon.ts";
import { upsertAccount } from "../../src/store/accounts.ts";
import { listEngagements } from "../../src/store/engagements.ts";
import { changeState, getInbox } from "../../src/store/inboxes.ts";
import { connectInbox } from "../../src/sync/connect-inbox.ts";
import { makeNotice, makeSent } from "../fixtures/make-mail.ts";
import { type MailServer, sharedMailServer } from "../setup/mail-server.ts";
import { afterThis, temporaryDirectory } from "../store/engines.ts";

const anna = "anna.idle@sales.example";
const server = await sharedMailServer();

const start = async ({ imap, password }: MailServer) => {
  const folder = temporaryDirectory();
  const config = loadConfig(
    { BOUNCELINE_DATA_DIR: `${folder}/data`, BOUNCELINE_PORT: "0", BOUNCELINE_ALLOWED_HOSTS: "127.0.0.1,::1" },
    folder,
  );
  const house = await openHouse({ ...config, sync: { ...config.sync, pollEverySeconds: 7200 } }, { log: pino({ level: "silent" }) });
  afterThis(() => house.close());
  const client = new ImapFlow({ ...imap, secure: true, auth: { user: anna, pass: password }, tls: { ca: imap.ca }, logger: false });
  await client.connect();
  afterThis(() => client.logout());
  const account = await house.database.transaction((tx) => upsertAccount(tx, { name: "Idle", logFor: "all" }, Date.now()));
  const inbox = await connectInbox(house.connecting, account.id, {
    provider: "imap",
    address: anna,
    settings: { host: imap.host, port: imap.port, security: "tls", username: anna, pinnedCertificate: imap.pinnedCertificate },
    secrets: { password },
    since: Date.now() - 86_400_000,
  });
  const daemon = await runDaemon(house);
  afterThis(() => daemon.stop());
  const state = async () => (await getInbox(house.database.read, account.id, inbox.id))?.state;
  const bounced = async () =>
    (await listEngagements(house.database.read, account.id, { limit: 200 })).data.map(({ recipient }) => recipient.address);
  const deliver = async (n: number) => {
    await client.append("Sent", Buffer.from(makeSent(n, new Date()).replace("anna@sales.example", anna)), ["\\Seen"]);
    await client.append("INBOX", Buffer.from(makeNotice(n, new Date()).replace("To: anna@sales.example", `To: ${anna}`)));
  };
  return { house, account, inbox, state, bounced, deliver };
};

describe.skipIf("skipped" in server)("an inbox whose server speaks IDLE", () => {
  it("has its bounces at once, also after a pause, and none while it is paused", { timeout: 60_000 }, async () => {
    const { house, account, inbox, state, bounced, deliver } = await start(server as MailServer);
    await expect.poll(state, { timeout: 10_000 }).toBe("watching");
    // Before the connection stands a letter would be found by the poll alone, in an hour.
    const first = async (): Promise<number> => {
      await deliver(100);
      return (await bounced()).length;
    };
    await expect.poll(first, { timeout: 20_000, interval: 2000 }).toBe(1);
    for (const n of [1, 2, 3]) {
      await deliver(n);
      await expect.poll(bounced, { timeout: 5000, interval: 50 }).toContain(`u${n}@customer.example`);
    }
    const change = (name: "paused" | "watching", nextPollAt: number | null) =>
      house.database.transaction((tx) => changeState(tx, account.id, inbox.id, { state: name, detail: {}, nextPollAt }, Date.now()));
    await change("paused", null);
    await deliver(4);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await bounced()).not.toContain("u4@customer.example");
    await change("watching", Date.now());
    await expect.poll(bounced, { timeout: 10_000 }).toContain("u4@customer.example");
  });
});
