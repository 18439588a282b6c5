import pino from "pino";

/** Names under which a secret could stand in a log line; what they hold is never written. */
const secretNames = ["password", "secret", "secrets", "token", "accessToken", "refreshToken", "authorization", "cookie", "key", "signin"];
const redact = { paths: secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: "[secret]" };

/**
 * An error as it is logged: nothing but what every error has. HTTP clients hang the whole request onto theirs, with the access token in
 * its header.
 */
const errorFields = (error: unknown, depth = 0): unknown => {
  if (!(error instanceof Error)) return typeof error === "object" ? String(error) : error;
  const { name, message, stack, cause } = error;
  const { code } = error as NodeJS.ErrnoException;
  const isPlain = typeof code === "string" || typeof code === "number";
  return {
    type: name,
    message,
    stack,
    ...(isPlain && { code }),
    ...(cause !== undefined && depth < 5 && { cause: errorFields(cause, depth + 1) }),
  };
};

const levelNames: Record<number, string> = { 20: "debug", 30: "info", 40: "warn", 50: "error", 60: "fatal" };
const ours = new Set(["level", "time", "msg", "pid", "hostname"]);

/** One JSON line of pino's as a line for people. */
const forPeople = (line: string): string => {
  const entry = JSON.parse(line) as Record<string, unknown> & { level: number; time: number; msg?: string };
  const rest = Object.entries(entry)
    .filter(([name]) => !ours.has(name))
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  return `${new Date(entry.time).toISOString().slice(11, 19)} ${levelNames[entry.level] ?? entry.level} ${entry.msg ?? ""} ${rest.join(" ")}`.trimEnd();
};

/** The process's log, on standard error: JSON lines, or lines for people on a terminal. Secrets are never in it. */
export const createLog = (level: string, stream: { isTTY?: boolean; write(text: string): unknown } = process.stderr): pino.Logger => {
  const options = { level, redact, base: undefined, serializers: { err: (error: unknown) => errorFields(error) } };
  if (!stream.isTTY) return pino(options, stream);
  return pino(options, { write: (line: string) => stream.write(`${forPeople(line)}\n`) });
};
