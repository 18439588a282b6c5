/** Several workers on a PostgreSQL of their own, mailboxes into which mail comes, a receiver of events, and what must hold in the end. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ImapFlow } from "imapflow";
import type { Json } from "../../src/ports/connector.ts";
import { upsertAccount } from "../../src/store/accounts.ts";
import { saveSecrets } from "../../src/store/inbox-secrets.ts";
import { createInbox } from "../../src/store/inboxes.ts";
import { openDatabase } from "../../src/store/open.ts";
import { loadKeys } from "../../src/store/secrets.ts";
import { pollNow } from "../../src/store/turns.ts";
import { createWebhook } from "../../src/store/webhooks.ts";
import { startReceiver } from "../deliver/receiver.ts";
import { makeNotice, makeSent } from "../fixtures/make-mail.ts";
import type { MailServer } from "../setup/mail-server.ts";
import { type OwnPostgres, startOwnPostgres } from "../setup/postgres.ts";
import { afterThis, quiet, temporaryDirectory } from "../store/engines.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

const day = 86_400_000;

export type Verdict = {
  /** Notices that came, and how often they were written. */
  bounces: number;
  logged: number;
  twice: number;
  /** Inboxes that are not well, are not polled within seconds, or owe something. */
  stuck: number;
  /** Accounts whose events have a hole. */
  gaps: number;
  /** Messages there are, and what the inboxes' positions cover; what another look finds that the first did not. */
  messages: number;
  seen: number;
  foundLater: number;
  /** Bounces whose event the receiver accepted. */
  told: number;
  /** Messages that were given up. Each of them can be read. */
  setAside: number;
};

export type Stage = Awaited<ReturnType<typeof openStage>>;

