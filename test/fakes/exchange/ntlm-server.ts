/** The server's half of NTLMv2 (MS-NLMP), written from the document and not from the connector's half; curl is a third to agree with it. */
import { createHash, createHmac, randomBytes, X509Certificate } from "node:crypto";
import { md4 } from "../../../connectors/exchange/md4.ts";

export type NtlmServer = {
  challenge(negotiate: Buffer): Buffer;
  /** Why a proof does not count; null where it does. */
  refuse(negotiate: Buffer, challenge: Buffer, authenticate: Buffer): string | null;
};

export type NtlmOptions = {
  account: { domain: string; user: string; password: string };
  /** The certificate (PEM) a proof must be bound to; null where Extended Protection is off. */
  boundTo: string | null;
  /** False plays a server that tells no time, as old ones do. */
  tellsTime?: boolean;
};

const utf16 = (text: string): Buffer => Buffer.from(text, "utf16le");
const hmac = (key: Buffer, data: Buffer): Buffer => createHmac("md5", key).update(data).digest();

const pair = (id: number, value: Buffer): Buffer => {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(id, 0);
  head.writeUInt16LE(value.length, 2);
  return Buffer.concat([head, value]);
};

const fieldAt = (message: Buffer, at: number): Buffer => {
  const [length, offset] = [message.readUInt16LE(at), message.readUInt32LE(at + 4)];
  return message.subarray(offset, offset + length);
};

const pairsOf = (blob: Buffer): Map<number, Buffer> => {
  const pairs = new Map<number, Buffer>();
  for (let at = 28; at + 4 <= blob.length; ) {
    const [id, length] = [blob.readUInt16LE(at), blob.readUInt16LE(at + 2)];
    if (id === 0) break;
    pairs.set(id, blob.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return pairs;
};

const bindingOf = (pem: string): Buffer => {
  const data = Buffer.concat([Buffer.from("tls-server-end-point:"), createHash("sha256").update(new X509Certificate(pem).raw).digest()]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(data.length);
  return createHash("md5")
    .update(Buffer.concat([Buffer.alloc(16), length, data]))
    .digest();
};

export const createNtlmServer = ({ account, boundTo, tellsTime = true }: NtlmOptions): NtlmServer => ({
  challenge(negotiate) {
    const time = Buffer.alloc(8);
    time.writeBigUInt64LE((BigInt(Date.now()) + 11_644_473_600_000n) * 10_000n);
    const target = utf16(account.domain);
    const info = Buffer.concat([
      pair(2, target),
      pair(1, utf16("EXCH01")),
      ...(tellsTime ? [pair(7, time)] : []),
      pair(0, Buffer.alloc(0)),
    ]);
    const head = Buffer.alloc(56);
    head.write("NTLMSSP\0", "latin1");
    head.writeUInt32LE(2, 8);
    head.writeUInt16LE(target.length, 12);
    head.writeUInt16LE(target.length, 14);
    head.writeUInt32LE(56, 16);
    // Of what was offered the part that is played here (no sealing, no exchange of keys), one character set of the two; and with it target
    // info (0x00800000) and the type of the target (0x00010000).
    const offered = negotiate.readUInt32LE(12) & (0x00000003 | 0x00000004 | 0x00000200 | 0x00008000 | 0x00080000);
    const agreed = (offered & 1) === 1 ? offered & ~2 : offered;
    head.writeUInt32LE((agreed | 0x00800000 | 0x00010000) >>> 0, 20);
    randomBytes(8).copy(head, 24);
    head.writeUInt16LE(info.length, 40);
    head.writeUInt16LE(info.length, 42);
    head.writeUInt32LE(56 + target.length, 44);
    return Buffer.concat([head, target, info]);
  },
  refuse(negotiate, challenge, authenticate) {
    const nt = fieldAt(authenticate, 20);
    if (nt.length < 44) return "no NTLMv2";
    // Without the Unicode flag names come in the machine's own character set (2.2.2.5).
    const charset = (authenticate.readUInt32LE(60) & 1) === 1 ? "utf16le" : "latin1";
    const [domain = "", named = ""] = [28, 36].map((at) => fieldAt(authenticate, at).toString(charset));
    if (named.toLowerCase() !== account.user.toLowerCase()) return `another user: ${named}`;
    const key = hmac(md4(utf16(account.password)), Buffer.concat([utf16(named.toUpperCase()), utf16(domain)]));
    const [proof, blob] = [nt.subarray(0, 16), nt.subarray(16)];
    if (!hmac(key, Buffer.concat([challenge.subarray(24, 32), blob])).equals(proof)) return "wrong password";
    const pairs = pairsOf(blob);
    if (boundTo !== null && !pairs.get(10)?.equals(bindingOf(boundTo))) return "not bound to this connection";
    if (((pairs.get(6)?.readUInt32LE(0) ?? 0) & 2) === 0) return null;
    const session = hmac(key, proof);
    const bare = Buffer.from(authenticate);
    bare.fill(0, 72, 88);
    const code = hmac(session, Buffer.concat([negotiate, challenge, bare]));
    return code.equals(authenticate.subarray(72, 88)) ? null : "wrong integrity code";
  },
});
