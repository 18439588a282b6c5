import { createInterface } from "node:readline/promises";
import { CliError } from "./exit-code.ts";

/** Asks before what cannot be undone, unless --yes says so. Without a terminal nobody can answer: then --yes is needed. */
export const confirm = async (what: string, yes: boolean | undefined): Promise<void> => {
  if (yes) return;
  if (process.stdin.isTTY !== true) throw new CliError("usage", `${what} It cannot be undone: say --yes.`);
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    if ((await lines.question(`${what} It cannot be undone. Go on? (yes/no) `)).trim().toLowerCase() === "yes") return;
  } finally {
    lines.close();
  }
  throw new CliError("usage", "Nothing was changed.");
};
