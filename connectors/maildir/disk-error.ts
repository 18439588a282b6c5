import { ConnectorError } from "../../src/ports/connector.ts";

const code = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "");

/** True when a file or folder is not there (any more). */
export const isMissing = (error: unknown): boolean => ["ENOENT", "ENOTDIR"].includes(code(error));

/** What a failed access to `path` means, as a ConnectorError with a sentence that says what to do. Other errors stay what they are. */
export const diskError = (error: unknown, path: string): unknown => {
  if (error instanceof ConnectorError) return error;
  if (isMissing(error)) {
    const text = `There is nothing at ${path}. Check the path, and that the disk it lies on is mounted.`;
    return new ConnectorError("unavailable", text, { cause: error });
  }
  if (["EACCES", "EPERM"].includes(code(error))) {
    const text = `Bounceline may not read ${path}. Give the user it runs as the right to read this path.`;
    return new ConnectorError("auth", text, { cause: error });
  }
  if (["EIO", "ESTALE", "EMFILE", "ENFILE", "EBUSY", "ETIMEDOUT"].includes(code(error))) {
    return new ConnectorError("unavailable", `${path} could not be read just now (${code(error)}).`, { cause: error });
  }
  return error;
};
