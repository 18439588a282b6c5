import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ConfigError, loadConfig } from "../../src/cli/config.ts";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const folderWith = (config?: string): string => {
  const folder = mkdtempSync(join(tmpdir(), "bounceline-config-"));
  folders.push(folder);
  if (config !== undefined) writeFileSync(join(folder, "bounceline.json"), config);
  return folder;
};

const messageOf = (env: NodeJS.ProcessEnv, config?: string): string => {
  try {
    loadConfig(env, folderWith(config));
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  throw new Error("nothing was wrong");
};

describe("the configuration", () => {
  it("has a default for everything, and keeps the key outside the data directory", () => {
    const folder = folderWith();
    const config = loadConfig({}, folder);
    expect(config.listen).toEqual({ host: "127.0.0.1", port: 7272 });
    expect([config.dataDir, config.keyFile]).toEqual([join(folder, "data"), join(folder, "data.key")]);
  });

  it("takes the file over the defaults and the environment over the file, option by option", () => {
    const folder = folderWith('{ "listen": { "port": 8000 }, "sync": { "inboxesAtOnce": 3 } }');
    const config = loadConfig({ BOUNCELINE_PORT: "9000", BOUNCELINE_ALLOWED_HOSTS: "10.0.0.0/8, mail.office.example" }, folder);
    expect(config.listen).toEqual({ host: "127.0.0.1", port: 9000 });
    expect([config.sync.inboxesAtOnce, config.sync.pollEverySeconds]).toEqual([3, 60]);
    expect(config.allowedHosts).toEqual(["10.0.0.0/8", "mail.office.example"]);
  });

  it("names all problems at once, each with its path and where it was set", () => {
    const message = messageOf(
      { BOUNCELINE_PORT: "http", DATABASE_URL: "mysql://x" },
      '{ "sync": { "inboxesAtOnce": 0, "speed": 9 }, "logLevel": "loud" }',
    );
    expect(message).toMatch(/listen\.port: .*\(set in the environment\)/);
    expect(message).toMatch(/databaseUrl: .*\(set in the environment\)/);
    expect(message).toMatch(/sync\.inboxesAtOnce: .*\(set in bounceline\.json\)/);
    expect(message).toMatch(/sync\.speed: there is no such option \(set in bounceline\.json\)/);
    expect(message).toMatch(/logLevel: .*\(set in bounceline\.json\)/);
  });

  it("says which file is no JSON, and which one is not there", () => {
    expect(messageOf({}, "{ listen: 1")).toMatch(/^bounceline\.json cannot be read: /);
    expect(messageOf({}, "[]")).toMatch(/holds no JSON object/);
    expect(messageOf({ BOUNCELINE_CONFIG: "nowhere.json" })).toBe("BOUNCELINE_CONFIG names nowhere.json, and there is no such file.");
  });

  it("does not repeat a database password in an error", () => {
    expect(messageOf({ DATABASE_URL: "mysql://user:geheim@host/db" })).not.toContain("geheim");
  });

  it("is not fooled by a key called __proto__", () => {
    expect(messageOf({}, '{ "__proto__": { "polluted": 1 } }')).toContain("there is no such option");
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});
