import { Command } from "commander";
import { createApiKey, listApiKeys, revokeApiKey, rotateApiKey, type Scope } from "../../store/api-keys.ts";
import { CliError } from "../exit-code.ts";
import type { House } from "../house.ts";
import { chosenAccount, type Globals, print, withHouse } from "../with-house.ts";

const scopes: readonly string[] = ["read", "write", "admin"];

/** Admin keys belong to no account; --admin says that they are meant. */
const ownerOf = async (house: House, command: Command): Promise<string | null> => {
  const globals = command.optsWithGlobals<Globals & { admin?: boolean; scope?: string }>();
  return globals.admin || globals.scope === "admin" ? null : (await chosenAccount(house, globals)).id;
};

export const keysCommand = (): Command => {
  const keys = new Command("keys").description("API keys");

  keys
    .command("create")
    .description("make an API key and print it: it is shown once and kept nowhere")
    .option("--scope <scope>", "read, write, or admin (makes accounts, belongs to none)", "read")
    .option("--label <label>", "what it is for", "made on the command line")
    .action((options: { scope: Scope; label: string }, command: Command) =>
      withHouse(async (house) => {
        if (!scopes.includes(options.scope)) throw new CliError("usage", `--scope is read, write or admin, not ${options.scope}.`);
        const accountId = await ownerOf(house, command);
        const made = await house.database.transaction((tx) => createApiKey(tx, accountId, options, house.now()));
        print(command, made, made.key);
      }),
    );

  keys
    .command("list")
    .description("the keys, without what opens with them")
    .option("--admin", "those of the instance's admins")
    .action((_options: object, command: Command) =>
      withHouse(async (house) => {
        const found = await listApiKeys(house.database.read, await ownerOf(house, command));
        print(
          command,
          found,
          found.map((k) => `${k.id}  ${k.scope}  ${k.revokedAt === null ? "live" : "revoked"}  ${k.label}`),
        );
      }),
    );

  keys
    .command("rotate <id>")
    .description("make a successor; the old key goes on for --overlap hours")
    .option("--overlap <hours>", "hours", "24")
    .option("--admin", "a key of the instance's admins")
    .action((id: string, options: { overlap: string }, command: Command) =>
      withHouse(async (house) => {
        const hours = Number(options.overlap);
        if (!(hours >= 0)) throw new CliError("usage", "--overlap is a number of hours.");
        const accountId = await ownerOf(house, command);
        const made = await house.database.transaction((tx) =>
          rotateApiKey(tx, accountId, id, { overlapMs: hours * 3_600_000 }, house.now()),
        );
        if (!made) throw new CliError("notFound", `There is no live key ${id}.`);
        print(command, made, made.key);
      }),
    );

  keys
    .command("revoke <id>")
    .description("end a key at once")
    .option("--admin", "a key of the instance's admins")
    .action((id: string, _options: object, command: Command) =>
      withHouse(async (house) => {
        const accountId = await ownerOf(house, command);
        const ended = await house.database.transaction((tx) => revokeApiKey(tx, accountId, id, house.now()));
        if (!ended) throw new CliError("notFound", `There is no live key ${id}.`);
        print(command, ended, `${id} is revoked.`);
      }),
    );

  return keys;
};
