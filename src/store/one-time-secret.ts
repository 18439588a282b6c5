import { createHash, randomBytes } from "node:crypto";

/** 32 random bytes, for links, sessions and sign-ins. Only their hash is stored. */
export const newSecret = (): string => randomBytes(32).toString("base64url");

/** SHA-256, hex. A fast hash is enough for random bytes, and looking up by hash gives no timing away. */
export const hashSecret = (secret: string): string => createHash("sha256").update(secret).digest("hex");
