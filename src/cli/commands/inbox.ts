import { appendFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Command } from "commander";
import { z } from "zod";
import { createRedactor } from "../../../connectors/shared/redact-exchange.ts";
import { inboxText } from "../../messages/inbox-text.ts";
import type { Connector, Tools } from "../../ports/connector.ts";
import { appendAudit } from "../../store/audit-log.ts";
import { inboxCredentials } from "../../store/inbox-secrets.ts";
import { changeState, getInbox, type Inbox, listInboxes, updateInbox } from "../../store/inboxes.ts";
import { readPushWarning } from "../../store/push-watches.ts";
import { pollNow } from "../../store/turns.ts";
import { connectInbox } from "../../sync/connect-inbox.ts";
import { disconnectInbox } from "../../sync/disconnect-inbox.ts";
import { eraseInboxForGood } from "../../sync/erase.ts";
import { syncInbox } from "../../sync/sync-inbox.ts";
import { confirm } from "../confirm.ts";
import { erasureLines } from "../erasure-lines.ts";
import { CliError } from "../exit-code.ts";
import type { House } from "../house.ts";
import { createSecretReader } from "../read-secret.ts";
import { signInByLoopback } from "../sign-in-by-loopback.ts";
import { syncDeps } from "../sync-deps.ts";
import { chosenAccount, type Globals, print, withHouse } from "../with-house.ts";

export const inboxCommand = (): Command => {
  const inbox = new Command("inbox").description("connected mailboxes");

  inbox
    .command("connect <provider> [settings...]")
    .description(
      "connect a mailbox: imap, exchange, maildir, or a provider that is signed in to. Each setting of the provider is an option; secrets are asked for",
    )
    .allowUnknownOption()
    .helpOption(false)
    .action((provider: string, settings: string[], _options: object, command: Command) =>
      withHouse(async (house) => {
        const connector = await house.loadConnector(provider);
        if (!connector) throw new CliError("usage", `There is no provider ${provider}. There are: ${house.providers.join(", ")}.`);
        const wish = readWish(connector, settings, provider);
        const account = await chosenAccount(house, command.optsWithGlobals<Globals>());
        const made = await (connector.authorize ? connectAtProvider : connectWithSecrets)(house, account.id, provider, connector, wish);
        print(command, made, [`${made.id}  ${made.address}  connected`, ...made.warnings.map((warning) => `  note: ${warning.text}`)]);
      }),
    );

  inbox
    .command("list")
    .description("the inboxes of the account")
    .action((_options: object, command: Command) =>
      withHouse(async (house) => {
        const account = await chosenAccount(house, command.optsWithGlobals<Globals>());
        const { data } = await listInboxes(house.database.read, account.id, { limit: 200 });
        const lines = await Promise.all(data.map((row) => line(house, row)));
        print(command, data, data.length === 0 ? "Connect one; the first bounces appear within minutes." : lines);
      }),
    );

  inbox
    .command("show <id>")
    .description("one inbox: its state, folders and warnings")
    .action((id: string, _options: object, command: Command) =>
      onInbox(command, id, async (house, row) => {
        const push = await readPushWarning(house.database.read, row.accountId, row.id);
        print(command, row, [
          await line(house, row),
          ...row.folders.map((folder) => `  watched: ${folder.path} (${folder.role})`),
          ...[...row.warnings, ...row.limits].map(({ text }) => `  note: ${text}`),
          ...(push === null ? [] : [`  note: not told of new mail by the provider, only by polling: ${push}`]),
        ]);
      }),
    );

  const changes = [
    { name: "pause", description: "stop polling until it is resumed", state: "paused", polled: false },
    { name: "resume", description: "poll again", state: "watching", polled: true },
  ] as const;
  for (const change of changes) {
    inbox
      .command(`${change.name} <id>`)
      .description(change.description)
      .action((id: string, _options: object, command: Command) =>
        onInbox(command, id, async (house, row) => {
          if (row.state === "disconnected" && change.polled) throw new CliError("data", "This inbox is disconnected; connect it again.");
          const now = house.now();
          const to = { state: change.state, detail: { by: "the operator" }, nextPollAt: change.polled ? now : null };
          const changed = await house.database.transaction((tx) => changeState(tx, row.accountId, row.id, to, now));
          if (changed) print(command, changed, await line(house, changed));
        }),
      );
  }

  inbox
    .command("disconnect <id>")
    .description("stop polling, end the provider's consent, forget the credentials; bounces found earlier stay")
    .action((id: string, _options: object, command: Command) =>
      onInbox(command, id, async (house, row) => {
        const { inbox: after, revoked } = await disconnectInbox(house.connecting, row, "the operator");
        const stays = (await house.loadConnector(row.provider))?.authorize && !revoked;
        const note = "  note: the provider did not confirm; its owner can end the consent in the account's security settings.";
        print(command, { ...after, revoked }, [await line(house, after), ...(stays ? [note] : [])]);
      }),
    );

  inbox
    .command("erase <id>")
    .description("disconnect it, and erase all that came from it: letters, notices, bounces")
    .option("--yes", "do not ask")
    .action((id: string, options: { yes?: boolean }, command: Command) =>
      onInbox(command, id, async (house, row) => {
        if (row.state === "erased") throw new CliError("data", "This inbox was erased already.");
        await confirm(`This erases the inbox ${row.address} and all that came from it.`, options.yes);
        const entry = { accountId: row.accountId, by: "command line", action: "inbox erase", subject: row.id, at: house.now() };
        await house.database.transaction((tx) => appendAudit(tx, [entry]));
        const erasure = await eraseInboxForGood(house.connecting, row, "command line");
        if (erasure) print(command, erasure, erasureLines(erasure));
      }),
    );

  inbox
    .command("sync <id>")
    .description("poll now, here, until nothing is left to read")
    .option("--since <days>", "read as far back as this, such as 90d, if the first sync read less")
    .action((id: string, options: { since?: string }, command: Command) =>
      onInbox(command, id, async (house, row) => {
        if (options.since !== undefined) await readFurtherBack(house, row, options.since);
        if (row.nextPollAt === null)
          throw new CliError("data", "This inbox is not polled: it is paused, disconnected or must be reconnected.");
        const after = await syncToTheEnd(house, row);
        print(command, after, await line(house, after));
        if (after.state !== "watching") throw new CliError("unavailable", "The poll did not end well; the state above says why.");
      }),
    );

  inbox
    .command("probe <id>")
    .description("check, read-only, what we assume about this provider")
    .option("--record <file>", "write down what was asked and the shape of what came, without ids, addresses or anything of the mail")
    .action((id: string, options: { record?: string }, command: Command) =>
      onInbox(command, id, async (house, row) => {
        const connector = await house.loadConnector(row.provider);
        if (!connector) throw new CliError("data", `There is no provider ${row.provider} any more.`);
        const { database, keys, now } = house;
        const credentials = inboxCredentials({ database, keys, accountId: row.accountId, inboxId: row.id, now });
        const transcript = openTranscript(options.record);
        const tools = { ...house.tools(row.provider, credentials), ...transcript };
        const answers = await connector.probe(row, tools);
        print(
          command,
          answers,
          answers.map((a) => `${String(a.holds).padEnd(7)}  ${a.assumption}: ${a.detail}`),
        );
      }),
    );

  return inbox;
};

