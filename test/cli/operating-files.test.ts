/** What operators install: the systemd unit, the container image, the packages that come with it. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryDirectory } from "../store/engines.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

type Locked = {
  [path: string]: { version?: string; license?: string; dev?: boolean; hasInstallScript?: boolean; resolved?: string; integrity?: string };
};

const { packages } = JSON.parse(read("package-lock.json")) as { packages: Locked };
const shipped = Object.entries(packages).filter(([path, { dev }]) => path !== "" && dev !== true);

describe("the systemd unit", () => {
  const hasSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0;
  it.skipIf(!hasSystemd)("is understood by systemd, and leaves little open", () => {
    const { stdout } = spawnSync("systemd-analyze", ["security", "--offline=true", join(root, "config/bounceline.service")], {
      encoding: "utf8",
    });
    expect(Number(/exposure level for bounceline\.service: ([\d.]+)/.exec(stdout)?.[1])).toBeLessThan(2);
    const { stderr } = spawnSync("systemd-analyze", ["verify", join(root, "config/bounceline.service")], { encoding: "utf8" });
    // The program is not where the unit expects it; there is nothing else to say.
    const complaints = stderr.split("\n").filter((line) => line.includes("bounceline.service") && !line.includes("is not executable"));
    expect(complaints).toEqual([]);
  });
});

/** What `npm ci --omit=dev` would install there, from what is installed here: a test that waits for a registry can wait for ever. */
const copyShipped = (image: string): void => {
  for (const [path] of shipped) {
    // What lies inside another package comes along with it; what is for other systems is not here.
    const isOuter = path.lastIndexOf("node_modules/") === 0;
    if (isOuter && existsSync(join(root, path))) cpSync(join(root, path), join(image, path), { recursive: true });
  }
  mkdirSync(join(image, "node_modules/.bin"));
  symlinkSync(realpathSync(join(root, "node_modules/.bin/node")), join(image, "node_modules/.bin/node"));
  cpSync(join(image, "package-lock.json"), join(image, "node_modules/.bounceline-lock"));
};

describe("the container image", () => {
  it("holds all that the program needs, without what only tests need", () => {
    const [build = ""] = read("config/Dockerfile").split("\nFROM node:24-bookworm-slim\n");
    const copied = [...build.matchAll(/^COPY (.+) \S+$/gm)].flatMap(([, names = ""]) => names.split(" "));
    // Beside the checkout, not below it: npm and Node would find this checkout's packages from there.
    const image = mkdtempSync(join(dirname(temporaryDirectory()), "bounceline-image-"));
    try {
      for (const name of copied) cpSync(join(root, name), join(image, name), { recursive: true });
      copyShipped(image);
      expect(existsSync(join(image, "node_modules/vitest"))).toBe(false);
      const cwd = join(image, "home");
      mkdirSync(cwd);
      const run = (...args: string[]) =>
        spawnSync(join(image, "bin/bounceline"), args, { cwd, encoding: "utf8", env: { PATH: process.env.PATH, HOME: cwd } });
      expect(run("account", "create", "Acme")).toMatchObject({ status: 0 });
      const doctor = run("doctor");
      expect(doctor.stdout).toMatch(/ok {4}database +SQLite answers|ok {4}database +sqlite answers/);
      expect(doctor.status).toBe(0);
      // The demo starts the daemon, its pages and a connector, and ends by itself.
      const demo = run("demo", "--exit");
      expect(demo.stdout + demo.stderr).toContain("19 hard");
      expect(demo.status).toBe(0);
    } finally {
      rmSync(image, { recursive: true, force: true });
    }
  }, 240_000);
});

describe("the packages", () => {
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read("package.json"));

  it("are asked for by exact versions, and locked by their hashes", () => {
    const all = { ...dependencies, ...devDependencies, ...optionalDependencies };
    expect(Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(String(version)))).toEqual([]);
    expect(shipped.filter(([, { integrity }]) => !integrity?.startsWith("sha512-"))).toEqual([]);
  });

  it("come under licences that a company can take", () => {
    // The last are as their package.json says it: BSD with three clauses, BSD with none, and choices of MIT.
    const fine = new Set([
      ...["MIT", "MIT-0", "Apache-2.0", "ISC", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "BlueOak-1.0.0", "Unlicense"],
      ...["BSD", "BSD-0-Clause", "(MIT OR EUPL-1.1+)", "(MIT OR CC0-1.0)"],
    ]);
    const others = shipped.filter(([, { license }]) => !fine.has(license ?? ""));
    expect(others.map(([path, { license }]) => `${path} ${license}`)).toEqual([]);
  });

  it("run nothing when they are installed: no script of theirs may be needed", () => {
    // better-sqlite3 ships its binaries; its script would only look for them again.
    const allowed = new Set(["node_modules/better-sqlite3"]);
    expect(shipped.filter(([path, { hasInstallScript }]) => hasInstallScript && !allowed.has(path)).map(([path]) => path)).toEqual([]);
    expect(read("bin/bootstrap")).toContain("npm ci --ignore-scripts");
  });
});
