import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Command } from "commander";
import { timeText } from "../../messages/text.ts";
import { upsertAccount } from "../../store/accounts.ts";
import { createApiKey } from "../../store/api-keys.ts";
import { type Engagement, listEngagements } from "../../store/engagements.ts";
import { getInbox } from "../../store/inboxes.ts";
import { listNotices, type Notice } from "../../store/notices.ts";
import { createSignInLink } from "../../store/sign-in.ts";
import { connectInbox } from "../../sync/connect-inbox.ts";
import { explainMessageId } from "../../sync/explain.ts";
import { loadConfig } from "../config.ts";
import { CliError } from "../exit-code.ts";
import { type House, openHouse } from "../house.ts";
import { inspectPaths } from "../inspect.ts";
import { type Daemon, runDaemon } from "../run-daemon.ts";
import { askerOf } from "./explain.ts";
import { stopSignal } from "./serve.ts";
import { timelineLines } from "./timeline.ts";

const mailbox = join(import.meta.dirname, "../demo-mailbox");

export const demoCommand = (): Command =>
  new Command("demo")
    .description("the main job on a bundled mailbox of real notices, in a database of its own that is deleted at the end")
    .option("--exit", "end when the timeline is printed")
    .action(async (options: { exit?: boolean }) => {
      const folder = mkdtempSync(join(tmpdir(), "bounceline-demo-"));
      try {
        await runDemo(folder, options.exit === true);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });

const say = (text: string): void => void process.stdout.write(text);

const runDemo = async (folder: string, exit: boolean): Promise<void> => {
  const { messageIds, end } = await lookAtMailbox();
  const notices = messageIds.length;
  say(`Bounceline demo: a mailbox of ${notices} real notices (Postfix, Exim, OpenSMTPD, dma). Nothing leaves this machine.\n`);
  say(`[1/4] Node ${process.versions.node.split(".")[0]}, packages ... ok   [2/4] database ... `);
  // Only its own settings: a configuration that lies about, and its data directory, are not touched.
  const config = loadConfig({ BOUNCELINE_DATA_DIR: join(folder, "data"), BOUNCELINE_LOG_LEVEL: "error" }, folder);
  const started = performance.now();
  // The clock stands at the mailbox's end and goes on from there.
  const house = await openHouse(config, { now: () => Math.round(end + performance.now() - started) });
  try {
    const account = await house.database.transaction((tx) => upsertAccount(tx, { name: "Demo" }, house.now()));
    const daemon = await runDaemon(house, { nextFreePort: true });
    say("ok   ");
    try {
      await readMailbox(house, daemon, account.id, notices);
      await printTimeline(house, account.id, messageIds);
      await printLinks(house, account.id, daemon);
      if (!exit) await untilStopped();
    } finally {
      await daemon.stop();
    }
  } finally {
    await house.close();
  }
};

/** The ids of what lies in the mailbox's Inbox, and when its newest message was written. */
const lookAtMailbox = async (): Promise<{ messageIds: string[]; end: number }> => {
  const messageIds: string[] = [];
  let end = 0;
  await inspectPaths([join(mailbox, "INBOX")], { format: "ndjson" }, (line) => {
    const { notice } = JSON.parse(line) as { notice: { messageId: string | null; date: number | null } };
    messageIds.push(notice.messageId ?? "");
    end = Math.max(end, notice.date ?? 0);
  });
  return { messageIds, end: end + 60_000 };
};

/** Connects the mailbox like any other and waits until the polling loop has read it. */
const readMailbox = async (house: House, daemon: Daemon, accountId: string, notices: number): Promise<void> => {
  const since = house.now() - 30 * 86_400_000;
  const owner = { name: "Sales team" };
  const connected = await connectInbox(house.connecting, accountId, {
    provider: "maildir",
    address: "sales@sales.example",
    settings: { path: mailbox },
    secrets: {},
    owner,
    since,
  });
  daemon.nudge();
  for (let waited = 0; waited < 60_000; waited += 20) {
    const inbox = await getInbox(house.database.read, accountId, connected.id);
    if (inbox?.state === "watching") {
      say(`[3/4] reading ${notices}/${notices} ... ok   [4/4] matching ... ok\n`);
      return;
    }
    if (inbox?.state === "unreachable")
      throw new CliError("data", `The bundled mailbox cannot be read: ${JSON.stringify(inbox.stateDetail)}`);
    await pause(20);
  }
  throw new CliError("unavailable", "The bundled mailbox was not read within a minute.");
};

const printTimeline = async (house: House, accountId: string, messageIds: readonly string[]): Promise<void> => {
  const { read } = house.database;
  const { data: bounces } = await listEngagements(read, accountId, { limit: 200 });
  const others = await noBounces(house, accountId, messageIds);
  const { data: untied } = await listNotices(read, accountId, { limit: 200, state: ["waiting", "unmatched", "not_ours"] });
  const lines = [
    `Timeline, as of ${timeText("en", house.now())} UTC`,
    ...inOrder(bounces).flatMap(timelineLines),
    `  NOT A BOUNCE  ${others.total}: ${others.words}`,
    `  NOT TIED      ${untied.length}: ${untied.length === 1 ? "names" : "name"} a message nobody here sent`,
    [
      ...states.map((state) => `${bounces.filter((bounce) => bounce.state === state).length} ${state}`),
      `${others.total} no bounce`,
      `${untied.length} not tied`,
    ].join(" · "),
  ];
  say(`${lines.join("\n")}\n`);
  sayWhy(untied);
};

const states = ["hard", "soft", "pending"] as const;
const inOrder = (bounces: readonly Engagement[]): Engagement[] =>
  states.flatMap((state) => bounces.filter((bounce) => bounce.state === state));

const kindWords: Record<string, string> = {
  delivery_receipt: "delivery receipt",
  read_receipt: "read receipt",
  auto_reply: "vacation reply",
};

/** What in the mailbox is no bounce, asked as support would ask. */
const noBounces = async (house: House, accountId: string, messageIds: readonly string[]): Promise<{ total: number; words: string }> => {
  const found: string[] = [];
  for (const id of messageIds) {
    const [answer] = await explainMessageId(askerOf(house, accountId), id);
    const words = kindWords[answer?.code ?? ""];
    if (words !== undefined) found.push(words);
  }
  return { total: found.length, words: found.sort().join(", ") };
};

const sayWhy = ([notice]: readonly Notice[]): void => {
  if (notice) say(`Why?   bin/bounceline explain '${join("src/cli/demo-mailbox/INBOX", notice.ref.split("#").at(-1) ?? "")}'\n`);
};

const printLinks = async (house: House, accountId: string, daemon: Daemon): Promise<void> => {
  const [link, key] = await house.database.transaction(async (tx) => [
    await createSignInLink(tx, accountId, house.now()),
    await createApiKey(tx, accountId, { scope: "read", label: "demo", prefix: "demo" }, house.now()),
  ]);
  say(`Look:  ${daemon.url}/?signin=${link}\nAPI:   curl -H "Authorization: Bearer ${key.key}" ${daemon.url}/v1/engagements\n`);
};

const untilStopped = async (): Promise<void> => {
  say("Ctrl-C ends the demo and deletes its database.\n");
  await stopSignal();
};
