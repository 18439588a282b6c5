import { Command } from "commander";
import { CliError } from "../exit-code.ts";
import { countsLine, type Difference, differenceLines, reclassify } from "../reclassify.ts";
import { chosenAccount, type Globals, print, withHouse } from "../with-house.ts";

export const reclassifyCommand = (): Command =>
  new Command("reclassify")
    .description("judge kept notices and header facts again, and list what would change")
    .option("--dry-run", "list the differences and write nothing (the only way there is so far)")
    .action(async (options: { dryRun?: boolean }, command: Command) => {
      if (!options.dryRun)
        throw new CliError("usage", "Writing the new verdicts is not built yet. List them: bounceline reclassify --dry-run");
      await withHouse(async (house) => {
        const account = await chosenAccount(house, command.optsWithGlobals<Globals>());
        const differences: Difference[] = [];
        const counts = await reclassify(house.database.read, account.id, (difference) => void differences.push(difference));
        print(command, { counts, differences }, [...differences.flatMap(differenceLines), countsLine(counts)]);
      });
    });