/** `below`: where the database's data lies. */
export const openStage = async (mail: MailServer | null, below?: string) => {
  const folder = temporaryDirectory();
  const postgres: OwnPostgres = await startOwnPostgres({ settings: ["synchronous_commit=on"], ...(below !== undefined && { below }) });
  afterThis(() => postgres.stop());
  const toDatabase = await startTcpProxy({ host: "127.0.0.1", port: Number(new URL(postgres.url).port) });
  afterThis(() => toDatabase.stop());
  const throughProxy = new URL(postgres.url);
  throughProxy.port = String(toDatabase.port);

  const keys = loadKeys({ keyFile: join(folder, "key"), allowCreate: true });
  const database = await openDatabase({ url: postgres.url, keys, log: quiet, now: Date.now });
  afterThis(() => database.close());
  const receiver = await startReceiver();
  const boxes: { put: (kind: "sent" | "inbox", n: number, raw: string) => Promise<void> | void }[] = [];
  const inboxes: { accountId: string; id: string }[] = [];
  const connect = async (accountId: string, provider: string, address: string, settings: Json, secrets: Json) => {
    await database.transaction(async (tx) => {
      const wish = { provider, address, settings, since: Date.now() - day, nextPollAt: Date.now() };
      const inbox = await createInbox(tx, accountId, wish, Date.now());
      await saveSecrets(tx, keys, accountId, inbox.id, secrets, null);
      inboxes.push({ accountId, id: inbox.id });
    });
  };

  const accounts: string[] = [];
  for (const name of ["First", "Second"]) {
    const { id } = await database.transaction((tx) => upsertAccount(tx, { name, logFor: "all" }, Date.now()));
    accounts.push(id);
    const hook = { url: receiver.url, types: ["engagement.created"] };
    await database.transaction((tx) => createWebhook(tx, keys, id, hook, Date.now()));
    for (const n of [1, 2]) {
      const path = join(folder, `${name}-${n}`);
      boxes.push(makeMaildir(path));
      await connect(id, "maildir", `anna${n}@sales.example`, { path }, {});
    }
  }
  let toMail: TcpProxy | null = null;
  if (mail) {
    toMail = await startTcpProxy({ host: mail.imap.host, port: mail.imap.port });
    const address = `chaos${Date.now()}@sales.example`;
    boxes.push(await openMailbox(mail, address));
    const { password, imap } = mail;
    const settings = {
      host: "127.0.0.1",
      port: toMail.port,
      security: "tls",
      username: address,
      pinnedCertificate: imap.pinnedCertificate,
    };
    await connect(accounts[0] ?? "", "imap", address, settings, { password });
    afterThis(() => toMail?.stop());
  }

  const workers: ChildProcess[] = [];
  // Not where one is started: that is in a test, whose end it outlives.
  afterThis(() => {
    for (const worker of workers) worker.kill("SIGKILL");
  });
  const startWorker = async (env: Record<string, string> = {}): Promise<ChildProcess> => {
    const child = fork(new URL("./worker.ts", import.meta.url).pathname, [], {
      cwd: folder,
      env: {
        PATH: process.env.PATH ?? "",
        HOME: folder,
        BOUNCELINE_LOG_LEVEL: "error",
        BOUNCELINE_KEY_FILE: "key",
        BOUNCELINE_PORT: "0",
        BOUNCELINE_ROLES: "sync,deliver",
        BOUNCELINE_ALLOWED_HOSTS: "127.0.0.1",
        BOUNCELINE_WEBHOOK_HOSTS: "127.0.0.1",
        DATABASE_URL: throughProxy.href,
        ...env,
      },
      stdio: ["ignore", "ignore", openSync(join(folder, "workers.log"), "a"), "ipc"],
    });
    workers.push(child);
    await Promise.race([
      once(child, "message"),
      once(child, "exit").then(() => Promise.reject(new Error("a worker ended before it was ready"))),
    ]);
    return child;
  };

  /** Sent messages there are; each has a notice. */
  let sent = 0;
  const deliverOne = async (): Promise<void> => {
    const n = sent++;
    const box = boxes[n % boxes.length];
    const at = new Date(Date.now() - 60_000);
    await box?.put("sent", n, makeSent(n, at));
    await box?.put("inbox", n, makeNotice(n, at));
  };

  /** Mail comes while `harm` goes on, and people press "look now" on inboxes that are not well. */
  const under = async (harm: () => Promise<void>): Promise<void> => {
    let harming = true;
    const mailing = (async () => {
      while (harming) {
        await deliverOne();
        await pause(60);
      }
    })();
    try {
      await harm();
    } finally {
      harming = false;
      await mailing;
    }
  };

  const lookNow = () =>
    database
      .transaction(async (tx) => {
        const ill = await tx.selectFrom("inboxes").select(["id", "account_id"]).where("state", "in", ["unreachable", "waiting"]).execute();
        for (const { id, account_id } of ill) await pollNow(tx, account_id, id, Date.now());
        // What was being read alone when a worker died is left be for five minutes: as if those had passed.
        await tx.updateTable("owed").set({ due_at: Date.now() }).where("due_at", ">", Date.now()).execute();
        await tx.updateTable("webhooks").set({ due_at: Date.now() }).where("due_at", ">", Date.now()).execute();
      })
      .catch(() => {});

  const count = async () => {
    const { read } = database;
    const engagements = await read.selectFrom("engagements").select(["state", "version"]).execute();
    const histories = await read.selectFrom("engagement_history").select("fingerprint").execute();
    const seen = await read.selectFrom("seen_messages").select(["ref", "verdict"]).execute();
    const events = await read.selectFrom("events").select(["account_id", "seq"]).orderBy("account_id").orderBy("seq").execute();
    const holes = accounts.filter((id) => events.filter((one) => one.account_id === id).some(({ seq }, i) => seq !== i + 1));
    const rows = await read.selectFrom("inboxes").select(["state", "fence", "turn_fence", "next_poll_at"]).execute();
    const owed = await read.selectFrom("owed").select("ref").execute();
    const ill = rows.filter(({ state, next_poll_at: at }) => state !== "watching" || at === null || at > Date.now() + 15_000);
    const told = new Set(receiver.received.map(({ body }) => (body.data as { engagement?: { id: string } }).engagement?.id ?? body.id));
    return {
      logged: engagements.filter(({ state }) => state === "hard").length,
      twice: engagements.filter(({ version }) => version !== 1).length + Math.max(0, histories.length - engagements.length),
      stuck: ill.length + owed.length,
      gaps: holes.length,
      seen: seen.length,
      events: events.length,
      told: told.size,
      setAside: seen.filter(({ verdict }) => !["sent", "notice", "owed"].includes(verdict)).length,
    };
  };

  /** What holds when nothing is done to anybody any more; waits for it up to `patienceMs`. */
  const settle = async (patienceMs = 90_000): Promise<Verdict & { seconds: number }> => {
    const began = Date.now();
    let now = await count();
    const isDone = () => now.logged >= sent && now.stuck === 0 && now.told >= sent;
    while (!isDone() && Date.now() - began < patienceMs) {
      await lookNow();
      await pause(500);
      now = await count();
    }
    const seconds = (Date.now() - began) / 1000;
    if (workers.some(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null))
      throw new Error(`A worker ended by itself:\n${readFileSync(join(folder, "workers.log"), "utf8").slice(-3000)}`);
    // Everybody looks again, at least twice.
    await pause(3000);
    let later = await count();
    // An inbox whose turn runs at this moment is not stuck; one that is stuck stays so.
    for (let tries = 0; later.stuck > 0 && tries < 20; tries += 1) {
      await pause(1000);
      later = await count();
    }
    const { logged, twice, stuck, gaps, seen, told, setAside } = later;
    const foundLater = later.seen - now.seen + later.events - now.events;
    return { bounces: sent, logged, twice, stuck, gaps, messages: 2 * sent, seen, foundLater, told, setAside, seconds };
  };

  return { postgres, database, toDatabase, toMail, workers, startWorker, deliverOne, under, settle, sent: () => sent, count };
};

/** As the Maildir protocol has it: written beside, then renamed, so that nobody reads half a message. */
const makeMaildir = (path: string) => {
  for (const name of ["INBOX", "Sent"]) for (const part of ["cur", "new", "tmp"]) mkdirSync(join(path, name, part), { recursive: true });
  return {
    put(kind: "sent" | "inbox", n: number, raw: string): void {
      const name = kind === "sent" ? "Sent" : "INBOX";
      writeFileSync(join(path, name, "tmp", `${n}`), raw);
      renameSync(join(path, name, "tmp", `${n}`), join(path, name, kind === "sent" ? `cur/${n}.sent:2,S` : `new/${n}.notice`));
    },
  };
};

/** A mailbox on the real server; mail is put there past the proxy. */
const openMailbox = async ({ imap, password }: MailServer, address: string) => {
  const auth = { user: address, pass: password };
  const client = new ImapFlow({ host: imap.host, port: imap.port, secure: true, auth, tls: { ca: imap.ca }, logger: false });
  await client.connect();
  afterThis(() => client.logout());
  return {
    put: async (kind: "sent" | "inbox", _n: number, raw: string): Promise<void> => {
      await client.append(kind === "sent" ? "Sent" : "INBOX", Buffer.from(raw), kind === "sent" ? ["\\Seen"] : []);
    },
  };
};
