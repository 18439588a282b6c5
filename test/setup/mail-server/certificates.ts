import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Makes a small certification authority and a certificate of it for localhost, in `tls/` of the run's folder. Both as PEM. */
export const makeCertificates = (run: string): { ca: string; certificate: string } => {
  const folder = join(run, "tls");
  mkdirSync(folder, { recursive: true });
  const openssl = (...args: string[]): void => {
    execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  };
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl("req", "-x509", ...key, "-days", "30", "-subj", "/CN=Bounceline test authority", "-keyout", "ca.key", "-out", "ca.pem");
  openssl("req", ...key, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr");
  writeFileSync(join(folder, "names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=critical,CA:false\n");
  const issue = ["-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30"];
  openssl("x509", ...issue, "-extfile", "names", "-out", "server.pem");
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  return { ca: read("ca.pem"), certificate: read("server.pem") };
};
