import { Command } from "commander";
import { appendAudit } from "../../store/audit-log.ts";
import { findContactByAddress, getContact } from "../../store/contacts.ts";
import { eraseContactForGood } from "../../sync/erase.ts";
import { confirm } from "../confirm.ts";
import { erasureLines } from "../erasure-lines.ts";
import { CliError } from "../exit-code.ts";
import { chosenAccount, type Globals, print, withHouse } from "../with-house.ts";

export const contactCommand = (): Command => {
  const contact = new Command("contact").description("people bounces are about");

  contact
    .command("erase <contact>")
    .description("erase a person, by id or address: bounces, letters and notices to them alone, and every mention elsewhere")
    .option("--yes", "do not ask")
    .action((which: string, options: { yes?: boolean }, command: Command) =>
      withHouse(async (house) => {
        const { database, now } = house;
        const account = await chosenAccount(house, command.optsWithGlobals<Globals>());
        const { read } = database;
        const found = (await getContact(read, account.id, which)) ?? (await findContactByAddress(read, account.id, which));
        if (!found) throw new CliError("notFound", `There is no contact ${which} in this account.`);
        await confirm(`This erases the contact ${found.id} with ${found.addresses.join(", ")}.`, options.yes);
        const entry = { accountId: account.id, by: "command line", action: "contact erase", subject: found.id, at: now() };
        await database.transaction((tx) => appendAudit(tx, [entry]));
        const erasure = await eraseContactForGood(house, account.id, found.id, "command line");
        if (!erasure) throw new CliError("notFound", `The contact ${which} is gone already.`);
        print(command, erasure, erasureLines(erasure));
      }),
    );

  return contact;
};
