import type { ImapFlow } from "imapflow";
import { ConnectorError } from "../../src/ports/connector.ts";
import type { Connection, RunOptions } from "./connection.ts";

/** A folder under the numbers it had when the pull looked at it. */
export type KnownFolder = { path: string; uidValidity: string };

/**
 * Runs work in a folder that must still be there under the same numbers. If it is not, the pull ends ("unavailable") before
 * its position moves over anything; the next one finds out what became of the folder.
 */
export const inFolder = async <T>(
  connection: Connection,
  { path, uidValidity }: KnownFolder,
  work: (client: ImapFlow) => Promise<T>,
  options: RunOptions = {},
): Promise<T> => {
  const done = await connection.runIn(
    path,
    async (client, folder) => (String(folder.uidValidity ?? 0) === uidValidity ? { value: await work(client) } : "renumbered"),
    options,
  );
  if (done === "no_folder")
    throw new ConnectorError("unavailable", `The folder "${path}" went away while it was read. The next look tells more.`);
  if (done === "renumbered") {
    throw new ConnectorError(
      "unavailable",
      `The folder "${path}" was rebuilt by its server while it was read. The next look lists it again.`,
    );
  }
  return done.value;
};
