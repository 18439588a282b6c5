/** The server that the examples of /docs are run against: a demo account with everything in it that an example asks for. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { imap } from "../../connectors/imap/connector.ts";
import type { Operation } from "../../src/api/open-api.ts";
import { appendEvents } from "../../src/store/events.ts";
import { getInbox } from "../../src/store/inboxes.ts";
import { addressHash } from "../../src/store/secrets.ts";
import { expireWaiting } from "../../src/store/waiting-notices.ts";
import { claimWebhook, saveWebhookStep } from "../../src/store/webhook-turns.ts";
import { createWebhook } from "../../src/store/webhooks.ts";
import { connectInbox } from "../../src/sync/connect-inbox.ts";
import type { Example } from "../../src/web/docs/docs-page.ts";
import { ask, startServer, type TestServer } from "../api/server.ts";
import { testTools } from "../connectors/test-tools.ts";
import { startReceiver } from "../deliver/receiver.ts";
import { memoryConnector } from "../fakes/memory-connector.ts";
import { makeNotice } from "../fixtures/make-mail.ts";
import { now, worldOf } from "../sync/world.ts";

/** IMAP's own words and checks, over a mailbox in memory. */
const imapInMemory = { ...memoryConnector({ messages: [] }), describe: imap.describe };

export type DocsWorld = TestServer & {
  /** Sends an example, with the ids it shows put in place of the real ones and back again in the answer. */
  run: (example: Example, operation: Operation) => Promise<{ status: number; real: unknown; shown: unknown }>;
};

export const startDocsWorld = async (): Promise<DocsWorld> => {
  const test: TestServer = await startServer({
    describe: async (provider) => (provider === "imap" ? imap.describe : null),
    connectInbox: (accountId, wish) =>
      connectInbox(
        {
          database: test.database,
          keys: test.keys,
          loadConnector: async () => imapInMemory,
          tools: (_provider, credentials) => testTools({ app: null, credentials }),
          now: () => now,
        },
        accountId,
        wish,
      ),
  });
  const receiver = await startReceiver();
  const names = shownNames(await fill(test, receiver.url), receiver.url);
  return {
    ...test,
    run: async (example, operation) => {
      const { method, path, headers = {}, body, file } = JSON.parse(names.toReal(JSON.stringify(example))) as Example;
      const scope = operation.security.flatMap(({ key }) => key)[0];
      const key = scope === undefined ? null : scope === "admin" ? test.admin : scope === "write" ? test.ours.write : test.ours.read;
      const mail =
        file === undefined
          ? undefined
          : readFileSync(join(import.meta.dirname, "../../src/cli/demo-mailbox/INBOX/postfix-unknown-user.eml"));
      const answer = await ask(test.server, key, method as "GET", path, mail ?? (body as object), {
        ...headers,
        ...(mail && { "content-type": "message/rfc822" }),
      });
      const isJson = answer.json !== null;
      const shown = names.toShown(answer.text);
      return { status: answer.status, real: isJson ? answer.json : answer.text, shown: isJson ? JSON.parse(shown) : shown };
    },
  };
};

