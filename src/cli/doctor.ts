/** Looks for what would keep an installation from working, or from being safe, and says what to do about each. Changes nothing. */
import { existsSync, statfsSync, statSync } from "node:fs";
import { openMailer } from "../deliver/mailer.ts";
import { checkFile } from "../store/backup.ts";
import { checkApps } from "./check-apps.ts";
import { type Config, loadConfig } from "./config.ts";
import { type House, openHouse } from "./house.ts";

/** `warn`: it works, and something should be done; `fail`: it does not work. */
export type Finding = { check: string; result: "ok" | "warn" | "fail"; says: string };

type Check = { check: string; look: () => Promise<Omit<Finding, "check"> | null> };

const ok = (says: string) => ({ result: "ok" as const, says });
const warn = (says: string) => ({ result: "warn" as const, says });
const fail = (says: string) => ({ result: "fail" as const, says });

const isOpenToOthers = (path: string): boolean => process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0;

const leastFree = 1_000_000_000;

const ofMachine = (config: Config): Check[] => [
  {
    check: "Node",
    look: async () =>
      Number(process.versions.node.split(".")[0]) >= 24 ? ok(process.version) : fail(`${process.version}: 24 or newer is needed`),
  },
  {
    check: "data directory",
    look: async () => {
      if (config.databaseUrl !== null) return null;
      if (!existsSync(config.dataDir)) return warn(`${config.dataDir} is not there yet; the first start makes it`);
      if (isOpenToOthers(config.dataDir)) return fail(`${config.dataDir} can be read by others: chmod 700 ${config.dataDir}`);
      const { bavail, bsize } = statfsSync(config.dataDir);
      const free = Math.round((bavail * bsize) / 1_000_000);
      return bavail * bsize < leastFree ? warn(`only ${free} MB are free on its disk`) : ok(`${config.dataDir}, ${free} MB free`);
    },
  },
  {
    check: "key file",
    look: async () => {
      if (!existsSync(config.keyFile)) return warn(`${config.keyFile} is not there; with an embedded database the first start makes it`);
      return isOpenToOthers(config.keyFile)
        ? fail(`${config.keyFile} can be read by others: chmod 600 ${config.keyFile}`)
        : ok(`${config.keyFile}; keep a copy of it apart from the data's backups`);
    },
  },
  {
    check: "database file",
    look: async () => {
      const file = `${config.dataDir}/bounceline.sqlite`;
      if (config.databaseUrl !== null || !existsSync(file)) return null;
      const fault = checkFile(file);
      return fault === null ? ok("whole") : fail(`damaged: ${fault}. Restore the newest backup: bounceline restore <file>`);
    },
  },
  {
    check: "address",
    look: async () => {
      const { publicUrl, listen } = config;
      if (publicUrl === null)
        return warn(`publicUrl is not set: links name http://${listen.host}:${listen.port}, which others cannot open`);
      if (publicUrl.startsWith("http:"))
        return warn(`${publicUrl} is not https: sign-in cookies and API keys go over the wire as they are`);
      return ok(publicUrl);
    },
  },
  {
    check: "consent page",
    look: async () => {
      const missing = [config.operatorName === null && "operatorName", config.privacyUrl === null && "privacyUrl"].filter(
        (name) => name !== false,
      );
      return missing.length === 0
        ? ok("names you and your privacy page")
        : warn(`${missing.join(" and ")} not set: people are asked for their mail by nobody`);
    },
  },
  {
    check: "Google and Microsoft",
    look: async () => {
      await checkApps(config);
      const set = Object.keys(config.apps);
      if (set.length === 0) return warn("not set up: people can connect IMAP mailboxes only. config/README.md says how");
      const google = set.includes("gmail") ? "; a Google app left in Testing loses its sign-ins after 7 days: see its consent screen" : "";
      const microsoft = set.includes("office365") ? "; an app whose publisher is not verified needs an administrator's consent" : "";
      return ok(`${set.join(", ")}${google}${microsoft}`);
    },
  },
  { check: "mail to owners", look: () => lookAtMail(config) },
];

