import { Command } from "commander";
import { addressKey } from "../../bounces/keys.ts";
import { listAudit } from "../../store/audit-log.ts";
import { addressHash } from "../../store/secrets.ts";
import { chosenAccount, type Globals, print, withHouse } from "../with-house.ts";

export const auditCommand = (): Command =>
  new Command("audit")
    .description("who read or changed what, newest first")
    .argument("[subject]", "only what was done to this id or address")
    .option("--limit <n>", "so many entries, 200 at the most", "50")
    .action((subject: string | undefined, options: { limit: string }, command: Command) =>
      withHouse(async (house) => {
        const account = await chosenAccount(house, command.optsWithGlobals<Globals>());
        const of = subject?.includes("@") ? addressHash(house.keys, addressKey(subject)) : subject;
        const { data } = await listAudit(house.database.read, account.id, { limit: Number(options.limit), subject: of });
        const lines = data.map(({ at, by, action, subject: about }) => `${new Date(at).toISOString()}  ${by}  ${action}  ${about ?? ""}`);
        print(command, data, lines.length === 0 ? "Nothing yet." : lines);
      }),
    );
