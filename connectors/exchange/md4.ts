/** Functions and constants of the three rounds, each step's word of the block and its rotation (RFC 1320, 3.4). */
const rounds: readonly {
  mix: (x: number, y: number, z: number) => number;
  add: number;
  words: readonly number[];
  turns: readonly number[];
}[] = [
  {
    mix: (x, y, z) => (x & y) | (~x & z),
    add: 0,
    words: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    turns: [3, 7, 11, 19],
  },
  {
    mix: (x, y, z) => (x & y) | (x & z) | (y & z),
    add: 0x5a827999,
    words: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
    turns: [3, 5, 9, 13],
  },
  {
    mix: (x, y, z) => x ^ y ^ z,
    add: 0x6ed9eba1,
    words: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
    turns: [3, 9, 11, 15],
  },
];

const turn = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));

const padded = (bytes: Uint8Array): Buffer => {
  const whole = Buffer.alloc(Math.ceil((bytes.length + 9) / 64) * 64);
  whole.set(bytes);
  whole[bytes.length] = 0x80;
  whole.writeBigUInt64LE(BigInt(bytes.length) * 8n, whole.length - 8);
  return whole;
};

/** MD4 (RFC 1320): broken as a hash, and still what NTLM makes of a password (MS-NLMP, 3.3.2). OpenSSL 3 has it no longer. */
export const md4 = (bytes: Uint8Array): Buffer => {
  const blocks = padded(bytes);
  const state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
  for (let start = 0; start < blocks.length; start += 64) {
    let [a = 0, b = 0, c = 0, d = 0] = state;
    for (const { mix, add, words, turns } of rounds) {
      for (const [step, word] of words.entries()) {
        const sum = (a + mix(b, c, d) + blocks.readUInt32LE(start + 4 * word) + add) | 0;
        [a, b, c, d] = [d, turn(sum, turns[step % 4] ?? 0), b, c];
      }
    }
    for (const [index, value] of [a, b, c, d].entries()) state[index] = ((state[index] ?? 0) + value) >>> 0;
  }
  const digest = Buffer.alloc(16);
  for (const [index, value] of state.entries()) digest.writeUInt32LE(value, 4 * index);
  return digest;
};
