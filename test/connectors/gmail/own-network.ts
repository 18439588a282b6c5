import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostCertificate } from "../../fakes/google/host-certificate.ts";

/** Why there can be no network of our own here; null if there can. */
export const noOwnNetwork = (): string | null => {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "needs root on Linux";
  try {
    execFileSync("unshare", ["-mn", "sh", "-c", "ip link set lo up && mount --bind /etc/hosts /etc/hosts"], { stdio: "pipe" });
    return null;
  } catch {
    return "this machine allows no network and mount namespace";
  }
};

/**
 * Runs a script in a network and mount namespace where `hosts` are this machine and have certificates that Node trusts. Its
 * arguments are a folder of its own and in it key.pem, cert.pem and ca.pem. Gives what it printed last, as JSON.
 */
export const runInOwnNetwork = (hosts: readonly string[], script: string): unknown => {
  const folder = mkdtempSync(join(tmpdir(), "bounceline-own-network-"));
  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  try {
    const { key, cert, ca } = hostCertificate(hosts);
    const files = [file("key.pem", key), file("cert.pem", cert), file("ca.pem", ca)];
    const hostsFile = file("hosts", `127.0.0.1 localhost ${hosts.join(" ")}\n`);
    const inside = 'ip link set lo up && mount --bind "$1" /etc/hosts && shift && exec "$@"';
    const args = ["-mn", "sh", "-c", inside, "sh", hostsFile, process.execPath, script, folder, ...files];
    const env = { PATH: process.env.PATH, NODE_EXTRA_CA_CERTS: files[2] };
    const printed = execFileSync("unshare", args, { env, encoding: "utf8", timeout: 50_000 });
    return JSON.parse(printed.trim().split("\n").at(-1) ?? "null");
  } finally {
    rmSync(folder, { recursive: true });
  }
};