const lookAtMail = async ({ mail }: Config): Promise<Omit<Finding, "check">> => {
  if (mail.smtpUrl === null || mail.from === null) return warn("not set up: owners of broken inboxes are told by the CRM alone");
  const mailer = openMailer({ smtpUrl: mail.smtpUrl, from: mail.from });
  try {
    await mailer.verify();
    return ok(`${new URL(mail.smtpUrl).host} takes mail from ${mail.from}`);
  } catch (error) {
    return fail(`${new URL(mail.smtpUrl).host}: ${(error as Error).message}`);
  } finally {
    mailer.close();
  }
};

const ofHouse = ({ database, now }: House): Check[] => [
  {
    check: "inboxes",
    look: async () => {
      const rows = await database.read
        .selectFrom("inboxes")
        .select(["state", (eb) => eb.fn.countAll<number>().as("n")])
        .groupBy("state")
        .execute();
      const count = (state: string): number => Number(rows.find((row) => row.state === state)?.n ?? 0);
      const all = rows.filter(({ state }) => state !== "erased").reduce((sum, { n }) => sum + Number(n), 0);
      if (all === 0) return warn("none is connected yet");
      const broken = (["reconnect_needed", "needs_admin", "missing_permission", "unreachable"] as const).filter(
        (state) => count(state) > 0,
      );
      const words = broken.map((state) => `${count(state)} ${state.replaceAll("_", " ")}`).join(", ");
      return broken.length > 0 ? warn(`${words}, of ${all}: bounceline inbox list`) : ok(`${all}`);
    },
  },
  {
    check: "polling",
    look: async () => {
      const row = await database.read
        .selectFrom("inboxes")
        .select((eb) => eb.fn.min("next_poll_at").as("oldest"))
        .executeTakeFirst();
      const late = row?.oldest == null ? 0 : Math.round((now() - Number(row.oldest)) / 60_000);
      return late > 10 ? warn(`an inbox has been due for ${late} minutes: does the daemon run?`) : ok("no inbox waits long");
    },
  },
  {
    check: "webhooks",
    look: async () => {
      const failing = await database.read
        .selectFrom("webhooks")
        .select(["url", "last_error"])
        .where((eb) => eb.or([eb("attempts", ">", 3), eb("disabled_because", "=", "gone")]))
        .execute();
      const names = failing.map(({ url, last_error }) => `${new URL(url).host} (${last_error ?? "no error kept"})`);
      return names.length > 0 ? warn(`failing: ${names.join(", ")}`) : ok("none fails");
    },
  },
];

/** What goes wrong in a check is its finding. */
const run = async ({ check, look }: Check): Promise<Finding[]> => {
  try {
    const found = await look();
    return found === null ? [] : [{ check, ...found }];
  } catch (error) {
    return [{ check, ...fail((error as Error).message) }];
  }
};

/** Every finding, in the order in which things are needed. */
export const examine = async (env: NodeJS.ProcessEnv, cwd: string): Promise<Finding[]> => {
  let config: Config;
  try {
    config = loadConfig(env, cwd);
  } catch (error) {
    return [{ check: "configuration", ...fail((error as Error).message) }];
  }
  const findings: Finding[] = [{ check: "configuration", ...ok("can be used") }];
  for (const check of ofMachine(config)) findings.push(...(await run(check)));
  const isNew = config.databaseUrl === null && !existsSync(`${config.dataDir}/bounceline.sqlite`);
  if (isNew) return findings;
  let house: House;
  try {
    house = await openHouse({ ...config, logLevel: "silent" });
  } catch (error) {
    return [...findings, { check: "database", ...fail((error as Error).message) }];
  }
  try {
    findings.push({ check: "database", ...ok(`${house.database.engine} answers, and the key fits`) });
    for (const check of ofHouse(house)) findings.push(...(await run(check)));
    return findings;
  } finally {
    await house.close();
  }
};
