/**
 * The main job on real servers, through the whole daemon: a message goes out through Postfix, the recipient's server refuses it,
 * Postfix writes a notice into the sender's mailbox on Dovecot, and the bounce is on the contact's timeline.
 */
import { ImapFlow } from "imapflow";
import pino from "pino";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/cli/config.ts";
import { openHouse } from "../../src/cli/house.ts";
import { runDaemon } from "../../src/cli/run-daemon.ts";
import { upsertAccount } from "../../src/store/accounts.ts";
import { createApiKey } from "../../src/store/api-keys.ts";
import { makeSent } from "../fixtures/make-mail.ts";
import { type MailServer, sharedMailServer } from "../setup/mail-server.ts";
import { sendMail } from "../setup/send-mail.ts";
import { afterThis, temporaryDirectory } from "../store/engines.ts";

const anna = "anna.round-trip@sales.example";

/** What a mail program does: hands the message to the server and puts a copy into Sent. */
const send = async (server: MailServer, raw: Buffer): Promise<void> => {
  const client = new ImapFlow({
    host: server.imap.host,
    port: server.imap.port,
    secure: true,
    auth: { user: anna, pass: server.password },
    tls: { ca: server.imap.ca },
    logger: false,
  });
  await client.connect();
  await client.append("Sent", raw, ["\\Seen"]);
  await client.logout();
  await sendMail(server.smtp, { from: anna, to: ["nobody@customer.example"], raw });
};

const startDaemon = async () => {
  const folder = temporaryDirectory();
  const config = loadConfig(
    { BOUNCELINE_DATA_DIR: `${folder}/data`, BOUNCELINE_PORT: "0", BOUNCELINE_ALLOWED_HOSTS: "127.0.0.1,::1" },
    folder,
  );
  const house = await openHouse({ ...config, sync: { ...config.sync, pollEverySeconds: 1 } }, { log: pino({ level: "silent" }) });
  afterThis(() => house.close());
  const daemon = await runDaemon(house);
  afterThis(() => daemon.stop());
  const key = await house.database.transaction(async (tx) => {
    const account = await upsertAccount(tx, { name: "Round trip" }, Date.now());
    return (await createApiKey(tx, account.id, { scope: "write", label: "test" }, Date.now())).key;
  });
  return async (method: string, path: string, body?: object) => {
    const headers = { authorization: `Bearer ${key}`, ...(body && { "content-type": "application/json" }) };
    const response = await fetch(`${daemon.url}${path}`, { method, headers, body: body && JSON.stringify(body) });
    // biome-ignore lint/suspicious/noExplicitAny: the test reads what the API promises
    return { status: response.status, json: (await response.json()) as any };
  };
};

const server = await sharedMailServer();

describe.skipIf("skipped" in server)("a message to an unknown user, sent through a real server", () => {
  it("is a bounce on the contact's timeline", { timeout: 60_000 }, () => roundTrip(server as MailServer));
});

async function roundTrip({ imap, smtp, password, ...rest }: MailServer): Promise<void> {
  const api = await startDaemon();
  const wrong = await api("POST", "/v1/inboxes", {
    provider: "imap",
    address: anna,
    settings: { host: imap.host, port: imap.port, security: "tls", username: anna, pinnedCertificate: imap.pinnedCertificate },
    secrets: { password: "not-the-password" },
  });
  expect([wrong.status, wrong.json.type]).toEqual([422, "invalid-request"]);
  expect(JSON.stringify(wrong.json)).not.toContain("not-the-password");

  const connected = await api("POST", "/v1/inboxes", {
    provider: "imap",
    address: anna,
    settings: { host: imap.host, port: imap.port, security: "tls", username: anna, pinnedCertificate: imap.pinnedCertificate },
    secrets: { password },
  });
  expect([connected.status, connected.json.warnings]).toEqual([201, []]);
  const [contact] = (
    await api("POST", "/v1/contacts", { contacts: [{ externalId: "crm-1", name: "Nobody", addresses: ["nobody@customer.example"] }] })
  ).json.data;
  await expect.poll(async () => (await api("GET", `/v1/inboxes/${connected.json.id}`)).json.state, { timeout: 10_000 }).toBe("watching");

  const began = performance.now();
  const sent = makeSent(1, new Date()).replace("u1@customer.example", "nobody@customer.example");
  await send({ imap, smtp, password, ...rest }, Buffer.from(sent));
  const timeline = async () => (await api("GET", `/v1/contacts/${contact.id}/timeline?expand=sentMessage`)).json.data;
  await expect.poll(timeline, { timeout: 15_000, interval: 20 }).toHaveLength(1);
  console.log(`from sending to the timeline: ${Math.round(performance.now() - began)} ms (polled every second)`);

  const [bounce] = await timeline();
  expect(bounce).toMatchObject({
    state: "hard",
    category: "unknown_user",
    contactExternalId: "crm-1",
    recipient: { address: "nobody@customer.example", relation: "same" },
    sentMessage: { messageId: "<m1@sales.example>", subject: "Offer 1" },
    server: { status: "5.1.1", smtpCode: 550 },
    match: { rule: "embedded_message_id", confidence: "certain" },
    backfill: false,
  });
  const events = (await api("GET", "/v1/events")).json.data.map((event: { type: string }) => event.type);
  expect(events).toEqual(["inbox.connected", "inbox.first_sync_completed", "engagement.created", "address.ineligible"]);
}
