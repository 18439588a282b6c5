/** Mutations of messages, each decided by a random number generator with a seed: the same seed gives the same messages. */

/** Numbers from 0 to below 1 (mulberry32). */
export const randomFrom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
};

type Random = () => number;

const below = (random: Random, limit: number): number => Math.floor(random() * limit);

const pick = <T>(random: Random, list: readonly T[]): T => list[below(random, list.length)] as T;

/** Bytes that mean something to a reader of mail. */
const pieces = [
  "\0",
  "\r",
  "\n",
  "\r\n",
  "\r\r\n",
  "\n\n",
  " ",
  "\t",
  "<",
  ">",
  "@",
  ";",
  ":",
  '"',
  "(",
  "=",
  "--",
  "=?utf-8?b?",
  "\u00ff\u00fe",
  "550 ",
  "5.1.1",
  "__proto__: x\n",
];

const flip = (bytes: Buffer, random: Random): Buffer => {
  const flipped = Buffer.from(bytes);
  for (let n = 1 + below(random, 30); n > 0 && flipped.length > 0; n--) flipped[below(random, flipped.length)] = below(random, 256);
  return flipped;
};

const insert = (bytes: Buffer, random: Random): Buffer => {
  const at = below(random, bytes.length + 1);
  const piece = pick(random, pieces).repeat(random() < 0.1 ? 1 + below(random, 3000) : 1);
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(piece, "latin1"), bytes.subarray(at)]);
};

const truncate = (bytes: Buffer, random: Random): Buffer => bytes.subarray(0, below(random, bytes.length));

const cutOut = (bytes: Buffer, random: Random): Buffer => {
  const at = below(random, bytes.length);
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + below(random, bytes.length - at))]);
};

const repeat = (bytes: Buffer, random: Random): Buffer => {
  const at = below(random, bytes.length);
  const piece = bytes.subarray(at, at + below(random, Math.min(4000, bytes.length - at)));
  return Buffer.concat([bytes.subarray(0, at), ...Array.from({ length: 1 + below(random, 20) }, () => piece), bytes.subarray(at)]);
};

/** Two stretches between blank lines change places: headers, parts, letters. */
const swap = (bytes: Buffer, random: Random): Buffer => {
  const blocks = bytes.toString("latin1").split(/(?<=\n\r?\n)/);
  const [one, other] = [below(random, blocks.length), below(random, blocks.length)];
  [blocks[one], blocks[other]] = [blocks[other] ?? "", blocks[one] ?? ""];
  return Buffer.from(blocks.join(""), "latin1");
};

const manyHeaders = (bytes: Buffer, random: Random): Buffer => {
  const [line = ""] = bytes.toString("latin1", 0, 2000).split("\n");
  return Buffer.concat([Buffer.from(`${line}\n`.repeat(1 + below(random, 500)), "latin1"), bytes]);
};

const nest = (bytes: Buffer, random: Random): Buffer => {
  let nested = bytes;
  for (let n = 1 + below(random, 6); n > 0; n--) {
    const type = pick(random, ["multipart/mixed", "multipart/report; report-type=delivery-status", "multipart/signed", "message/rfc822"]);
    nested = Buffer.from(
      `From: mailer-daemon@x.example\nContent-Type: ${type}; boundary="n${n}"\n\n--n${n}\n${nested.toString("latin1")}\n--n${n}--\n`,
      "latin1",
    );
  }
  return nested;
};

const lineEnds = (bytes: Buffer, random: Random): Buffer =>
  Buffer.from(
    bytes.toString("latin1").replace(/\r?\n/g, () => pick(random, ["\n", "\r\n", "\r", "\r\r\n"])),
    "latin1",
  );

const mutations = [flip, insert, truncate, cutOut, repeat, swap, manyHeaders, nest, lineEnds];

/** No mutated message is longer: time that grows with size has its own test. */
const mostBytes = 200_000;

/** A message with one to four mutations. */
export const mutate = (bytes: Uint8Array, random: Random): Uint8Array => {
  let mutated: Buffer = Buffer.from(bytes);
  for (let n = 1 + below(random, 4); n > 0 && mutated.length > 0; n--)
    mutated = pick(random, mutations)(mutated, random).subarray(0, mostBytes);
  return new Uint8Array(mutated);
};
