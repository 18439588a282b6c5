import { Command } from "commander";
import { addressText } from "../../messages/address-text.ts";
import { unbounce } from "../../store/unbounce.ts";
import { CliError } from "../exit-code.ts";
import { chosenAccount, type Globals, print, withHouse } from "../with-house.ts";

export const unbounceCommand = (): Command =>
  new Command("unbounce")
    .description("make an address usable again; its bounces stay on the timeline")
    .argument("<address>")
    .requiredOption("--note <why>", "why: it is kept with the address")
    .option("--by <who>", "who says so", "the operator")
    .action((address: string, options: { note: string; by: string }, command: Command) =>
      withHouse(async (house) => {
        const account = await chosenAccount(house, command.optsWithGlobals<Globals>());
        const { note, by } = options;
        const health = await house.database.transaction((tx) => unbounce(tx, account.id, address, by, note, house.now()));
        if (!health) throw new CliError("notFound", `No bounce is known of ${address} in this account.`);
        print(command, { address, ...health }, `${address}: ${addressText("en", health)}`);
      }),
    );
