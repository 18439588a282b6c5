import { existsSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { lockDataDirectory } from "../../store/lock-data-directory.ts";
import { moveDatabase } from "../../store/move-database.ts";
import { openDatabase } from "../../store/open.ts";
import { loadKeys } from "../../store/secrets.ts";
import { loadConfig } from "../config.ts";
import { CliError } from "../exit-code.ts";
import { createLog } from "../log.ts";
import { createSecretReader } from "../read-secret.ts";
import { print } from "../with-house.ts";

export const moveCommand = (): Command =>
  new Command("move")
    .description(
      "copy everything from the embedded database into an empty PostgreSQL database, and compare it row by row; no daemon may run. Its URL is asked for, or read from standard input. The embedded database stays as it is",
    )
    .action(async (_options: object, command: Command) => {
      const config = loadConfig(process.env, process.cwd());
      if (config.databaseUrl !== null)
        throw new CliError("usage", "DATABASE_URL is set: this moves what is in the embedded database. Take it out of the environment.");
      const file = join(config.dataDir, "bounceline.sqlite");
      if (!existsSync(file)) throw new CliError("notFound", `There is no database at ${file}.`);
      const unlock = lockDataDirectory(config.dataDir);
      try {
        const url = await askForUrl();
        if (!/^postgres(ql)?:\/\//.test(url))
          throw new CliError("usage", "That is no PostgreSQL URL (postgres://user:password@host/name).");
        const common = { keys: loadKeys({ keyFile: config.keyFile, allowCreate: false }), log: createLog(config.logLevel), now: Date.now };
        const source = await openDatabase({ file, ...common });
        try {
          const target = await openDatabase({ url, ...common });
          try {
            const moved = await moveDatabase(source, target, ({ table, rows }) => process.stderr.write(`${table}: ${rows}\n`));
            const rows = moved.reduce((sum, one) => sum + one.rows, 0);
            print(command, { tables: moved }, [
              `${rows} rows in ${moved.length} tables were copied and compared.`,
              `Start the daemon with DATABASE_URL set and the same key file (${config.keyFile}). ${file} was not changed: keep it until you are content.`,
            ]);
          } finally {
            await target.close();
          }
        } finally {
          await source.close();
        }
      } finally {
        unlock();
      }
    });

const askForUrl = async (): Promise<string> => {
  const reader = createSecretReader();
  try {
    return (await reader.read("PostgreSQL URL of the empty database, such as postgres://user:password@host/name")).trim();
  } finally {
    reader.close();
  }
};
