/** The folder of one test run's mail server, and how what runs in it is stopped, also by a later run. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

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
