import { execFileSync } from "node:child_process";
import { chownSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

type Ports = { smtp: number; lmtp: number; sink: number };

/** Delivers for sales.example into Dovecot and for customer.example to the sink; gives up after 30 s, warns after 5 s. */
const configuration = (folder: string, ports: Ports): string => `
compatibility_level = 3.6
queue_directory = ${folder}/queue
data_directory = ${folder}/data
maillog_file_prefixes = /var, ${tmpdir()}
maillog_file = ${folder}/maillog
myhostname = mail.sales.example
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
mydestination =
alias_maps =
smtpd_relay_restrictions = permit_mynetworks, reject
transport_maps = inline:{ customer.example=smtp:[127.0.0.1]:${ports.sink} }
virtual_mailbox_domains = sales.example
virtual_transport = lmtp:inet:127.0.0.1:${ports.lmtp}
default_transport = error:5.1.2 no route in the tests
disable_dns_lookups = yes
delay_warning_time = 5s
queue_run_delay = 2s
minimal_backoff_time = 2s
maximal_backoff_time = 5s
maximal_queue_lifetime = 30s
bounce_queue_lifetime = 30s
message_size_limit = 26214400
`;

const postfixUser = (flag: "-u" | "-g"): number => Number(execFileSync("id", [flag, "postfix"], { encoding: "utf8" }));

/** Starts Postfix with a queue of its own. Its log is `postfix/maillog` in the run's folder. */
export const startPostfix = (run: string, ports: Ports): void => {
  const folder = join(run, "postfix");
  const conf = join(folder, "conf");
  for (const name of ["conf", "queue", "data"]) mkdirSync(join(folder, name), { recursive: true });
  chownSync(join(folder, "data"), postfixUser("-u"), postfixUser("-g"));
  copyFileSync("/usr/share/postfix/master.cf.dist", join(conf, "master.cf"));
  writeFileSync(join(conf, "main.cf"), configuration(folder, ports));
  const postconf = (...args: string[]): void => {
    execFileSync("/usr/sbin/postconf", ["-c", conf, ...args], { stdio: "pipe" });
  };
  postconf("-F", "*/*/chroot=n");
  postconf("-MX", "smtp/inet");
  postconf("-M", `127.0.0.1:${ports.smtp}/inet=127.0.0.1:${ports.smtp} inet n - n - - smtpd`);
  // Never a pipe: the daemon keeps it open, and the call would wait for ever.
  execFileSync("/usr/sbin/postfix", ["-c", conf, "start"], { stdio: "ignore" });
};
