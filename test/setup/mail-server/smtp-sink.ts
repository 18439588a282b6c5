/**
 * Plays the mail servers of customer.example: takes every letter and forgets it, but refuses some recipients as real servers
 * do. Run as `node smtp-sink.ts <port> <folder of the run>`.
 */
import { createServer, type Socket } from "node:net";

/** Answers to RCPT by local part; `%s` is the address. */
const refusedAtRcpt: { readonly [localPart: string]: string } = {
  nobody: "550 5.1.1 <%s>: Recipient address rejected: User unknown in virtual mailbox table",
  ghost: "550 5.1.1 The email account that you tried to reach does not exist.",
  plain550: "550 No such user here",
  full: "552 5.2.2 <%s>: Mailbox full, user is over quota",
  fulltemp: "452 4.2.2 <%s>: Mailbox full, over quota, try again later",
  grey: "451 4.7.1 <%s>: Recipient address rejected: Greylisted, try again later",
  disabled: "550 5.2.1 <%s>: The account is disabled",
  relay: "554 5.7.1 <%s>: Relay access denied",
  moved: "551 5.1.6 User has moved; please try <other@customer.example>",
};

/** Answers behind the letter's end, by local part. */
const refusedAtEnd: { readonly [localPart: string]: string } = {
  spam: "550 5.7.1 Message rejected as spam by content filter (score=14.2)",
  policy: "550-5.7.26 This message fails authentication checks (SPF and DKIM both do not pass).\r\n550 5.7.26 gsmtp k12-20020a",
  fulldata: "552 5.2.2 Over quota at delivery",
};

type Letter = { recipients: string[]; inData: boolean };

const localPart = (line: string): string => /<([^>@]*)@?[^>]*>/.exec(line)?.[1] ?? "";

const answerRcpt = (letter: Letter, line: string): string => {
  const name = localPart(line);
  const refusal = Object.hasOwn(refusedAtRcpt, name) ? refusedAtRcpt[name] : undefined;
  if (refusal !== undefined) return refusal.replace("%s", /<([^>]*)>/.exec(line)?.[1] ?? "");
  letter.recipients.push(name);
  return "250 2.1.5 Ok";
};

const answer = (letter: Letter, line: string): string | null => {
  if (letter.inData) {
    if (line !== ".") return null;
    letter.inData = false;
    const refused = letter.recipients.find((name) => Object.hasOwn(refusedAtEnd, name));
    return refused === undefined ? "250 2.0.0 Ok: queued" : (refusedAtEnd[refused] ?? null);
  }
  const verb = line.slice(0, 4).toUpperCase();
  if (verb === "RCPT") return answerRcpt(letter, line);
  if (verb === "DATA") {
    letter.inData = letter.recipients.length > 0;
    return letter.inData ? "354 End data with <CR><LF>.<CR><LF>" : "554 5.5.1 Error: no valid recipients";
  }
  if (verb === "MAIL" || verb === "RSET") letter.recipients = [];
  if (verb === "EHLO")
    return "250-mx.customer.example Hello\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n250-DSN\r\n250-ENHANCEDSTATUSCODES\r\n250 PIPELINING";
  return verb === "QUIT" ? "221 2.0.0 Bye" : "250 2.0.0 Ok";
};

const serve = (socket: Socket): void => {
  const letter: Letter = { recipients: [], inData: false };
  let rest = "";
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    const lines = (rest + bytes.toString("latin1")).split("\r\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const reply = answer(letter, line);
      if (reply !== null) socket.write(`${reply}\r\n`);
      if (reply?.startsWith("221")) socket.end();
    }
  });
  socket.write("220 mx.customer.example ESMTP\r\n");
};

createServer(serve).listen(Number(process.argv[2]), "127.0.0.1");
