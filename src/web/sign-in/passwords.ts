import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

/** 64 MB and about 0.2 s for each try (OWASP, Password Storage Cheat Sheet: N=2^16, r=8, p=2). */
const cost = { N: 2 ** 16, r: 8, p: 2 } as const;

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

/** Tries at once need 64 MB each: a few wait for one another, so that guessing cannot take the memory of the daemon. */
let waiting: Promise<unknown> = Promise.resolve();
const oneAtATime = <T>(work: () => Promise<T>): Promise<T> => {
  const done = waiting.then(work, work);
  waiting = done.catch(() => {});
  return done;
};

const hash = (password: string, salt: Buffer, { N, r, p }: { N: number; r: number; p: number }): Promise<Buffer> =>
  oneAtATime(() => derive(password.normalize("NFKC"), salt, 32, { N, r, p, maxmem: 256 * N * r }));

/** What is stored of a password: `scrypt.<N>.<r>.<p>.<salt>.<hash>`. */
export const hashPassword = async (password: string): Promise<string> => {
  const salt = randomBytes(16);
  const made = await hash(password, salt, cost);
  return ["scrypt", cost.N, cost.r, cost.p, salt.toString("base64url"), made.toString("base64url")].join(".");
};

/** True when it is the password. Without a stored one it takes as long, and is false: nobody learns which addresses sign in here. */
export const isPassword = async (password: string, stored: string | null): Promise<boolean> => {
  const [, N, r, p, salt, expected] = (stored ?? `scrypt.${cost.N}.${cost.r}.${cost.p}.AAAA.AAAA`).split(".");
  const made = await hash(password, Buffer.from(salt ?? "", "base64url"), { N: Number(N), r: Number(r), p: Number(p) });
  const known = Buffer.from(expected ?? "", "base64url");
  return stored !== null && known.length === made.length && timingSafeEqual(known, made);
};

/** The passwords that are tried first everywhere and are long enough for us; with the account's own words they are refused. */
const common =
  /^(?:(.)\1*|(?:(?:password|passw0rd|qwerty|letmein|welcome|admin|hasło|haslo|zaq12wsx|bounceline|1234567890|0123456789|abcdefghij)[\W\d_]*)+)$/i;

/** Why a new password cannot be taken; null when it can (NIST SP 800-63B, 3.1.1.2: length counts, and no composition rules). */
export const passwordFault = (password: string): "short" | "long" | "common" | null => {
  const { length } = [...password];
  if (length < 12) return "short";
  if (length > 200) return "long";
  return common.test(password) ? "common" : null;
};