/** Makes what the examples ask for. Returns ids in the order in which they are numbered where they are shown. */
const fill = async (test: TestServer, receiverUrl: string): Promise<string[]> => {
  const { server, database, keys, admin, ours } = test;
  await database.transaction((tx) => tx.updateTable("inboxes").set({ provider: "imap" }).where("id", "=", ours.inboxId).execute());
  const hard = (await ask(server, ours.read, "GET", "/v1/engagements?state=hard")).json.data[0];

  // Two notices that nobody can tie: for confirming and for dismissing.
  const message = {
    messageId: "<m7@sales.example>",
    sentAt: new Date(now - 3_600_000).toISOString(),
    subject: "Offer 7",
    from: "anna@sales.example",
    recipients: [{ address: "u7@customer.example" }],
  };
  await ask(server, ours.write, "POST", "/v1/sent-messages", { messages: [message] });
  const inbox = await getInbox(database.read, ours.accountId, ours.inboxId);
  if (!inbox) throw new Error("no inbox");
  const read = Array.from({ length: 4 }, (_, n) => ({
    ref: `old-${n}`,
    role: "inbox" as const,
    raw: Buffer.from("Subject: x\r\n\r\n"),
    receivedAt: now,
  }));
  const strange = [7, 8].map((n) => ({
    ref: `gateway-${n}`,
    role: "inbox" as const,
    raw: Buffer.from(gatewayNotice(n)),
    receivedAt: now - n,
  }));
  await worldOf(database, ours.accountId, inbox, { messages: [...read, ...strange] }).turn();
  await expireWaiting(database, ours.accountId, now + 72 * 3_600_000);
  const unmatched = (await ask(server, ours.read, "GET", "/v1/notices?state=unmatched")).json.data;

  // An address that the global rule leaves out, and an event that a receiver refused for three days.
  await ask(server, admin, "PATCH", `/v1/accounts/${ours.accountId}`, { globalRule: true });
  const reports = ["a", "b", "c"].map((name) => ({
    address_hash: addressHash(keys, "gone@customer.example"),
    account_id: `acc_${name}`,
    organisation: `${name}.example`,
    at: now,
  }));
  const { webhook } = await database.transaction(async (tx) => {
    await tx.insertInto("global_reports").values(reports).execute();
    const event = { type: "inbox.recovered", backfill: false, data: { inboxId: ours.inboxId } };
    const last = await appendEvents(tx, ours.accountId, [event], now);
    const made = await createWebhook(tx, keys, ours.accountId, { url: receiverUrl }, now);
    const due = { accountId: ours.accountId, webhookId: made.webhook.id };
    const claimed = await claimWebhook(tx, due, { busyUntil: now }, now);
    if (!claimed || last === null) throw new Error("no endpoint or no event");
    await saveWebhookStep(tx, claimed.claim, { kind: "dead", sequence: last, error: "answered 500" }, now);
    return made;
  });
  return [
    ours.accountId,
    ours.inboxId,
    hard.contactId,
    hard.id,
    hard.sentMessageId,
    unmatched[0].recipients[0].suggestions[0].sentMessageId,
    unmatched[0].id,
    unmatched[1].id,
    webhook.id,
  ];
};

/** A notice that names no message: recipient and subject only, as some gateways write them. */
const gatewayNotice = (n: number): string =>
  makeNotice(n, new Date(now)).replace(`Message-ID: <m${n}@sales.example>\r\n`, "").replace(`Subject: Offer ${n}\r\n`, "");

/** Secrets, and what differs from run to run, as they are shown. */
const shownAs: [RegExp, string][] = [
  [/\b(bl_[a-z]+_)[\w-]{43}/g, "$1Jq0sTz4mXb7cVhR2nKp9wLd1yGf6aEu8oSi3vCxMk5Y"],
  [/(\/connect\/)[\w-]{43}/g, "$1pV7nQ2xLr9Tz4Kc0mHs8Wb6Yd1Fj3Gq5Ae_RuXiOt-M"],
  [/whsec_[\w+/=]+/g, "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDe9mRk0vJw2Y="],
  [/("elapsedMs":)[\d.]+/g, "$112"],
  [/("nextCursor":")[^"]+/g, "$1WzE3OTU2MjYwMDAwMDAsIjAxS0FYUjNXNVYiXQ"],
  [/("parserVersion":")[\d.]+/g, "$11.0.0"],
];

/** Real ids and how they are shown, both ways: numbered within their prefix in the order in which they come up. */
const shownNames = (first: readonly string[], receiverUrl: string) => {
  const shown = new Map<string, string>([[receiverUrl, "https://crm.example/bounces"]]);
  const counts = new Map<string, number>();
  const nameOf = (id: string): string => {
    const prefix = id.slice(0, 3);
    if (!shown.has(id)) {
      counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
      shown.set(id, `${prefix}_01KAXR3W5V${String(counts.get(prefix)).padStart(16, "0")}`);
    }
    return shown.get(id) ?? "";
  };
  for (const id of first) nameOf(id);
  return {
    toShown: (text: string): string => {
      const named = text.replaceAll(receiverUrl, nameOf(receiverUrl)).replace(/\b[a-z]{3}_[0-9A-HJKMNP-TV-Z]{26}\b/g, nameOf);
      return shownAs.reduce((words, [pattern, as]) => words.replace(pattern, as), named);
    },
    toReal: (text: string): string => [...shown].reduce((words, [real, as]) => words.replaceAll(as, real), text),
  };
};
