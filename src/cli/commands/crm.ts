import { Command } from "commander";
import type { CrmDeps } from "../../deliver/project-crm.ts";
import { CrmError } from "../../ports/crm.ts";
import { type CrmConnection, deleteCrmConnection, getCrmConnection, saveCrmConnection } from "../../store/crm-connections.ts";
import { crmDeadLetters } from "../../store/crm-turns.ts";
import { CliError } from "../exit-code.ts";
import type { House } from "../house.ts";
import { createSecretReader } from "../read-secret.ts";
import { crms } from "../start-projection.ts";
import { chosenAccount, type Globals, print, withHouse } from "../with-house.ts";

type ConnectOptions = { backfill: boolean; after?: string };

export const crmCommand = (): Command => {
  const crm = new Command("crm").description("the CRM that bounces are written to");

  crm
    .command("connect <kind>")
    .description("write bounces to a CRM from now on: hubspot. Its token is asked for, or read from standard input")
    .option("--no-backfill", "leave out what a first sync finds: old news")
    .option("--after <sequence>", "begin after this event of the account's log; 0: everything it still has")
    .addHelpText("after", needs)
    .action((kind: string, options: ConnectOptions, command: Command) =>
      withHouse(async (house) => {
        const account = await chosenAccount(house, command.optsWithGlobals<Globals>());
        const made = await connectCrm({ ...house.delivery, open: crms }, account.id, kind, await readToken(), options);
        print(command, made, `${made.kind}  connected; begins after event ${made.position}`);
      }),
    );

  crm
    .command("show")
    .description("how far it is, and what went wrong last")
    .action((_options: object, command: Command) =>
      withHouse(async (house) => {
        const { connection, letters, newest } = await lookAt(house, command);
        print(command, { ...connection, newestEvent: newest, deadLetters: letters }, crmLines(connection, newest, letters));
      }),
    );

  crm
    .command("disconnect")
    .description("write no more, and forget the token; what is in the CRM stays there")
    .action((_options: object, command: Command) =>
      withHouse(async (house) => {
        const { connection } = await lookAt(house, command);
        await house.database.transaction((tx) => deleteCrmConnection(tx, connection.accountId));
        print(command, { kind: connection.kind, disconnected: true }, `${connection.kind}  disconnected; end its token there too.`);
      }),
    );

  return crm;
};

const needs = `
hubspot: the access token of a private app with the scopes crm.objects.contacts.read, crm.objects.contacts.write,
crm.schemas.contacts.read, crm.schemas.contacts.write and sales-email-read.`;

/** Tries the token by making what is needed in the CRM, then keeps it, sealed. Throws CliError, whose message has no secret. */
export const connectCrm = async (
  deps: CrmDeps,
  accountId: string,
  kind: string,
  token: string,
  options: ConnectOptions,
): Promise<CrmConnection> => {
  const open = deps.open[kind];
  if (!open) throw new CliError("usage", `There is no CRM ${kind}. There are: ${Object.keys(deps.open).join(", ")}.`);
  if (token === "") throw new CliError("usage", "Without a token nothing is connected.");
  const after = options.after === undefined ? undefined : Number(options.after);
  if (after !== undefined && !(Number.isSafeInteger(after) && after >= 0))
    throw new CliError("usage", "--after is the number of an event.");
  const crm = await open({ token, memory: null, timeoutMs: deps.timeoutMs });
  try {
    await crm.prepare();
    const wish = { kind, token, includeBackfill: options.backfill, memory: crm.memory(), after };
    return await deps.database.transaction((tx) => saveCrmConnection(tx, deps.keys, accountId, wish, deps.now()));
  } catch (error) {
    if (!(error instanceof CrmError)) throw error;
    throw new CliError(error.kind === "auth" ? "denied" : "unavailable", `${error.message}. Nothing was connected.`);
  } finally {
    crm.close();
  }
};

const readToken = async (): Promise<string> => {
  const secrets = createSecretReader();
  try {
    return (await secrets.read("Access token")).trim();
  } finally {
    secrets.close();
  }
};

const lookAt = async (house: House, command: Command) => {
  const account = await chosenAccount(house, command.optsWithGlobals<Globals>());
  const { read } = house.database;
  const connection = await getCrmConnection(read, account.id);
  if (!connection) throw new CliError("notFound", "No CRM is connected. Connect one: bounceline crm connect hubspot");
  const { event_seq: newest } = await read
    .selectFrom("accounts")
    .select("event_seq")
    .where("id", "=", account.id)
    .executeTakeFirstOrThrow();
  return { connection, newest, letters: await crmDeadLetters(read, account.id) };
};

const crmLines = (connection: CrmConnection, newest: number, letters: Awaited<ReturnType<typeof crmDeadLetters>>): string[] => {
  const at = (time: number) => new Date(time).toISOString();
  const { kind, position, lastWrittenAt, lastError, lastErrorAt, attempts, dueAt } = connection;
  return [
    `${kind}  event ${position} of ${newest}, last written ${lastWrittenAt === null ? "never" : at(lastWrittenAt)}`,
    ...(lastError === null ? [] : [`  ${at(lastErrorAt ?? 0)}: ${lastError}`]),
    ...(attempts === 0 ? [] : [`  failed ${attempts} times; next try ${at(dueAt)}`]),
    ...(letters.newest === null
      ? []
      : [`  not taken: ${letters.count} events, the newest ${letters.newest.sequence}: ${letters.newest.error}`]),
  ];
};
