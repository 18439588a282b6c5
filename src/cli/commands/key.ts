import { existsSync, mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { Command } from "commander";
import { resealSecrets } from "../../store/inbox-secrets.ts";
import { lockDataDirectory } from "../../store/lock-data-directory.ts";
import { addKey, loadKeys } from "../../store/secrets.ts";
import { loadConfig } from "../config.ts";
import { confirm } from "../confirm.ts";
import { CliError } from "../exit-code.ts";
import { openHouse } from "../house.ts";
import { print } from "../with-house.ts";

/** The key that seals what the store keeps of credentials; not to be mixed up with API keys (`keys`). */
export const keyCommand = (): Command => {
  const key = new Command("key").description("the key file, which seals stored credentials");

  key
    .command("create")
    .description("make a key file for a PostgreSQL database; every worker needs a copy of it (an embedded database makes its own)")
    .option("--key-file <file>", "where, instead of what the configuration says")
    .action((options: { keyFile?: string }, command: Command) => {
      const keyFile = options.keyFile === undefined ? loadConfig(process.env, process.cwd()).keyFile : resolve(options.keyFile);
      if (existsSync(keyFile)) throw new CliError("usage", `${keyFile} is there already; what it sealed would never open again.`);
      loadKeys({ keyFile, allowCreate: true });
      print(
        command,
        { keyFile },
        `${keyFile}\nKeep a copy of it apart from the data's backups: without it stored credentials open nothing.`,
      );
    });

  key
    .command("rotate")
    .description(
      "make a new key and seal everything anew with it, while no daemon runs. Older keys stay in the file, for backups from before",
    )
    .option("--yes", "do not ask")
    .action(async (options: { yes?: boolean }, command: Command) => {
      const config = loadConfig(process.env, process.cwd());
      mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
      const unlock = config.databaseUrl === null ? lockDataDirectory(config.dataDir) : () => {};
      try {
        // Whether the file fits the data is found out before anything is changed.
        const house = await openHouse(config);
        try {
          if (config.databaseUrl !== null) {
            await confirm("Every worker on this database must be stopped, and started again with the new key file.", options.yes);
          }
          const keys = addKey(config.keyFile);
          const resealed = await resealSecrets(house.database, keys);
          print(command, { keyFile: config.keyFile, resealed }, [
            `${config.keyFile} begins with a new key; ${resealed} stored secrets are sealed with it.`,
            "Back the file up, and copy it to every worker before it starts again.",
          ]);
        } finally {
          await house.close();
        }
      } finally {
        unlock();
      }
    });
  return key;
};
