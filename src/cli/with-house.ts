import type { Command } from "commander";
import type { Account } from "../store/accounts.ts";
import { getAccount, listAccounts } from "../store/accounts.ts";
import { loadConfig } from "./config.ts";
import { CliError } from "./exit-code.ts";
import { type House, openHouse } from "./house.ts";

export type Globals = { json?: boolean; account?: string };

/** Opens the house for one command and closes it after, also when the command fails. */
export const withHouse = async <T>(work: (house: House) => Promise<T>): Promise<T> => {
  const house = await openHouse(loadConfig(process.env, process.cwd()));
  try {
    return await work(house);
  } finally {
    await house.close();
  }
};

/** The account that --account names by id or externalId; without it, the only one there is. Throws CliError. */
export const chosenAccount = async (house: House, globals: Globals): Promise<Account> => {
  const { account } = globals;
  if (account !== undefined) {
    const byId = await getAccount(house.database.read, account);
    const found = byId ?? (await listAccounts(house.database.read, { externalId: account })).data[0];
    if (!found) throw new CliError("notFound", `There is no account ${account}. \`bounceline account list\` shows them.`);
    return found;
  }
  const [first, second] = (await listAccounts(house.database.read, { limit: 2 })).data;
  if (!first) throw new CliError("notFound", "There is no account yet. Make one: bounceline account create <name>");
  if (second) throw new CliError("usage", "There are several accounts: say which with --account. `bounceline account list` shows them.");
  return first;
};

/** Prints a value as JSON where --json was given, else as lines. */
export const print = (command: Command, value: unknown, lines: string | readonly string[]): void => {
  const { json } = command.optsWithGlobals<Globals>();
  const text = json ? JSON.stringify(value, null, 2) : typeof lines === "string" ? lines : lines.join("\n");
  if (text !== "") process.stdout.write(`${text}\n`);
};
