import { randomBytes } from "node:crypto";
import { createTransport } from "nodemailer";
import { ownMailPrefix } from "../bounces/own-mail.ts";

export type Mail = { to: string; subject: string; text: string; language: "en" | "pl" };

/** Sends mail of ours; rejects where the server does not take it. */
export type Mailer = {
  send(mail: Mail): Promise<void>;
  /** Connects and signs in, and sends nothing. */
  verify(): Promise<void>;
  close(): void;
};

/** `smtpUrl`: as nodemailer reads it, such as smtps://user:password@mail.example:465; TLS is demanded wherever a password is sent. */
export type MailSettings = { smtpUrl: string; from: string };

const timeoutMs = 30_000;

export const openMailer = ({ smtpUrl, from }: MailSettings): Mailer => {
  const url = new URL(smtpUrl);
  const transport = createTransport(
    {
      host: url.hostname,
      port: url.port === "" ? (url.protocol === "smtps:" ? 465 : 587) : Number(url.port),
      secure: url.protocol === "smtps:",
      requireTLS: url.password !== "",
      ...(url.username !== "" && { auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) } }),
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      // Nothing of a message may name a file or an address to be read.
      disableFileAccess: true,
      disableUrlAccess: true,
    },
    { from },
  );
  return {
    async send({ to, subject, text, language }) {
      const domain = from.slice(from.lastIndexOf("@") + 1).replace(/>$/, "");
      await transport.sendMail({
        // As an object it is one address, whatever is in it; as a text it could be several.
        to: { name: "", address: to },
        subject,
        text,
        messageId: `<${ownMailPrefix}${randomBytes(16).toString("hex")}@${domain}>`,
        // RFC 3834: no vacation program answers it.
        headers: { "Auto-Submitted": "auto-generated", "Content-Language": language },
      });
    },
    async verify() {
      await transport.verify();
    },
    close: () => transport.close(),
  };
};
