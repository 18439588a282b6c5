/**
 * NTLMv2 (MS-NLMP), the client's half, for HTTP (MS-NTHT): proves that a password is known without sending it, and is bound to the TLS
 * connection it runs over, which Exchange asks for where Extended Protection is on. Nothing older than NTLMv2 is spoken.
 */
import { createHash, createHmac, type X509Certificate } from "node:crypto";
import { md4 } from "./md4.ts";

const signature = Buffer.from("NTLMSSP\0", "latin1");
/** NEGOTIATE flags (MS-NLMP, 2.2.2.5): Unicode, the server's name, NTLM, always sign, extended session security. */
const wanted = 0x00000001 | 0x00000004 | 0x00000200 | 0x00008000 | 0x00080000;
const targetInfoFlag = 0x00800000;
/** AV pairs (MS-NLMP, 2.2.2.1). */
const [endOfList, avFlags, avTimestamp, avTargetName, avChannelBindings] = [0, 6, 7, 9, 10];

type Pair = { id: number; value: Buffer };

/** What a server asks to be proved. */
export type Challenge = { flags: number; nonce: Buffer; pairs: readonly Pair[]; bytes: Buffer };

/** The first message: what is offered (2.2.1.1). */
export const negotiateMessage = (): Buffer => {
  const message = Buffer.alloc(32);
  signature.copy(message);
  message.writeUInt32LE(1, 8);
  message.writeUInt32LE(wanted, 12);
  return message;
};

const readPairs = (info: Buffer): Pair[] => {
  const pairs: Pair[] = [];
  for (let at = 0; at + 4 <= info.length; ) {
    const [id, length] = [info.readUInt16LE(at), info.readUInt16LE(at + 2)];
    if (id === endOfList) break;
    pairs.push({ id, value: info.subarray(at + 4, at + 4 + length) });
    at += 4 + length;
  }
  return pairs;
};

/** Reads the server's message (2.2.1.2); null where it is none, or speaks only of what is older than NTLMv2. */
export const readChallenge = (bytes: Buffer): Challenge | null => {
  if (bytes.length < 48 || !bytes.subarray(0, 8).equals(signature) || bytes.readUInt32LE(8) !== 2) return null;
  const [length, offset] = [bytes.readUInt16LE(40), bytes.readUInt32LE(44)];
  const flags = bytes.readUInt32LE(20);
  if ((flags & targetInfoFlag) === 0 || offset + length > bytes.length) return null;
  return { flags, nonce: bytes.subarray(24, 32), pairs: readPairs(bytes.subarray(offset, offset + length)), bytes };
};

const utf16 = (text: string): Buffer => Buffer.from(text, "utf16le");

const hmac = (key: Buffer, ...parts: readonly Buffer[]): Buffer => createHmac("md5", key).update(Buffer.concat(parts)).digest();

const writePairs = (pairs: readonly Pair[]): Buffer =>
  Buffer.concat(
    [...pairs, { id: endOfList, value: Buffer.alloc(0) }].map(({ id, value }) => {
      const head = Buffer.alloc(4);
      head.writeUInt16LE(id, 0);
      head.writeUInt16LE(value.length, 2);
      return Buffer.concat([head, value]);
    }),
  );

export type Account = { user: string; domain: string; password: string };

/** `DOMAIN\user`, or an address, which goes without a domain. */
export const accountOf = (username: string, password: string): Account => {
  const [, domain = "", user = username] = /^([^\\]+)\\(.+)$/.exec(username) ?? [];
  return { user, domain, password };
};

/** What a password is turned into (3.3.2, NTOWFv2). */
export const passwordKey = ({ user, domain, password }: Account): Buffer =>
  hmac(md4(utf16(password)), utf16(user.toUpperCase()), utf16(domain));

/** The NTLMv2 answer to a challenge (3.3.2), and the key of the session. `time`: as a FILETIME, `nonce`: the client's own 8 bytes. */
export const prove = (key: Buffer, challenge: Buffer, proof: { time: Buffer; nonce: Buffer; pairs: Buffer }) => {
  const { time, nonce, pairs } = proof;
  const blob = Buffer.concat([Buffer.from([1, 1, 0, 0, 0, 0, 0, 0]), time, nonce, Buffer.alloc(4), pairs, Buffer.alloc(4)]);
  const first = hmac(key, challenge, blob);
  return { answer: Buffer.concat([first, blob]), sessionKey: hmac(key, first) };
};

/** The hash a certificate binds with: that of its signature, or SHA-256 where that is older (RFC 5929, 4.1). */
const hashOf = ({ signatureAlgorithm }: X509Certificate): string =>
  /sha-?(384|512)/i.exec(signatureAlgorithm ?? "")?.[1]?.replace(/^/, "sha") ?? "sha256";

/** MD5 of gss_channel_bindings_struct with tls-server-end-point (RFC 2744, 3.11; RFC 5929, 4). */
export const channelBinding = (certificate: X509Certificate): Buffer => {
  const data = Buffer.concat([Buffer.from("tls-server-end-point:"), createHash(hashOf(certificate)).update(certificate.raw).digest()]);
  const head = Buffer.alloc(20);
  head.writeUInt32LE(data.length, 16);
  return createHash("md5")
    .update(Buffer.concat([head, data]))
    .digest();
};

const fileTime = (now: number): Buffer => {
  const time = Buffer.alloc(8);
  time.writeBigUInt64LE((BigInt(now) + 11_644_473_600_000n) * 10_000n);
  return time;
};

export type Circumstances = { host: string; certificate: X509Certificate; nonce: Buffer; now: number };

/** The last message: the proof (2.2.1.3), with its own integrity code where the server tells the time (3.1.5.1.2). */
export const authenticateMessage = (challenge: Challenge, account: Account, { host, certificate, nonce, now }: Circumstances): Buffer => {
  const key = passwordKey(account);
  const stamp = challenge.pairs.find(({ id }) => id === avTimestamp)?.value;
  const own = [avFlags, avTargetName, avChannelBindings];
  const pairs = [
    ...challenge.pairs.filter(({ id }) => !own.includes(id)),
    ...(stamp ? [{ id: avFlags, value: Buffer.from([2, 0, 0, 0]) }] : []),
    { id: avTargetName, value: utf16(`HTTP/${host}`) },
    { id: avChannelBindings, value: channelBinding(certificate) },
  ];
  const { answer, sessionKey } = prove(key, challenge.nonce, { time: stamp ?? fileTime(now), nonce, pairs: writePairs(pairs) });
  const lmAnswer = stamp ? Buffer.alloc(24) : Buffer.concat([hmac(key, challenge.nonce, nonce), nonce]);
  const message = layOut([lmAnswer, answer, utf16(account.domain), utf16(account.user), Buffer.alloc(0), Buffer.alloc(0)]);
  message.writeUInt32LE((challenge.flags & (wanted | targetInfoFlag)) >>> 0, 60);
  if (stamp) hmac(sessionKey, negotiateMessage(), challenge.bytes, message).copy(message, 72);
  return message;
};

/** The fixed part with the place of each field, and the fields behind it. The integrity code, at 72, is left zero. */
const layOut = (fields: readonly Buffer[]): Buffer => {
  const head = Buffer.alloc(88);
  signature.copy(head);
  head.writeUInt32LE(3, 8);
  let offset = head.length;
  for (const [index, { length }] of fields.entries()) {
    head.writeUInt16LE(length, 12 + 8 * index);
    head.writeUInt16LE(length, 14 + 8 * index);
    head.writeUInt32LE(offset, 16 + 8 * index);
    offset += length;
  }
  return Buffer.concat([head, ...fields]);
};
