/**
 * Real IMAP servers beside Dovecot, each in a root of its own made of Debian's packages, since these rule each other out. As the mail
 * server they run only as root on Debian 12, lie in the run's folder, and are started by the first test that asks.
 */
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { startCourier } from "./imap-servers/courier.ts";
import { startCyrus } from "./imap-servers/cyrus.ts";
import { whyNoRoot } from "./imap-servers/debian-root.ts";
import { startMailutils } from "./imap-servers/mailutils.ts";
import { password, users } from "./imap-servers/users.ts";
import { makeCertificates } from "./mail-server/certificates.ts";
import { freePorts, untilAnswering } from "./mail-server/free-ports.ts";
import { installPackages } from "./mail-server/packages.ts";
import { sharedInRun, tryToMake } from "./mail-server/run-folder.ts";
import type { NoMailServer } from "./mail-server.ts";

const servers = { Cyrus: startCyrus, Courier: startCourier, "GNU mailutils": startMailutils } as const;

export type OtherServer = keyof typeof servers;

/** `folder`: the run's folder for it, in which it is noted which mailboxes are taken. */
export type RunningServer = {
  imap: { host: string; port: number; pinnedCertificate: string; ca: string };
  password: string;
  folder: string;
};

const start = async (run: string, name: OtherServer): Promise<RunningServer | NoMailServer> => {
  const reason = whyNoRoot();
  if (reason !== null) return { skipped: reason };
  installPackages([{ name: "openssl", proof: "/usr/bin/openssl" }]);
  const work = join(run, name.toLowerCase().replace(" ", "-"));
  const { ca, certificate } = makeCertificates(work);
  for (const file of ["server.key", "server.pem"]) copyFileSync(join(work, "tls", file), join(work, file));
  const { imaps } = await freePorts("imaps");
  servers[name](work, imaps);
  await untilAnswering(imaps);
  return { imap: { host: "localhost", port: imaps, pinnedCertificate: certificate, ca }, password, folder: work };
};

/** A server of the run: started by whoever asks first, shared by all. */
export const sharedImapServer = (name: OtherServer): Promise<RunningServer | NoMailServer> => sharedInRun(name, (run) => start(run, name));

/** The name of a mailbox on such a server that no test has used. */
export const takeUser = ({ folder }: RunningServer): string => {
  mkdirSync(join(folder, "taken"), { recursive: true });
  const free = users.find((name) => tryToMake(join(folder, "taken", name)));
  if (free === undefined) throw new Error("all mailboxes of this server are taken; make more in imap-servers/users.ts");
  return free;
};
