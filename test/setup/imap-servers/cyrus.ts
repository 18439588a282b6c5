import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { debianRoot, runInRoot, startInRoot } from "./debian-root.ts";
import { daemonUid, groupFile, mailGid, passwdFile, password, users } from "./users.ts";

/** Cyrus with its older way of naming: everything lies below INBOX, with a dot between. Failed log-ins are answered at once. */
const imapdConf = `
configdirectory: /srv/conf
partition-default: /srv/spool
defaultpartition: default
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: /srv/sasldb2
sasl_mech_list: PLAIN
failedloginpause: 0
altnamespace: no
unixhierarchysep: no
autocreate_quota: 0
autocreate_inbox_folders: Sent|Junk
xlist-sent: Sent
xlist-junk: Junk
tls_server_cert: /srv/server.pem
tls_server_key: /srv/server.key
`;

const bin = "/usr/lib/cyrus/bin";

const cyrusConf = (port: number): string => `
START {
  recover cmd="${bin}/ctl_cyrusdb -C /srv/imapd.conf -r"
  idled cmd="${bin}/idled -C /srv/imapd.conf"
}
SERVICES {
  imaps cmd="${bin}/imapd -s -C /srv/imapd.conf" listen="127.0.0.1:${port}" prefork=1 maxchild=100
}
EVENTS {
}
`;

/** Cyrus IMAP 3.6. */
export const startCyrus = (work: string, port: number): void => {
  const root = debianRoot({
    packages: ["cyrus-imapd", "sasl2-bin"],
    files: { "etc/passwd": passwdFile("cyrus"), "etc/group": groupFile },
  });
  for (const folder of ["db", "socket", "proc", "log", "msg", "quota", "sieve", "user"])
    mkdirSync(join(work, "conf", folder), { recursive: true });
  mkdirSync(join(work, "spool"));
  writeFileSync(join(work, "imapd.conf"), imapdConf);
  writeFileSync(join(work, "cyrus.conf"), cyrusConf(port));
  const making = users.map((name) => `printf ${password} | /usr/sbin/saslpasswd2 -p -c -f /srv/sasldb2 ${name}`);
  runInRoot(root, work, "/bin/sh", "-c", making.join(" && "));
  execFileSync("chown", ["-R", `${daemonUid}:${mailGid}`, work]);
  startInRoot(root, work, `${bin}/master`, "-C", "/srv/imapd.conf", "-M", "/srv/cyrus.conf", "-p", "/srv/master.pid");
};
