import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
const main = join(root, "src/cli/main.ts");
/** As bin/bounceline does it: processes start three times as fast. */
const compileCache = join(root, ".cache/compile");

export type Ran = { status: number | null; out: string; err: string };

type Options = { cwd: string; env?: Record<string, string>; input?: string };

/** Starts the command line as a process of its own, with nothing of this process's environment. */
export const startCli = (args: readonly string[], { cwd, env = {} }: Options): ChildProcess & { ended: Promise<Ran> } => {
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { PATH: process.env.PATH ?? "", HOME: cwd, NODE_COMPILE_CACHE: compileCache, ...env },
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  const ended = new Promise<Ran>((resolve) => child.once("close", (status) => resolve({ status, out, err })));
  return Object.assign(child, { ended });
};

/** Runs a command to its end. */
export const runCli = (args: readonly string[], options: Options): Promise<Ran> => {
  const child = startCli(args, options);
  child.stdin?.end(options.input ?? "");
  return child.ended;
};
