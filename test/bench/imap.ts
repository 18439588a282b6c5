/**
 * `npm run bench:imap`: IMAP against a real Dovecot on this machine, as root on Debian. Our listing beside imapflow's own bare fetch of
 * the same header fields in the same run (the ratio is the figure), a whole first sync, what a look at a quiet mailbox costs, memory
 * for each mailbox that is held by IDLE, and how long a notice takes from its delivery to the engagement.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ImapFlow } from "imapflow";
import pino from "pino";
import { imap } from "../../connectors/imap/connector.ts";
import { envelopeFields } from "../../src/bounces/envelope.ts";
import { loadConfig } from "../../src/cli/config.ts";
import { openHouse } from "../../src/cli/house.ts";
import { runDaemon } from "../../src/cli/run-daemon.ts";
import type { ConnectedInbox, Cursor } from "../../src/ports/connector.ts";
import { upsertAccount } from "../../src/store/accounts.ts";
import { listEngagements } from "../../src/store/engagements.ts";
import { getInbox } from "../../src/store/inboxes.ts";
import { connectInbox } from "../../src/sync/connect-inbox.ts";
import { testTools } from "../connectors/test-tools.ts";
import { makeNotice, makeSent } from "../fixtures/make-mail.ts";
import { makeRunFolder, stopRun } from "../setup/mail-server/run-folder.ts";
import { type MailServer, startMailServer } from "../setup/mail-server.ts";

const messages = Number(process.env.MESSAGES ?? 20_000);
const held = Number(process.env.IDLE_INBOXES ?? 1000);
const delivered = Number(process.env.DELIVERED ?? 200);

const settingsOf = ({ imap: { host, port, pinnedCertificate } }: MailServer, username: string) => ({
  host,
  port,
  security: "tls",
  username,
  pinnedCertificate,
});
const inboxOf = (server: MailServer, address: string): ConnectedInbox => ({
  id: address,
  address,
  settings: settingsOf(server, address),
  since: Date.now() - 30 * 86_400_000,
});
const toolsOf = ({ password }: MailServer) => testTools({ secrets: { password } });

const bareClient = async (server: MailServer, user: string): Promise<ImapFlow> => {
  const { host, port, ca } = server.imap;
  const client = new ImapFlow({ host, port, secure: true, tls: { ca }, auth: { user, pass: server.password }, logger: false });
  client.on("error", () => {});
  await client.connect();
  return client;
};

/** A mailbox written straight into Dovecot's Maildir: a quarter sent, notices for one message in twenty, the rest ordinary mail. */
const fill = (run: string, address: string): void => {
  const home = join(run, "dovecot/mail", address);
  const at = new Date(Date.now() - 3_600_000);
  const [sent, notices] = [Math.floor(messages / 4), Math.floor(messages / 20)];
  for (const folder of ["Maildir", "Maildir/.Sent"])
    for (const part of ["cur", "new", "tmp"]) mkdirSync(join(home, folder, part), { recursive: true });
  // Names as a delivery agent gives them. Regular ones fall together in Dovecot's table of names: it then takes 200 ms to open a folder.
  const put = (folder: string, n: number, raw: string): void =>
    writeFileSync(join(home, folder, "cur", `${1_700_000_000 + n}.M${(n * 7919) % 1_000_000}P${4000 + (n % 977)}.imap:2,S`), raw);
  for (let n = 0; n < sent; n++) put("Maildir/.Sent", n, makeSent(n, at));
  for (let n = 0; n < messages - sent; n++) {
    const ordinary = makeSent(n, at).replace("<m", "<o").replace("anna@sales", "eva@customer");
    put("Maildir", n, n < notices ? makeNotice(n, at) : ordinary);
  }
  execFileSync("chown", ["-R", "mail:mail", home]);
};

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
};

