import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";

/** A package of Debian's, and a file that is there when it is installed. */
export type DebianPackage = { name: string; proof: string };

const packages: readonly DebianPackage[] = [
  { name: "dovecot-imapd", proof: "/usr/lib/dovecot/imap" },
  { name: "dovecot-lmtpd", proof: "/usr/lib/dovecot/lmtp" },
  { name: "postfix", proof: "/usr/sbin/postfix" },
  { name: "openssl", proof: "/usr/bin/openssl" },
];

export const isDebian = (): boolean => existsSync("/etc/debian_version") && existsSync("/usr/bin/apt-get");

/** Why the mail server cannot run on this machine; null if it can. */
export const whyNot = (): string | null => {
  if (process.platform !== "linux" || !isDebian()) return "it is made of Debian's packages, and this is not Debian.";
  if (userInfo().uid !== 0) return "Dovecot and Postfix start only as root.";
  if (existsSync("/usr/sbin/dovecot") && !dovecotVersion().startsWith("2.3.")) {
    return `its configuration is written for Dovecot 2.3, and this is ${dovecotVersion()}.`;
  }
  return null;
};

const dovecotVersion = (): string => execFileSync("/usr/sbin/dovecot", ["--version"], { encoding: "utf8" });

const policy = "/usr/sbin/policy-rc.d";

/** While this file says 101, no package starts its system service (Debian policy, 9.3.3). */
const withoutServices = (work: () => void): void => {
  if (existsSync(policy)) {
    if (/exit 101/.test(readFileSync(policy, "utf8"))) work();
    else throw new Error(`${policy} lets packages start their services; install ${packages.map(({ name }) => name).join(", ")} by hand.`);
    return;
  }
  writeFileSync(policy, "#!/bin/sh\nexit 101\n");
  chmodSync(policy, 0o755);
  try {
    work();
  } finally {
    rmSync(policy);
  }
};

/** Installs what is missing of the packages; does nothing, and needs no network, when all are there. */
export const installPackages = (wanted: readonly DebianPackage[] = packages): void => {
  const missing = wanted.filter(({ proof }) => !existsSync(proof)).map(({ name }) => name);
  if (missing.length === 0) return;
  console.warn(`installing for the tests: ${missing.join(", ")}`);
  const run = (...args: string[]): void => {
    // Another test file may be installing something too.
    execFileSync("apt-get", ["-o", "DPkg::Lock::Timeout=300", ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      stdio: ["ignore", "ignore", "pipe"],
    });
  };
  withoutServices(() => {
    run("update", "-qq");
    run("install", "-y", "-qq", "--no-install-recommends", ...missing);
  });
};