/** Redacted line by line (NDJSON), so that there is something to show of a probe that failed, too. A file that exists is kept. */
const openTranscript = (file: string | undefined): Pick<Tools, "record"> => {
  if (file === undefined) return {};
  try {
    writeFileSync(file, "", { flag: "wx", mode: 0o600 });
  } catch (error) {
    throw new CliError("usage", `${file} cannot be made: ${(error as Error).message}`);
  }
  const redact = createRedactor();
  return { record: (exchange) => appendFileSync(file, `${JSON.stringify(redact(exchange))}\n`) };
};

const onInbox = (command: Command, id: string, work: (house: House, inbox: Inbox) => Promise<void>): Promise<void> =>
  withHouse(async (house) => {
    const account = await chosenAccount(house, command.optsWithGlobals<Globals>());
    const found = await getInbox(house.database.read, account.id, id);
    if (!found) throw new CliError("notFound", `There is no inbox ${id} in this account. \`bounceline inbox list\` shows them.`);
    await work(house, found);
  });

const line = async (house: House, row: Inbox): Promise<string> => {
  const label = (await house.loadConnector(row.provider))?.describe.label ?? row.provider;
  return `${row.id}  ${row.address}  ${row.state}: ${inboxText("en", row, label, house.now()).meaning}`;
};

/** Turn after turn, with a line of progress on a terminal. */
const syncToTheEnd = async (house: House, start: Inbox): Promise<Inbox> => {
  const { database, now } = house;
  for (;;) {
    await database.transaction((tx) => pollNow(tx, start.accountId, start.id, now()));
    const end = await syncInbox(syncDeps(house), { accountId: start.accountId, inboxId: start.id }, new AbortController().signal, {
      before: "threw",
    });
    const after = await getInbox(database.read, start.accountId, start.id);
    if (!after) throw new CliError("notFound", `Inbox ${start.id} is gone.`);
    if (process.stderr.isTTY && after.progress) process.stderr.write(`\r${after.progress.done} of about ${after.progress.total ?? "…"} `);
    if (end?.kind !== "more") return after;
  }
};

