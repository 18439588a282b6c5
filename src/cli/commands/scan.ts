import { Command } from "commander";
import { CliError } from "../exit-code.ts";
import { SourceError, walkFiles } from "../read-sources.ts";
import { type ScanProgress, scan } from "../scan.ts";
import { progressBar, scanPage } from "../scan-page.ts";
import { print } from "../with-house.ts";

export const scanCommand = (): Command =>
  new Command("scan")
    .description("a one-off report over an exported mailbox: which sent messages bounced; no database needed")
    .argument("<mailbox>", "a folder or an mbox file with the received mail")
    .requiredOption("--sent <path>", "a folder or an mbox file with the sent mail; it may be the same one")
    .action(async (mailbox: string, { sent }: { sent: string }, command: Command) => {
      try {
        const result = await scan(mailbox, sent, await progressOn(process.stderr, [mailbox, sent]));
        if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
        print(command, result, scanPage(result));
      } catch (error) {
        if (error instanceof SourceError) throw new CliError("notFound", error.message);
        throw error;
      }
    });

/** Draws a bar on a terminal, at most ten times a second; elsewhere nothing. */
const progressOn = async (stream: NodeJS.WriteStream, paths: readonly string[]): Promise<ScanProgress> => {
  if (!stream.isTTY) return () => {};
  let total = 0;
  for (const path of paths) for await (const { size } of walkFiles(path)) total += size;
  let read = 0;
  let drawn = 0;
  return (bytes, messages, notices) => {
    read += bytes;
    if (performance.now() - drawn < 100) return;
    drawn = performance.now();
    stream.write(`\r${progressBar(total === 0 ? 1 : read / total, messages, notices)}`);
  };
};