const bareFetch = async (server: MailServer, address: string): Promise<number> => {
  const client = await bareClient(server, address);
  let seen = 0;
  for (const folder of ["Sent", "INBOX"]) {
    await client.mailboxOpen(folder, { readOnly: true });
    for await (const _ of client.fetch("1:*", { uid: true, internalDate: true, size: true, headers: [...envelopeFields] })) seen++;
  }
  await client.logout();
  return seen;
};

const ourListing = async (server: MailServer, address: string, cursor: Cursor = null): Promise<{ seen: number; cursor: Cursor }> => {
  const session = await imap.open(inboxOf(server, address), toolsOf(server));
  let end = { seen: 0, cursor };
  for await (const page of session.pull(cursor)) end = { seen: end.seen + page.messages.length, cursor: page.cursor };
  await session.close();
  return end;
};

const compareListing = async (server: MailServer, address: string): Promise<Cursor> => {
  // Dovecot makes its index when a mail program first opens a folder: nobody here is to pay for that.
  const owner = await bareClient(server, address);
  for (const folder of ["INBOX", "Sent"]) await owner.mailboxOpen(folder);
  await owner.mailboxClose();
  await owner.logout();
  await bareFetch(server, address);
  const [bare, ours]: [number[], number[]] = [[], []];
  let cursor: Cursor = null;
  for (let round = 0; round < 3; round++) {
    bare.push(await seconds(() => bareFetch(server, address)));
    ours.push(
      await seconds(async () => {
        const listed = await ourListing(server, address);
        if (listed.seen !== messages) throw new Error(`${listed.seen} of ${messages} listed`);
        cursor = listed.cursor;
      }),
    );
  }
  const [bareRate, ourRate] = [messages / Math.min(...bare), messages / Math.min(...ours)];
  console.log(
    `header fields of ${messages}: imapflow alone ${bareRate.toFixed(0)}/s, our pull ${ourRate.toFixed(0)}/s, ratio ${(ourRate / bareRate).toFixed(2)}`,
  );
  return cursor;
};

/** Every command goes through this method, which is not told in the library's types. */
const commandsOf = ImapFlow.prototype as unknown as { exec: (command: string, ...more: unknown[]) => Promise<unknown> };

const costOfQuietPoll = async (server: MailServer, address: string, cursor: Cursor): Promise<void> => {
  const commands: string[] = [];
  const { exec } = commandsOf;
  commandsOf.exec = function (...asked) {
    commands.push(asked[0]);
    return exec.apply(this, asked);
  };
  const times: number[] = [];
  for (let n = 0; n < 20; n++) times.push(await seconds(() => ourListing(server, address, cursor)));
  commandsOf.exec = exec;
  const once = commands.slice(0, commands.length / 20);
  console.log(`a quiet poll: ${(1000 * middle(times)).toFixed(0)} ms with TLS and sign-in, ${once.length} commands (${once.join(", ")})`);
};

const at = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;
const middle = (values: readonly number[]): number => at(values, 0.5);

/** In a process of its own, so that nothing else is in the figure. */
const holdMany = async (server: MailServer, how: string): Promise<void> => {
  const tools = { ...toolsOf(server), places: { wait: async () => () => {}, ifFree: () => () => {} } };
  const hold = async (n: number): Promise<void> => {
    const address = `idle${n}@sales.example`;
    if (how === "ours") await (await imap.open(inboxOf(server, address), tools)).watch?.(() => {});
    else void (await bareClient(server, address)).mailboxOpen("INBOX", { readOnly: true });
  };
  await hold(0);
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  for (let n = 1; n <= held; n += 20) await Promise.all(Array.from({ length: Math.min(20, held - n + 1) }, (_, index) => hold(n + index)));
  await pause(3000);
  globalThis.gc?.();
  const each = (process.memoryUsage().rss - before) / held / 1024;
  console.log(`${held} mailboxes held by IDLE, ${how}: ${each.toFixed(0)} KB each, on ${(before / 2 ** 20).toFixed(0)} MB`);
  process.exit(0);
};

