import { Command, Option } from "commander";
import { CliError } from "../exit-code.ts";
import { type InspectFormat, inspectPaths } from "../inspect.ts";
import { SourceError } from "../read-sources.ts";
import type { Globals } from "../with-house.ts";

export const inspectCommand = (): Command =>
  new Command("inspect")
    .description("what a message is and why: files, folders, mbox files; no database needed")
    .argument("<paths...>", "an .eml file, a folder (searched to its depths), or an mbox file")
    .addOption(new Option("--format <format>", "text, json or ndjson").choices(["text", "json", "ndjson"]).default("text"))
    .action(async (paths: string[], options: { format: InspectFormat }, command: Command) => {
      const { json } = command.optsWithGlobals<Globals>();
      try {
        await inspectPaths(paths, { format: json ? "json" : options.format }, write);
      } catch (error) {
        if (error instanceof SourceError) throw new CliError("notFound", error.message);
        throw error;
      }
    });

/** Waits where the reader is slower than we are. */
const write = (line: string): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(`${line}\n`, (error) => (error ? reject(error) : resolve()));
  });