/** A smaller `since` opens the backfill again. */
const readFurtherBack = async (house: House, row: Inbox, wish: string): Promise<void> => {
  const since = Math.min(row.since, house.now() - days(wish) * 86_400_000);
  await house.database.transaction((tx) => updateInbox(tx, row.accountId, row.id, { since }, house.now()));
};

type Connect = (house: House, accountId: string, provider: string, connector: Connector, wish: Wish) => Promise<Inbox>;

const common = (house: House, { since, owner }: Wish) => ({
  since: house.now() - days(since ?? `${house.config.sync.firstSyncDays}d`) * 86_400_000,
  owner: owner === undefined ? undefined : { name: owner },
});

const connectWithSecrets: Connect = async (house, accountId, provider, connector, wish) => {
  const { address, settings } = wish;
  const secrets = await askSecrets(connector);
  return connectInbox(house.connecting, accountId, { provider, address, settings, secrets, ...common(house, wish) });
};

/** Sends the person to the provider's own page, and waits for the browser to come back. */
const connectAtProvider: Connect = async (house, accountId, provider, _connector, wish) => {
  const asked = { provider, settings: wish.settings, expectedAddress: wish.address, ...common(house, wish) };
  const tell = (url: string): void =>
    void process.stderr.write(`Open this page in a browser and sign in as ${wish.address}:\n\n${url}\n\n`);
  const ended = await signInByLoopback(house.connecting, accountId, asked, { port: wish.redirectPort, tell });
  if (ended.result === "connected") return ended.inbox;
  throw new CliError("denied", ended.because);
};

type Wish = {
  /** Where the browser comes back to; 0: any free port. */
  redirectPort: number;
  address: string;
  since: string | undefined;
  owner: string | undefined;
  settings: Record<string, unknown>;
};

type FieldSchema = { type?: string; items?: object; description?: string; default?: unknown };

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const ownOptions = {
  "redirect-port": { type: "string" },
  address: { type: "string" },
  since: { type: "string" },
  owner: { type: "string" },
  account: { type: "string" },
  json: { type: "boolean" },
} as const;

/** Reads the provider's settings from options named after them: extraFolders becomes --extra-folders, repeatable. */
const readWish = (connector: Connector, args: string[], provider: string): Wish => {
  const shape = z.toJSONSchema(connector.describe.settings, { io: "input" }) as {
    properties?: Record<string, FieldSchema>;
    required?: string[];
  };
  const fields = Object.entries(shape.properties ?? {});
  const options = Object.fromEntries(
    fields.map(([name, field]) => [kebab(name), { type: "string" as const, multiple: field.type === "array" }]),
  );
  const usage = (): string =>
    [
      `bounceline inbox connect ${provider} --address <address> [--since 30d] [--owner <name>]`,
      ...fields.map(
        ([name, field]) => `  --${kebab(name)}${shape.required?.includes(name) ? " (needed)" : ""}  ${field.description ?? ""}`,
      ),
    ].join("\n");
  let values: Record<string, unknown>;
  try {
    values = parseArgs({ args, options: { ...options, ...ownOptions }, strict: true }).values;
  } catch (error) {
    throw new CliError("usage", `${(error as Error).message}\n${usage()}`);
  }
  if (typeof values.address !== "string") throw new CliError("usage", `--address is needed.\n${usage()}`);
  const settings = Object.fromEntries(
    fields.filter(([name]) => values[kebab(name)] !== undefined).map(([name, field]) => [name, asField(field, values[kebab(name)])]),
  );
  return {
    redirectPort: Number(values["redirect-port"] ?? 0),
    address: values.address,
    since: values.since as string | undefined,
    owner: values.owner as string | undefined,
    settings,
  };
};

const asField = (field: FieldSchema, value: unknown): unknown => {
  if (field.type === "integer" || field.type === "number") return Number(value);
  if (field.type === "boolean") return value === "true";
  return value;
};

const askSecrets = async (connector: Connector): Promise<Record<string, string>> => {
  const names = Object.keys(connector.describe.secrets.shape);
  const secrets: Record<string, string> = {};
  if (names.length === 0) return secrets;
  const reader = createSecretReader();
  for (const name of names) secrets[name] = await reader.read(name);
  reader.close();
  return secrets;
};

const days = (text: string): number => {
  const found = /^(\d{1,4})d?$/.exec(text);
  if (!found) throw new CliError("usage", `--since is a number of days such as 30d, not ${text}.`);
  return Number(found[1]);
};
