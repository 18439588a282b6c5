import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A key and certificate (PEM) for host names that are not ours, and the authority that issued it. Needs openssl. */
export const hostCertificate = (hosts: readonly string[]): { key: string; cert: string; ca: string } => {
  const folder = mkdtempSync(join(tmpdir(), "bounceline-hosts-"));
  const openssl = (...args: string[]): void => void execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  try {
    openssl("req", "-x509", ...key, "-days", "2", "-subj", "/CN=Bounceline test authority", "-keyout", "ca.key", "-out", "ca.pem");
    openssl("req", ...key, "-subj", `/CN=${hosts[0]}`, "-keyout", "host.key", "-out", "host.csr");
    writeFileSync(
      join(folder, "names"),
      `subjectAltName=${hosts.map((host) => `DNS:${host}`).join(",")}\nbasicConstraints=critical,CA:false\n`,
    );
    const issue = ["-req", "-in", "host.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"];
    openssl("x509", ...issue, "-extfile", "names", "-out", "host.pem");
    return { key: read("host.key"), cert: read("host.pem"), ca: read("ca.pem") };
  } finally {
    rmSync(folder, { recursive: true });
  }
};