const holdInChild = (server: MailServer, how: string): void => {
  const args = ["--expose-gc", import.meta.filename, "hold", how, JSON.stringify(server)];
  execFileSync(process.execPath, args, { stdio: "inherit" });
};

const wholeSync = async (server: MailServer, run: string, address: string): Promise<void> => {
  const folder = join(run, "bounceline");
  mkdirSync(folder);
  const options = { BOUNCELINE_DATA_DIR: join(folder, "data"), BOUNCELINE_PORT: "0", BOUNCELINE_ALLOWED_HOSTS: "127.0.0.1,::1" };
  const config = loadConfig(options, folder);
  // Nothing is found by polling: what is told at once is to be measured.
  const house = await openHouse({ ...config, sync: { ...config.sync, pollEverySeconds: 7200 } }, { log: pino({ level: "silent" }) });
  const { accountId, connect } = await house.database.transaction(async (tx) => {
    const account = await upsertAccount(tx, { name: "Bench", logFor: "all" }, Date.now());
    const connecting = (whose: string) =>
      connectInbox(house.connecting, account.id, {
        provider: "imap",
        address: whose,
        settings: settingsOf(server, whose),
        secrets: { password: server.password },
        since: Date.now() - 30 * 86_400_000,
      });
    return { accountId: account.id, connect: connecting };
  });
  const daemon = await runDaemon(house);
  const isWatched = async (id: string): Promise<boolean> => (await getInbox(house.database.read, accountId, id))?.state === "watching";
  const took = await seconds(async () => {
    const { id } = await connect(address);
    while (!(await isWatched(id))) await pause(50);
  });
  console.log(
    `a whole first sync, ${messages / 20} notices opened, matched and stored: ${took.toFixed(1)} s, ${(messages / took).toFixed(0)} messages/s`,
  );

  const owner = "anna.idle@sales.example";
  const client = await bareClient(server, owner);
  const { id } = await connect(owner);
  while (!(await isWatched(id))) await pause(50);
  const logged = async (n: number): Promise<boolean> => {
    const { data } = await listEngagements(house.database.read, accountId, { limit: 5 });
    return data.some(({ recipient }) => recipient.address === `u${n}@customer.example`);
  };
  const deliver = async (n: number): Promise<void> => {
    await client.append("Sent", Buffer.from(makeSent(n, new Date()).replace("anna@sales.example", owner)), ["\\Seen"]);
    await client.append("INBOX", Buffer.from(makeNotice(n, new Date()).replace("To: anna@sales.example", `To: ${owner}`)));
  };
  // The connection is not held at once: the first notice only waits for it.
  for (let n = 1_000_000; !(await logged(n)); n++) {
    await deliver(n);
    await pause(1000);
    if (await logged(n)) break;
  }
  const times: number[] = [];
  for (let n = 2_000_000; n < 2_000_000 + delivered; n++) {
    await deliver(n);
    times.push(
      await seconds(async () => {
        while (!(await logged(n))) await pause(10);
      }),
    );
  }
  console.log(
    `from delivery to engagement by IDLE, ${delivered} notices: median ${middle(times).toFixed(2)} s, 99th percentile ${at(times, 0.99).toFixed(2)} s`,
  );
  client.close();
  await daemon.stop();
  await house.close();
};

if (process.argv[2] === "hold") await holdMany(JSON.parse(process.argv[4] ?? "{}") as MailServer, process.argv[3] ?? "");
const run = makeRunFolder();
try {
  const server = await startMailServer(run);
  if ("skipped" in server) throw new Error(`There is no Dovecot here: ${server.skipped}`);
  const address = "anna@sales.example";
  fill(run, address);
  const cursor = await compareListing(server, address);
  await costOfQuietPoll(server, address, cursor);
  await wholeSync(server, run, address);
  for (const how of ["bare", "ours"]) holdInChild(server, how);
} finally {
  await stopRun(run);
}
