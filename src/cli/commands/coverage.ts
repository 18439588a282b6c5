import { Command } from "commander";
import { text, timeText } from "../../messages/text.ts";
import type { Coverage } from "../../store/coverage.ts";
import { allInboxes, getInbox, type Inbox } from "../../store/inboxes.ts";
import { checkCoverage } from "../../sync/check-coverage.ts";
import { CliError } from "../exit-code.ts";
import { chosenAccount, type Globals, print, withHouse } from "../with-house.ts";

export const coverageCommand = (): Command =>
  new Command("coverage")
    .description("compare what the provider holds of the last days with what was seen; what is missing is queued to be read")
    .argument("[inbox]", "one inbox; left out: all of the account")
    .option("--days <n>", "how many days back", "7")
    .action((id: string | undefined, options: { days: string }, command: Command) =>
      withHouse(async (house) => {
        const days = Number(options.days);
        if (!Number.isInteger(days) || days < 1 || days > 90) throw new CliError("usage", "--days is a number from 1 to 90.");
        const account = await chosenAccount(house, command.optsWithGlobals<Globals>());
        const one = id === undefined ? null : await getInbox(house.database.read, account.id, id);
        if (id !== undefined && !one) throw new CliError("notFound", `There is no inbox ${id} in this account.`);
        const inboxes = one ? [one] : await allInboxes(house.database.read, account.id);
        const found: (Coverage & { address: string })[] = [];
        for (const inbox of inboxes) {
          const coverage = await checkCoverage(house, account.id, inbox.id, { days });
          if (coverage) found.push({ ...coverage, address: inbox.address });
          else process.stderr.write(`${inbox.address}: another comparison is under way\n`);
        }
        print(
          command,
          found,
          found.flatMap((coverage) => lines(coverage, coverage)),
        );
        if (found.some(({ note }) => note === "failed")) throw new CliError("unavailable", "Not every inbox could be compared.");
      }),
    );

const lines = ({ address }: Pick<Inbox, "address">, { gap, ourCount, providerCount, missing, note, detail }: Coverage): string[] => [
  `${address}  ${providerCount === null ? "not compared" : `${ourCount} of ${providerCount} known, ${gap} missing`}`,
  ...(note === null ? [] : [`  note: ${text("en", `coverage.note.${note}`, { detail: detail ?? "…" })}`]),
  ...missing.map(({ ref, folder, receivedAt }) => `  missing: ${receivedAt === null ? "" : timeText("en", receivedAt)}  ${folder}  ${ref}`),
];
