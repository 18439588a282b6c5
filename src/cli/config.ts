import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";

const days = z.int().min(1).max(3650);

/** What a process does; each may be done by as many as one likes, on PostgreSQL. */
const roles = ["sync", "api", "deliver"] as const;

export type Role = (typeof roles)[number];

/** Every option; config/README.md says what each is for. Defaults are in config/default.json. */
const schema = z.strictObject({
  dataDir: z.string().min(1),
  keyFile: z.string().min(1).nullable(),
  databaseUrl: z.url({ protocol: /^postgres(ql)?$/ }).nullable(),
  roles: z.array(z.enum(roles)).min(1),
  listen: z.strictObject({ host: z.string().min(1), port: z.int().min(0).max(65535) }),
  publicUrl: z.url({ protocol: /^https?$/ }).nullable(),
  operatorName: z.string().min(1).nullable(),
  privacyUrl: z.url({ protocol: /^https?$/ }).nullable(),
  apps: z.record(z.string(), z.record(z.string(), z.unknown())),
  allowedHosts: z.array(z.string().min(1)),
  sync: z.strictObject({
    pollEverySeconds: z.number().min(1).max(86_400),
    inboxesAtOnce: z.int().min(1).max(1000),
    connectionsHeld: z.int().min(0).max(100_000),
    connectionsPerHost: z.record(z.string(), z.int().min(1).max(100_000)),
    turnSeconds: z.number().min(1).max(3600),
    firstSyncDays: days,
    maxMessageMegabytes: z.number().min(1).max(150),
  }),
  webhooks: z.strictObject({ allowedHosts: z.array(z.string().min(1)), endpointsAtOnce: z.int().min(1).max(1000) }),
  api: z.strictObject({ requestsPerMinute: z.int().min(1).max(1_000_000), failuresPerMinute: z.int().min(1).max(1_000_000) }),
  mail: z
    .strictObject({
      smtpUrl: z.url({ protocol: /^smtps?$/ }).nullable(),
      from: z.string().includes("@").nullable(),
      language: z.enum(["en", "pl"]),
      askIspdb: z.boolean(),
    })
    .refine(({ smtpUrl, from }) => (smtpUrl === null) === (from === null), "smtpUrl and from are set together, or neither"),
  keepDays: z.strictObject({ seen: days, notices: days, events: days, audit: days }),
  logLevel: z.enum(["debug", "info", "warn", "error", "silent"]),
});

export type Config = z.infer<typeof schema> & { keyFile: string };

/** The configuration cannot be used. The message names every problem at once, each with its path and where it was set. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

type Source = { name: string; values: object };

/** Environment variables that set an option, each with the option's path. */
const variables: [variable: string, path: string[], read: (value: string) => unknown][] = [
  ["BOUNCELINE_DATA_DIR", ["dataDir"], String],
  ["BOUNCELINE_KEY_FILE", ["keyFile"], String],
  ["DATABASE_URL", ["databaseUrl"], String],
  ["BOUNCELINE_ROLES", ["roles"], (v) => v.split(",").map((role) => role.trim())],
  ["BOUNCELINE_HOST", ["listen", "host"], String],
  ["BOUNCELINE_PORT", ["listen", "port"], (v) => (/^\d+$/.test(v) ? Number(v) : v)],
  ["BOUNCELINE_PUBLIC_URL", ["publicUrl"], String],
  ["BOUNCELINE_OPERATOR_NAME", ["operatorName"], String],
  ["BOUNCELINE_PRIVACY_URL", ["privacyUrl"], String],
  ["BOUNCELINE_GOOGLE_CLIENT_ID", ["apps", "gmail", "clientId"], String],
  ["BOUNCELINE_GOOGLE_CLIENT_SECRET", ["apps", "gmail", "clientSecret"], String],
  ["BOUNCELINE_MICROSOFT_CLIENT_ID", ["apps", "office365", "clientId"], String],
  ["BOUNCELINE_MICROSOFT_CLIENT_SECRET", ["apps", "office365", "clientSecret"], String],
  ["BOUNCELINE_MICROSOFT_TENANT", ["apps", "office365", "tenant"], String],
  ["BOUNCELINE_ALLOWED_HOSTS", ["allowedHosts"], (v) => v.split(",").map((host) => host.trim())],
  ["BOUNCELINE_WEBHOOK_HOSTS", ["webhooks", "allowedHosts"], (v) => v.split(",").map((host) => host.trim())],
  ["BOUNCELINE_SMTP_URL", ["mail", "smtpUrl"], String],
  ["BOUNCELINE_MAIL_FROM", ["mail", "from"], String],
  ["BOUNCELINE_LOG_LEVEL", ["logLevel"], String],
];

