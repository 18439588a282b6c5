import { execFileSync } from "node:child_process";

/** Mailboxes are made before the server starts; each test takes one nobody has used. */
export const users: readonly string[] = Array.from({ length: 90 }, (_, index) => `u${index + 1}`);
export const password = "secret";

/** Numbers of users and of the group "mail" in the roots. */
export const [firstUid, mailGid, daemonUid] = [2001, 8, 101];

/** /etc/passwd with a hash in it, for servers that know their users from there. `daemon`: the name of the server's own user. */
export const passwdFile = (daemon: string): string => {
  const hash = execFileSync("openssl", ["passwd", "-6", "-salt", "bounceline", password], { encoding: "utf8" }).trim();
  const lines = users.map((name, index) => `${name}:${hash}:${firstUid + index}:${mailGid}::/srv/mail/${name}:/bin/sh`);
  return ["root:x:0:0:root:/:/bin/sh", `${daemon}:x:${daemonUid}:${mailGid}::/srv:/bin/sh`, ...lines, ""].join("\n");
};

export const groupFile = `root:x:0:\nmail:x:${mailGid}:\n`;
