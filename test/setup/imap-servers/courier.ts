import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { debianRoot, startInRoot } from "./debian-root.ts";
import { firstUid, groupFile, mailGid, passwdFile, users } from "./users.ts";

/** As Debian configures it, but for one machine with many mailboxes. */
const starting = (port: number): string => `set -a
. /etc/courier/authdaemonrc
/usr/lib/courier/courier-authlib/authdaemond &
. /etc/courier/imapd
. /etc/courier/imapd-ssl
TLS_CERTFILE=/srv/both.pem; TLS_TRUSTCERTS=; TLS_CACHEFILE=; TLS_DHPARAMS=; TLS_VERIFYPEER=NONE; IMAP_TLS=1
exec /usr/sbin/couriertcpd -address=127.0.0.1 -maxprocs=100 -maxperip=100 -nodnslookup -noidentlookup ${port} \\
  /usr/bin/couriertls -server -tcpd -user=courier /usr/lib/courier/courier/imaplogin /usr/bin/imapd Maildir
`;

const pam = "auth required pam_unix.so nodelay\naccount required pam_permit.so\n";

/** Courier IMAP 5.0: no UIDNEXT, no SPECIAL-USE, everything below INBOX. */
export const startCourier = (work: string, port: number): void => {
  const root = debianRoot({
    packages: ["courier-imap"],
    files: { "etc/passwd": passwdFile("courier"), "etc/group": groupFile, "etc/shadow": "", "etc/pam.d/imap": pam, "etc/pam.d/other": pam },
  });
  mkdirSync(join(work, "run/courier/authdaemon"), { recursive: true });
  for (const [index, name] of users.entries()) {
    for (const folder of ["cur", "new", "tmp"]) mkdirSync(join(work, "mail", name, "Maildir", folder), { recursive: true });
    execFileSync("chown", ["-R", `${firstUid + index}:${mailGid}`, join(work, "mail", name)]);
  }
  writeFileSync(join(work, "both.pem"), readFileSync(join(work, "server.key"), "utf8") + readFileSync(join(work, "server.pem"), "utf8"));
  writeFileSync(join(work, "start.sh"), starting(port));
  startInRoot(root, work, "/bin/sh", "/srv/start.sh");
};