/**
 * Reads the configuration: config/default.json, then the file that BOUNCELINE_CONFIG names (or ./bounceline.json where there is
 * one), then environment variables; later ones win, option by option. Throws ConfigError.
 */
export const loadConfig = (env: NodeJS.ProcessEnv, cwd: string): Config => {
  const sources = [defaults(), fileSource(env, cwd), envSource(env)].filter((source) => source !== null);
  const checked = schema.safeParse(sources.reduce((merged, source) => merge(merged, source.values), {}));
  if (!checked.success) throw new ConfigError(problems(checked.error, sources));
  const dataDir = resolve(cwd, checked.data.dataDir);
  return { ...checked.data, dataDir, keyFile: checked.data.keyFile === null ? `${dataDir}.key` : resolve(cwd, checked.data.keyFile) };
};

const defaults = (): Source => ({
  name: "config/default.json",
  values: JSON.parse(readFileSync(join(import.meta.dirname, "../../config/default.json"), "utf8")),
});

const fileSource = (env: NodeJS.ProcessEnv, cwd: string): Source | null => {
  const named = env.BOUNCELINE_CONFIG;
  const path = resolve(cwd, named ?? "bounceline.json");
  if (!existsSync(path)) {
    if (named === undefined) return null;
    throw new ConfigError(`BOUNCELINE_CONFIG names ${named}, and there is no such file.`);
  }
  try {
    const values: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof values !== "object" || values === null || Array.isArray(values)) throw new Error("it holds no JSON object");
    return { name: named ?? "bounceline.json", values };
  } catch (error) {
    throw new ConfigError(`${named ?? "bounceline.json"} cannot be read: ${(error as Error).message}`);
  }
};

const envSource = (env: NodeJS.ProcessEnv): Source => {
  const values = {};
  for (const [variable, path, read] of variables) {
    const value = env[variable];
    if (value !== undefined && value !== "") setAt(values, path, read(value));
  }
  return { name: "the environment", values };
};

const isPlain = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** Through a Map and fromEntries, so that a key called __proto__ is only an unknown option. */
const merge = (under: object, over: object): object => {
  const merged = new Map<string, unknown>(Object.entries(under));
  for (const [key, value] of Object.entries(over)) {
    const below = merged.get(key);
    merged.set(key, isPlain(below) && isPlain(value) ? merge(below, value) : value);
  }
  return Object.fromEntries(merged);
};

const setAt = (target: object, path: readonly string[], value: unknown): void => {
  const [key = "", ...rest] = path;
  const holder = target as Record<string, object>;
  if (rest.length === 0) Object.assign(target, { [key]: value });
  else {
    holder[key] ??= {};
    setAt(holder[key] as object, rest, value);
  }
};

const has = (values: object, path: readonly PropertyKey[]): boolean => {
  let at: unknown = values;
  for (const key of path) {
    if (!isPlain(at) || !Object.hasOwn(at, key)) return false;
    at = at[key as string];
  }
  return true;
};

const problems = (error: z.ZodError, sources: readonly Source[]): string => {
  const lines = error.issues.flatMap((issue) => {
    const paths = issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    return paths.map((path) => {
      const where = sources.findLast((source) => has(source.values, path))?.name ?? "nowhere";
      const what = issue.code === "unrecognized_keys" ? "there is no such option" : issue.message;
      return `  ${path.join(".")}: ${what} (set in ${where})`;
    });
  });
  return `The configuration cannot be used:\n${lines.join("\n")}\nEvery option is in config/README.md.`;
};
