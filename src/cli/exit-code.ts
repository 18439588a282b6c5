import { ConnectorError } from "../ports/connector.ts";
import { StoreError } from "../store/errors.ts";
import { InvalidSettings } from "../sync/connect-inbox.ts";
import { ConfigError } from "./config.ts";

/** Exit codes of the command line, after BSD's sysexits.h. */
export const exitCodes = { usage: 64, data: 65, notFound: 66, unavailable: 69, bug: 70, denied: 77, config: 78 } as const;

/** Something a person asked for cannot be done; the message says what to do instead. */
export class CliError extends Error {
  override name = "CliError";
  readonly exitCode: number;
  constructor(kind: keyof typeof exitCodes, message: string) {
    super(message);
    this.exitCode = exitCodes[kind];
  }
}

/** The exit code of an error, and whether its message is meant for people as it stands. */
export const exitCodeOf = (error: unknown): { code: number; forPeople: boolean } => {
  if (error instanceof CliError) return { code: error.exitCode, forPeople: true };
  if (error instanceof ConfigError || error instanceof StoreError) return { code: exitCodes.config, forPeople: true };
  if (error instanceof InvalidSettings) return { code: exitCodes.usage, forPeople: true };
  if (error instanceof ConnectorError) {
    const code = error.kind === "auth" ? exitCodes.denied : error.kind === "rejected" ? exitCodes.data : exitCodes.unavailable;
    return { code, forPeople: true };
  }
  return { code: exitCodes.bug, forPeople: false };
};
