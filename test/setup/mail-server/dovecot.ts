import { execFileSync } from "node:child_process";
import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

type Ports = { imap: number; imaps: number; lmtp: number; introspection: number };

const idOf = (flag: "-u" | "-g"): number => Number(execFileSync("id", [flag, "mail"], { encoding: "utf8" }));

/** Dovecot 2.3. Every user exists; failed log-ins are answered at once, where Dovecot would slow a guesser down. */
const configuration = (run: string, ports: Ports): string => {
  const folder = join(run, "dovecot");
  const special = ["Sent", "Drafts", "Junk", "Trash"].map(
    (name) => `  mailbox ${name} {\n    auto = subscribe\n    special_use = \\${name}\n  }`,
  );
  return `
base_dir = ${folder}/run
state_dir = ${folder}/state
instance_name = bounceline-test
log_path = ${folder}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <${run}/tls/server.pem
ssl_key = <${run}/tls/server.key
disable_plaintext_auth = yes
auth_mechanisms = plain login xoauth2 oauthbearer
auth_failure_delay = 0
first_valid_uid = 1
default_process_limit = 3000
default_client_limit = 8000
mail_uid = ${idOf("-u")}
mail_gid = ${idOf("-g")}
mail_location = maildir:~/Maildir
mail_max_userip_connections = 500
mail_fsync = never
recipient_delimiter = +
postmaster_address = postmaster@sales.example
hostname = imap.sales.example
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = ${folder}/oauth2.conf
}
passdb {
  driver = static
  mechanisms = plain login
  args = password=secret
}
userdb {
  driver = static
  args = uid=${idOf("-u")} gid=${idOf("-g")} home=${folder}/mail/%u allow_all_users=yes
}
namespace inbox {
  inbox = yes
  separator = /
${special.join("\n")}
}
service imap-login {
  inet_listener imap {
    port = ${ports.imap}
  }
  inet_listener imaps {
    port = ${ports.imaps}
    ssl = yes
  }
  service_count = 0
  process_min_avail = 1
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${ports.lmtp}
  }
}
service imap {
  process_limit = 3000
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
`;
};

/** RFC 7662: Dovecot asks whether a token is good and whose it is. */
const introspection = (port: number): string => `
introspection_mode = post
introspection_url = http://127.0.0.1:${port}/
username_attribute = username
active_attribute = active
active_value = true
`;

/** Starts Dovecot, which goes to the background by itself. Its log is `dovecot/dovecot.log` in the run's folder. */
export const startDovecot = (run: string, ports: Ports): void => {
  const folder = join(run, "dovecot");
  for (const name of ["run", "state", "mail"]) mkdirSync(join(folder, name), { recursive: true });
  chownSync(join(folder, "mail"), idOf("-u"), idOf("-g"));
  writeFileSync(join(folder, "dovecot.conf"), configuration(run, ports));
  writeFileSync(join(folder, "oauth2.conf"), introspection(ports.introspection));
  execFileSync("/usr/sbin/dovecot", ["-c", join(folder, "dovecot.conf")], { stdio: "ignore" });
};
