import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { Command } from "commander";
import { type Account, listAccounts, upsertAccount } from "../../store/accounts.ts";
import { lockDataDirectory } from "../../store/lock-data-directory.ts";
import { createSignInLink } from "../../store/sign-in.ts";
import { checkApps } from "../check-apps.ts";
import { type Config, loadConfig } from "../config.ts";
import { type House, openHouse } from "../house.ts";
import { runDaemon } from "../run-daemon.ts";
import { signInProviders } from "../sign-in-providers.ts";
import { chosenAccount, type Globals, print, withHouse } from "../with-house.ts";

export const serveCommand = (): Command =>
  new Command("serve").description("run the daemon: polling, API and pages, or what `roles` says of it").action(async () => {
    const config = loadConfig(process.env, process.cwd());
    await checkApps(config);
    const unlock = config.databaseUrl === null ? lock(config) : () => {};
    const house = await openHouse(config);
    try {
      const daemon = await runDaemon(house);
      process.stdout.write(`${(await greeting(house, daemon.url)).join("\n")}\n`);
      await stopSignal();
      house.log.info({}, "stopping: turns that run come to their end");
      await daemon.stop();
    } finally {
      await house.close();
      unlock();
    }
  });

export const ownerLinkCommand = (): Command =>
  new Command("owner-link").description("make a new one-time link into the pages (24 hours)").action((_options: object, command: Command) =>
    withHouse(async (house) => {
      const account = await chosenAccount(house, command.optsWithGlobals<Globals>());
      const { host, port } = house.config.listen;
      const link = await ownerLink(house, account, `http://${host}:${port}`);
      print(command, { link }, link);
    }),
  );

/** Before the store is opened: what another daemon has open is not to be migrated under it. */
const lock = ({ dataDir }: Config): (() => void) => {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  return lockDataDirectory(dataDir);
};

/** The first SIGINT or SIGTERM. A second one ends the process at once, as ever: the listener is gone by then. */
export const stopSignal = async (): Promise<void> => {
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  process.removeAllListeners("SIGINT").removeAllListeners("SIGTERM");
};

const ownerLink = async (house: House, account: Account, url: string): Promise<string> =>
  `${url}/?signin=${await house.database.transaction((tx) => createSignInLink(tx, account.id, house.now()))}`;

/** The only account, made at the very first start; null where there are several. */
const onlyAccount = async (house: House): Promise<Account | null> => {
  const [first, second] = (await listAccounts(house.database.read, { limit: 2 })).data;
  if (!first) return house.database.transaction((tx) => upsertAccount(tx, { name: "My company" }, house.now()));
  return second ? null : first;
};

/** What people can connect, and what the operator has not set up. */
const providerLines = async (house: House): Promise<string[]> => {
  const signIns = await signInProviders(house);
  const labels = (isSet: boolean): string[] => signIns.filter(({ ready }) => ready === isSet).map(({ label }) => label);
  const missing = labels(false);
  return [
    `Ready: ${["IMAP", ...labels(true)].join(", ")}. Connect an inbox on the pages, or: bin/bounceline inbox connect imap --address you@example.com --host imap.example.com --username you@example.com`,
    ...(missing.length > 0 ? [`Not set up: ${missing.join(", ")} (config/README.md says how)`] : []),
  ];
};

const greeting = async (house: House, url: string): Promise<string[]> => {
  const { config } = house;
  if (!config.roles.includes("api")) return [`Bounceline works, as one of several: ${config.roles.join(", ")}. How it is: ${url}/readyz`];
  const account = await onlyAccount(house);
  const store =
    config.databaseUrl === null
      ? `${config.dataDir} (the database) and ${config.keyFile} (its key, apart from it)`
      : `your PostgreSQL database and ${config.keyFile} (its key)`;
  return [
    `Bounceline runs on ${url}`,
    account
      ? `Owner link, once, within 24 hours: ${await ownerLink(house, account, url)}`
      : "There are several accounts: make a link with `bounceline owner-link --account <id>`.",
    ...(await providerLines(house)),
    `Back up: ${store}`,
  ];
};
