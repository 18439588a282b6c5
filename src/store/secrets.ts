import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { z } from "zod";
import { StoreError } from "./errors.ts";

/** Where a sealed value lives: it opens only there, so that a row copied to another account or column stays shut. */
export type SealedAt = { table: string; accountId: string; row: string; column: string };

/** The keys of one installation. The first seals; all open. */
export type Keys = {
  sealing: readonly { id: string; key: Uint8Array }[];
  /** For keyed hashes of addresses; outlives rotation, because a hash cannot be made again from a hash. */
  addresses: Uint8Array;
};

const secret = z.base64().refine((text) => Buffer.from(text, "base64").length === 32, "must be 32 bytes in base64");
const keyFileShape = z.object({
  format: z.literal(1),
  /** Newest first. */
  keys: z.array(z.object({ id: z.string().regex(/^[0-9a-z]{1,32}$/), secret })).min(1),
  addressSecret: secret,
});
type KeyFile = z.infer<typeof keyFileShape>;

/**
 * Reads the key file. When it is not there and `allowCreate` is set (a new embedded store only), makes one: 32 random bytes,
 * readable by its owner alone. Throws StoreError `key_missing`, `key_file_unreadable`, or `key_in_data_directory` when
 * `dataDirectory` is given and holds the file: a backup of the data must not carry its key along.
 */
export const loadKeys = (options: { keyFile: string; allowCreate: boolean; dataDirectory?: string }): Keys => {
  const { keyFile, allowCreate, dataDirectory } = options;
  if (dataDirectory !== undefined && isInside(keyFile, dataDirectory)) {
    throw new StoreError("key_in_data_directory", `The key file ${keyFile} lies inside the data directory; move it elsewhere.`);
  }
  const found = readKeyFile(keyFile);
  if (found) return derive(found);
  if (!allowCreate) {
    throw new StoreError("key_missing", `The key file ${keyFile} is not there; restore it from your backup, or name the right one.`);
  }
  mkdirSync(dirname(keyFile), { recursive: true, mode: 0o700 });
  const made: KeyFile = { format: 1, keys: [newKey()], addressSecret: randomBytes(32).toString("base64") };
  // "wx": two first starts at once must not end with two different keys.
  writeFileSync(keyFile, JSON.stringify(made, null, 2), { mode: 0o600, flag: "wx", flush: true });
  return derive(made);
};

/** Puts a new key in front of the older ones. Sealed values stay as they are until `resealSecrets`. */
export const addKey = (keyFile: string): Keys => {
  const found = readKeyFile(keyFile);
  if (!found) throw new StoreError("key_missing", `The key file ${keyFile} is not there.`);
  const changed: KeyFile = { ...found, keys: [newKey(), ...found.keys] };
  const beside = `${keyFile}.new`;
  rmSync(beside, { force: true });
  writeFileSync(beside, JSON.stringify(changed, null, 2), { mode: 0o600, flag: "wx", flush: true });
  renameSync(beside, keyFile);
  return derive(changed);
};

/**
 * Seals a text with AES-256-GCM under the newest key: `1.<key id>.<nonce, ciphertext and tag in base64url>`. The format, the
 * key's id and the place are authenticated with it.
 */
export const seal = (keys: Keys, at: SealedAt, text: string): string => {
  const [newest] = keys.sealing;
  if (!newest) throw new StoreError("key_missing", "There is no key to seal with.");
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", newest.key, nonce).setAAD(associatedData(newest.id, at));
  const sealed = Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `1.${newest.id}.${sealed.toString("base64url")}`;
};

/** Opens what `seal` made. Throws StoreError `key_missing` (its key is not among ours) or `key_wrong` (altered, or moved here). */
export const open = (keys: Keys, at: SealedAt, sealed: string): string => {
  const [format, id = "", body = ""] = sealed.split(".");
  const found = keys.sealing.find((key) => key.id === id);
  if (format !== "1" || !found)
    throw new StoreError("key_missing", `A stored secret was sealed with the key "${id}", which is not in the key file.`);
  const bytes = Buffer.from(body, "base64url");
  try {
    const decipher = createDecipheriv("aes-256-gcm", found.key, bytes.subarray(0, 12), { authTagLength: 16 })
      .setAAD(associatedData(id, at))
      .setAuthTag(bytes.subarray(-16));
    return decipher.update(bytes.subarray(12, -16), undefined, "utf8") + decipher.final("utf8");
  } catch (cause) {
    throw new StoreError("key_wrong", `A stored secret does not open with the key "${id}": wrong key file, or altered data.`, { cause });
  }
};

/** The id of the key a sealed value was made with. */
export const sealedWith = (sealed: string): string => sealed.split(".")[1] ?? "";

/** The keyed hash of an address key: the only thing about an address that may cross accounts. */
export const addressHash = (keys: Keys, addressKey: string): string =>
  createHmac("sha256", keys.addresses).update(addressKey).digest("base64url");

const newKey = () => ({ id: randomBytes(4).toString("hex"), secret: randomBytes(32).toString("base64") });

const derive = (file: KeyFile): Keys => ({
  sealing: file.keys.map(({ id, secret }) => ({ id, key: subkey(secret, "sealing") })),
  addresses: subkey(file.addressSecret, "address-hashes"),
});

const subkey = (secret: string, purpose: string): Uint8Array =>
  new Uint8Array(hkdfSync("sha256", Buffer.from(secret, "base64"), "bounceline", purpose, 32));

const associatedData = (keyId: string, at: SealedAt): Buffer =>
  Buffer.from(JSON.stringify(["1", keyId, at.table, at.accountId, at.row, at.column]));

const isInside = (path: string, directory: string): boolean => {
  const way = relative(resolve(directory), resolve(path));
  return way !== "" && !way.startsWith("..") && resolve(way) !== way;
};

const readKeyFile = (keyFile: string): KeyFile | null => {
  let text: string;
  try {
    text = readFileSync(keyFile, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new StoreError("key_file_unreadable", `The key file ${keyFile} cannot be read; check who owns it.`, { cause });
  }
  try {
    return keyFileShape.parse(JSON.parse(text));
  } catch {
    // No cause: a parser's message could quote the secret.
    throw new StoreError("key_file_unreadable", `The key file ${keyFile} is damaged; restore it from your backup.`);
  }
};
