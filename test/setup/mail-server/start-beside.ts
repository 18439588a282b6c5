import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Starts `<name>.ts` of this folder (the recipients' servers, the token endpoint Dovecot asks) in a process of its own, since the test
 * that asks first may end first.
 */
export const startBeside = (run: string, name: "smtp-sink" | "introspection", port: number): void => {
  // The run's folder stands on the command line so that a later run can tell whose process it is.
  const child = spawn(process.execPath, [fileURLToPath(import.meta.resolve(`./${name}.ts`)), String(port), run], {
    detached: true,
    stdio: "ignore",
  });
  child.unref();
  writeFileSync(join(run, `${name}.pid`), String(child.pid));
};
