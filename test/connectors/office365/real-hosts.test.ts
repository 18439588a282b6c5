import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { hostCertificate } from "../../fakes/google/host-certificate.ts";

const hosts = ["graph.microsoft.com", "login.microsoftonline.com"];

/** Why there can be no network of our own here; null if there can. */
const missing = (): string | null => {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "needs root on Linux";
  try {
    execFileSync("unshare", ["-mn", "sh", "-c", "ip link set lo up && mount --bind /etc/hosts /etc/hosts"], { stdio: "pipe" });
    return null;
  } catch {
    return "this machine allows no network and mount namespace";
  }
};

const inOwnNetwork = (folder: string): string => {
  const { key, cert, ca } = hostCertificate(hosts);
  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const hostsFile = file("hosts", `127.0.0.1 localhost ${hosts.join(" ")}\n`);
  const args = [join(import.meta.dirname, "real-hosts-client.ts"), file("key.pem", key), file("cert.pem", cert)];
  const script = 'ip link set lo up && mount --bind "$1" /etc/hosts && shift && exec "$@"';
  const env = { PATH: process.env.PATH, NODE_EXTRA_CA_CERTS: file("ca.pem", ca) };
  return execFileSync("unshare", ["-mn", "sh", "-c", script, "sh", hostsFile, process.execPath, ...args], {
    env,
    encoding: "utf8",
    timeout: 30_000,
  });
};

const because = missing();

test.skipIf(because !== null)(
  `the connector with no override at all, at Microsoft's own names${because === null ? "" : ` (SKIPPED: ${because})`}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), "bounceline-real-hosts-"));
    try {
      expect(JSON.parse(inOwnNetwork(folder))).toEqual({
        address: "anna@sales.example",
        addresses: ["anna@sales.example"],
        ids: ["<sent@sales.example>", "<new@sales.example>"],
        read: true,
        fails: [],
        after: "auth",
        asked: ["graph.microsoft.com graph", "login.microsoftonline.com other", "login.microsoftonline.com token"],
        violations: [],
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  60_000,
);
