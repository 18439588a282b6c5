import { connect } from "node:net";

export type Submission = { from: string; to: readonly string[]; raw: Uint8Array | string };

/** Hands a message to an SMTP server (RFC 5321), the smallest way. Rejects with the server's words when it refuses. */
export const sendMail = (server: { host: string; port: number }, { from, to, raw }: Submission): Promise<void> =>
  new Promise((resolve, reject) => {
    const text = Buffer.from(raw).toString("latin1").replace(/^\./gm, "..");
    const letter = `${text}${text.endsWith("\r\n") ? "" : "\r\n"}.`;
    const commands = ["EHLO test.example", `MAIL FROM:<${from}>`, ...to.map((address) => `RCPT TO:<${address}>`), "DATA", letter, "QUIT"];
    const socket = connect(server.port, server.host);
    let rest = "";
    socket.on("error", reject);
    socket.on("data", (bytes) => {
      const lines = (rest + bytes.toString("latin1")).split("\r\n");
      rest = lines.pop() ?? "";
      // A reply ends with the line that has no hyphen behind its code.
      for (const line of lines.filter((each) => /^\d{3}( |$)/.test(each))) {
        if (/^[45]/.test(line)) reject(new Error(`SMTP: ${line}`));
        const next = commands.shift();
        if (next !== undefined) socket.write(`${next}\r\n`, "latin1");
        else {
          socket.end();
          resolve();
        }
      }
    });
  });
