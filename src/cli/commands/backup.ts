import { createHash } from "node:crypto";
import { copyFileSync, createReadStream, existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { Command } from "commander";
import { backupDatabase, checkFile } from "../../store/backup.ts";
import { lockDataDirectory } from "../../store/lock-data-directory.ts";
import { openDatabase } from "../../store/open.ts";
import { loadKeys } from "../../store/secrets.ts";
import { type Config, loadConfig } from "../config.ts";
import { confirm } from "../confirm.ts";
import { CliError } from "../exit-code.ts";
import { createLog } from "../log.ts";
import { print, withHouse } from "../with-house.ts";

const sha256 = async (file: string): Promise<string> => {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
};

export const backupCommand = (): Command =>
  new Command("backup")
    .description("write a consistent copy of the embedded database, also while the daemon runs. The key is not in it: back it up elsewhere")
    .argument("<file>", "a file that is not there yet")
    .action((file: string, _options: object, command: Command) =>
      withHouse(async (house) => {
        const to = resolve(file);
        if (existsSync(to)) throw new CliError("usage", `${to} is there already; a backup overwrites nothing.`);
        await backupDatabase(house.database, to);
        const fault = checkFile(to);
        if (fault !== null) throw new CliError("data", `The copy is damaged: ${fault}. The database may be, too.`);
        const made = { file: to, bytes: statSync(to).size, sha256: await sha256(to), keyFile: house.config.keyFile };
        print(command, made, [
          `${made.file}  ${made.bytes} bytes, sha256 ${made.sha256}`,
          `Not in it: the key file ${made.keyFile}. Without that the stored credentials open nothing; keep a copy of it elsewhere.`,
        ]);
      }),
    );

export const restoreCommand = (): Command =>
  new Command("restore")
    .description("put a backup in the place of the embedded database; the daemon must not run. What was there is kept beside it")
    .argument("<file>", "what `backup` wrote")
    .option("--yes", "do not ask")
    .action(async (file: string, options: { yes?: boolean }, command: Command) => {
      const config = loadConfig(process.env, process.cwd());
      if (config.databaseUrl !== null)
        throw new CliError("usage", "The data is in PostgreSQL: restore it with pg_restore, and the key file with it.");
      const from = resolve(file);
      if (!existsSync(from)) throw new CliError("notFound", `There is no file ${from}.`);
      const fault = checkFile(from);
      if (fault !== null) throw new CliError("data", `${from} is no usable backup: ${fault}. Nothing was changed.`);
      mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
      const unlock = lockDataDirectory(config.dataDir);
      try {
        const restored = await putInPlace(config, from, options.yes);
        print(command, restored, [
          `${restored.file} is the backup now.`,
          ...(restored.kept === null ? [] : [`What was there is kept: ${restored.kept}`]),
        ]);
      } finally {
        unlock();
      }
    });

/** Tries the backup with the key first, beside the present database, which is moved away only when all is well. */
const putInPlace = async (config: Config, from: string, yes: boolean | undefined): Promise<{ file: string; kept: string | null }> => {
  const file = join(config.dataDir, "bounceline.sqlite");
  const tried = `${file}.restoring`;
  for (const end of ["", "-wal", "-shm"]) rmSync(tried + end, { force: true });
  copyFileSync(from, tried);
  try {
    const keys = loadKeys({ keyFile: config.keyFile, allowCreate: false, dataDirectory: config.dataDir });
    // Brings an older backup's schema up to date, too.
    await (await openDatabase({ file: tried, keys, log: createLog(config.logLevel), now: Date.now })).close();
    const there = existsSync(file);
    if (there) await confirm(`This puts ${from} in the place of ${file}.`, yes);
    const kept = there ? `${file}.before-restore-${new Date().toISOString().replaceAll(":", "-")}` : null;
    for (const end of ["", "-wal", "-shm"]) if (kept !== null && existsSync(file + end)) renameSync(file + end, kept + end);
    renameSync(tried, file);
    return { file, kept };
  } finally {
    for (const end of ["", "-wal", "-shm"]) rmSync(tried + end, { force: true });
  }
};
