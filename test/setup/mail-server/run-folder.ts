/** The folder of one test run's mail server, and how what runs in it is stopped, also by a later run. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { inject } from "vitest";

const prefix = "bounceline-test-mail-";

/** Makes the folder; its name says whose it is. The daemons' users must be able to enter it. */
export const makeRunFolder = (): string => {
  const run = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
  chmodSync(run, 0o755);
  return run;
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
};

/** A pid can have been given to somebody else since: it is ours only if the command line names our folder. */
const isOurs = (pid: number, run: string): boolean => {
  try {
    const text = readFileSync(`/proc/${pid}/cmdline`, "latin1");
    return text.includes(run) || /^\/usr\/lib\/postfix\/sbin\/master/.test(text);
  } catch {
    return false;
  }
};

const readPid = (file: string): number => (existsSync(file) ? Number(readFileSync(file, "utf8").trim()) : Number.NaN);

const endProcess = async (pid: number): Promise<void> => {
  process.kill(pid, "SIGTERM");
  for (let attempt = 0; attempt < 50 && isAlive(pid); attempt++) await sleep(100);
  if (isAlive(pid)) process.kill(pid, "SIGKILL");
};

/** Ends what an `unshare` started: the first process of a PID namespace takes all others with it. */
const endNamespace = (pid: number): void => {
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    const parent = readStat(name)?.split(" ").at(1);
    if (parent === String(pid)) process.kill(Number(name), "SIGKILL");
  }
};

/** State, parent and more of a process (proc(5), /proc/pid/stat), behind its name; null where it has ended. */
const readStat = (pid: string): string | null => {
  try {
    return readFileSync(`/proc/${pid}/stat`, "latin1").replace(/^.*\) /, "");
  } catch {
    return null;
  }
};

/** Stops the daemons of a run by their own pid files and removes its folder. */
export const stopRun = async (run: string): Promise<void> => {
  const postfix = join(run, "postfix/conf");
  if (existsSync(join(run, "postfix/queue/pid/master.pid"))) {
    try {
      execFileSync("/usr/sbin/postfix", ["-c", postfix, "stop"], { stdio: "pipe" });
    } catch {
      // It had already stopped.
    }
  }
  for (const file of ["dovecot/run/master.pid", "smtp-sink.pid", "introspection.pid"]) {
    const pid = readPid(join(run, file));
    if (pid > 0 && isAlive(pid) && isOurs(pid, run)) await endProcess(pid);
  }
  for (const name of ["cyrus", "courier", "gnu-mailutils"]) {
    const pid = readPid(join(run, name, "server.pid"));
    if (pid > 0 && isAlive(pid) && isOurs(pid, run)) endNamespace(pid);
  }
  rmSync(run, { recursive: true, force: true, maxRetries: 5 });
};

/** A run that was killed leaves its daemons behind. */
export const removeLeftovers = async (): Promise<void> => {
  for (const name of readdirSync(tmpdir())) {
    const owner = Number(name.startsWith(prefix) ? name.slice(prefix.length).split("-")[0] : Number.NaN);
    // One that cannot be removed is another user's, or is being removed by another run.
    if (Number.isInteger(owner) && !isAlive(owner)) await stopRun(join(tmpdir(), name)).catch(() => {});
  }
};

/** Making a directory is atomic: of all who try, one succeeds. */
export const tryToMake = (folder: string): boolean => {
  try {
    mkdirSync(folder);
    return true;
  } catch {
    return false;
  }
};

const longestStart = 300_000;

/** What all tests of a run share: made by whoever asks first. Says aloud why, where it cannot be had. */
export const sharedInRun = async <T extends object>(name: string, make: (run: string) => Promise<T>): Promise<T> => {
  const run = inject("mailServerRun");
  const facts = join(run, `${name}.json`);
  if (tryToMake(join(run, `${name}.lock`))) {
    const made = await make(run).catch((error: unknown) => ({ failed: String(error) }));
    writeFileSync(`${facts}.new`, JSON.stringify(made));
    renameSync(`${facts}.new`, facts);
  }
  for (const began = Date.now(); !existsSync(facts); await sleep(100)) {
    if (Date.now() - began > longestStart) throw new Error(`The ${name} did not start within ${longestStart / 1000} s.`);
  }
  const made = JSON.parse(readFileSync(facts, "utf8"));
  if ("failed" in made) throw new Error(`The ${name} did not start: ${made.failed}`);
  if ("skipped" in made) console.warn(`SKIPPED, no real ${name}: ${made.skipped}`);
  return made;
};
