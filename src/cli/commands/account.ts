import { Command } from "commander";
import { getAccount, listAccounts, upsertAccount } from "../../store/accounts.ts";
import { eraseAccountForGood } from "../../sync/erase.ts";
import { confirm } from "../confirm.ts";
import { erasureLines } from "../erasure-lines.ts";
import { CliError } from "../exit-code.ts";
import { print, withHouse } from "../with-house.ts";

export const accountCommand = (): Command => {
  const account = new Command("account").description("tenants: one per customer of the CRM");

  account
    .command("create <name>")
    .description("make an account; one with the same --external-id is changed instead")
    .option("--external-id <id>", "the CRM's id of it")
    .option("--log-for <whom>", "auto, known or all: whose bounces are logged", "auto")
    .action((name: string, options: { externalId?: string; logFor: "auto" | "known" | "all" }, command: Command) =>
      withHouse(async ({ database, now }) => {
        const made = await database.transaction((tx) => upsertAccount(tx, { name, ...options }, now()));
        print(command, made, `${made.id}  ${made.name}`);
      }),
    );

  account
    .command("list")
    .description("the accounts, oldest first")
    .action((_options: object, command: Command) =>
      withHouse(async ({ database }) => {
        const { data } = await listAccounts(database.read, { limit: 200 });
        print(command, data, data.length === 0 ? "No account yet." : data.map((a) => `${a.id}  ${a.externalId ?? "-"}  ${a.name}`));
      }),
    );

  account
    .command("erase <id>")
    .description("disconnect its inboxes and erase all it owns; only the receipt stays")
    .option("--yes", "do not ask")
    .action((id: string, options: { yes?: boolean }, command: Command) =>
      withHouse(async (house) => {
        const found = await getAccount(house.database.read, id);
        if (!found || found.erasedAt !== null)
          throw new CliError("notFound", `There is no account ${id}. \`bounceline account list\` shows them.`);
        await confirm(`This erases the account ${found.name} and all it owns.`, options.yes);
        const erasure = await eraseAccountForGood(house.connecting, id, "command line");
        print(command, erasure, erasureLines(erasure));
      }),
    );

  return account;
};
