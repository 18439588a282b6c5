import { Command, CommanderError } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { accountCommand } from "./commands/account.ts";
import { auditCommand } from "./commands/audit.ts";
import { backupCommand, restoreCommand } from "./commands/backup.ts";
import { contactCommand } from "./commands/contact.ts";
import { coverageCommand } from "./commands/coverage.ts";
import { crmCommand } from "./commands/crm.ts";
import { demoCommand } from "./commands/demo.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { explainCommand } from "./commands/explain.ts";
import { exportCommand } from "./commands/export.ts";
import { inboxCommand } from "./commands/inbox.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { keyCommand } from "./commands/key.ts";
import { keysCommand } from "./commands/keys.ts";
import { moveCommand } from "./commands/move.ts";
import { reclassifyCommand } from "./commands/reclassify.ts";
import { scanCommand } from "./commands/scan.ts";
import { ownerLinkCommand, serveCommand } from "./commands/serve.ts";
import { timelineCommand } from "./commands/timeline.ts";
import { unbounceCommand } from "./commands/unbounce.ts";
import { exitCodeOf, exitCodes } from "./exit-code.ts";

const program = new Command("bounceline")
  .description("Watches connected inboxes, recognises bounce notices, and logs each on the contact's timeline.")
  .version(packageJson.version)
  .option("--json", "print JSON instead of lines for people")
  .option("--account <id>", "the account to work in: its id or externalId (not needed where there is only one)")
  .showHelpAfterError()
  .exitOverride();

for (const command of [
  serveCommand(),
  demoCommand(),
  ownerLinkCommand(),
  accountCommand(),
  keysCommand(),
  inboxCommand(),
  contactCommand(),
  inspectCommand(),
  scanCommand(),
  reclassifyCommand(),
  explainCommand(),
  coverageCommand(),
  timelineCommand(),
  unbounceCommand(),
  exportCommand(),
  crmCommand(),
  auditCommand(),
  doctorCommand(),
  keyCommand(),
  backupCommand(),
  restoreCommand(),
  moveCommand(),
]) {
  program.addCommand(inherit(command));
}

/** Options of the program are understood after a subcommand too, and every command ends the same way. */
function inherit(command: Command): Command {
  command.copyInheritedSettings(program);
  command.commands.forEach(inherit);
  return command;
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage;
  const { code, forPeople } = exitCodeOf(error);
  process.stderr.write(
    forPeople ? `bounceline: ${(error as Error).message}\n` : `bounceline: this is a fault of ours.\n${(error as Error).stack}\n`,
  );
  return code;
}
