import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { debianRoot, startInRoot } from "./debian-root.ts";
import { firstUid, groupFile, mailGid, passwdFile, users } from "./users.ts";

const configuration = (port: number): string => `
mode daemon;
foreground yes;
pidfile /srv/imap4d.pid;
max-children 100;
auth { authentication generic; authorization system; };
logging { syslog no; };
tcp-wrappers { enable no; };
mailbox { mailbox-pattern "mbox:/srv/mail/\${user}/inbox"; mailbox-type mbox; };
namespace personal { prefix "" { directory "/srv/mail/$user/folders"; delimiter "/"; mailbox-type mbox; }; };
tls-file-checks { key-file none; cert-file none; };
server 127.0.0.1:${port} {
  tls-mode connection;
  tls { ssl-certificate-file /srv/server.pem; ssl-key-file /srv/server.key; };
};
`;

/** GNU mailutils 3.15: no UIDPLUS, no SPECIAL-USE, a server of few words. */
export const startMailutils = (work: string, port: number): void => {
  const root = debianRoot({
    packages: ["mailutils-imap4d"],
    files: { "etc/passwd": passwdFile("mail"), "etc/group": groupFile, "etc/shadow": "" },
  });
  for (const [index, name] of users.entries()) {
    mkdirSync(join(work, "mail", name, "folders"), { recursive: true });
    writeFileSync(join(work, "mail", name, "inbox"), "");
    execFileSync("chown", ["-R", `${firstUid + index}:${mailGid}`, join(work, "mail", name)]);
  }
  writeFileSync(join(work, "imap4d.conf"), configuration(port));
  startInRoot(root, work, "/usr/sbin/imap4d", "--config-file", "/srv/imap4d.conf");
};
