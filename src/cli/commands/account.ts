import { Command } from "commander";
import { listAccounts, upsertAccount } from "../../store/accounts.ts";
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

  return account;
};
