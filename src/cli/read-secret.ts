import { createInterface } from "node:readline";
import { Writable } from "node:stream";

/**
 * Asks for a secret: on a terminal without showing what is typed, else the next line of standard input. Secrets never come in
 * arguments, where every process of the machine can read them.
 */
export const createSecretReader = (): { read: (question: string) => Promise<string>; close: () => void } => {
  const terminal = process.stdin.isTTY === true;
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal });
  const iterator = lines[Symbol.asyncIterator]();
  return {
    async read(question) {
      if (terminal) process.stderr.write(`${question}: `);
      const { value, done } = await iterator.next();
      if (terminal) process.stderr.write("\n");
      return done ? "" : String(value);
    },
    close: () => lines.close(),
  };
};
