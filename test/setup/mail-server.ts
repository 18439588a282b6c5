/**
 * A real mail server for tests: Dovecot (IMAP with TLS, LMTP) and Postfix, which delivers for sales.example into Dovecot and
 * bounces for real what the recipients' servers (smtp-sink) refuse. It runs only where it can be had cheaply: as root on
 * Debian, from Debian's packages. Everything listens on loopback, on free ports, and lies in a folder of its own below the
 * system's temporary folder. Nothing is started until the first test asks; all tests of a run share one.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { makeCertificates } from "./mail-server/certificates.ts";
import { startDovecot } from "./mail-server/dovecot.ts";
import { freePorts, untilAnswering } from "./mail-server/free-ports.ts";
import { installPackages, whyNot } from "./mail-server/packages.ts";
import { startPostfix } from "./mail-server/postfix.ts";
import { makeRunFolder, removeLeftovers, sharedInRun, stopRun } from "./mail-server/run-folder.ts";
import { startBeside } from "./mail-server/start-beside.ts";

export type MailServer = {
  /** `port` speaks TLS from the first byte, `starttlsPort` after STARTTLS. `pinnedCertificate` is the server's own, `ca` its issuer's (PEM). */
  imap: { host: string; port: number; starttlsPort: number; pinnedCertificate: string; ca: string };
  /** Postfix. It takes mail from anybody on this machine. */
  smtp: { host: string; port: number };
  /** Every address at sales.example is a user, each with this password. */
  domain: string;
  password: string;
  /** A file in this folder makes its name an access token that is good, of the user that is its text. */
  tokens: string;
  /** Any local part at customer.example is taken; nobody, ghost, full, spam and others (smtp-sink.ts) are refused. */
  customerDomain: string;
};

export type NoMailServer = { skipped: string };

/** Starts the servers in a folder made by `makeRunFolder`. Where they cannot run, the answer is the reason. */
export const startMailServer = async (run: string): Promise<MailServer | NoMailServer> => {
  const reason = whyNot();
  if (reason !== null) return { skipped: reason };
  installPackages();
  const ports = await freePorts("imap", "imaps", "lmtp", "smtp", "sink", "introspection");
  mkdirSync(join(run, "tokens"));
  const { ca, certificate } = makeCertificates(run);
  startBeside(run, "smtp-sink", ports.sink);
  startBeside(run, "introspection", ports.introspection);
  startDovecot(run, ports);
  startPostfix(run, ports);
  await Promise.all(Object.values(ports).map(untilAnswering));
  return {
    imap: { host: "localhost", port: ports.imaps, starttlsPort: ports.imap, pinnedCertificate: certificate, ca },
    smtp: { host: "127.0.0.1", port: ports.smtp },
    domain: "sales.example",
    password: "secret",
    tokens: join(run, "tokens"),
    customerDomain: "customer.example",
  };
};

/** For vitest's globalSetup: makes the run's folder, and at the end stops what was started in it. */
export default async function setup({ provide }: { provide(key: "mailServerRun", run: string): void }): Promise<() => Promise<void>> {
  await removeLeftovers();
  const run = makeRunFolder();
  provide("mailServerRun", run);
  return () => stopRun(run);
}

declare module "vitest" {
  export interface ProvidedContext {
    mailServerRun: string;
  }
}

/** The run's mail server: started by whoever asks first, shared by all. */
export const sharedMailServer = (): Promise<MailServer | NoMailServer> => sharedInRun("mail server", startMailServer);
