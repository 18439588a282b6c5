import { Command } from "commander";
import { countsLine, type Difference, differenceLines, type ReclassifyCounts, reclassify } from "../reclassify.ts";
import { chosenAccount, type Globals, print, withHouse } from "../with-house.ts";

export const reclassifyCommand = (): Command =>
  new Command("reclassify")
    .description("judge kept notices and header facts by the rules of today, and write what changes; safe beside a running daemon")
    .option("--dry-run", "list the differences and write nothing")
    .action((options: { dryRun?: boolean }, command: Command) =>
      withHouse(async (house) => {
        const globals = command.optsWithGlobals<Globals>();
        const account = await chosenAccount(house, globals);
        const dryRun = options.dryRun ?? false;
        const differences: Difference[] = [];
        const line = statusLine(process.stderr);
        const tell = (difference: Difference) => {
          if (globals.json) return void differences.push(difference);
          line.clear();
          process.stdout.write(`${differenceLines(difference).join("\n")}\n`);
        };
        const { database, now } = house;
        const counts = await reclassify({ database, account, dryRun, now, tell, progress: line.draw });
        line.clear();
        print(command, { counts, differences }, countsLine(counts, dryRun));
      }),
    );

/** How far it is, on a terminal; elsewhere nothing. */
const statusLine = (stream: NodeJS.WriteStream) => {
  const write = (text: string) => void (stream.isTTY && stream.write(`\r\u001b[K${text}`));
  return {
    draw: ({ notices, messages }: Readonly<ReclassifyCounts>) => write(`${notices} notices, ${messages} messages`),
    clear: () => write(""),
  };
};
