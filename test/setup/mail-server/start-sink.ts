import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Starts the recipients' servers (smtp-sink.ts) in a process of its own, since the test that asks first may end first. */
export const startSink = (run: string, port: number): void => {
  // The run's folder stands on the command line so that a later run can tell whose process it is.
  const child = spawn(process.execPath, [fileURLToPath(import.meta.resolve("./smtp-sink.ts")), String(port), run], {
    detached: true,
    stdio: "ignore",
  });
  child.unref();
  writeFileSync(join(run, "sink.pid"), String(child.pid));
};
