import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificates } from "../setup/mail-server/certificates.ts";

export type TestCertificate = { key: string; cert: string; ca: string };

/** A fresh key and certificate for localhost and 127.0.0.1 (PEM), and the authority that issued it. Needs openssl. */
export const testCertificate = (): TestCertificate => {
  const folder = mkdtempSync(join(tmpdir(), "bounceline-certificate-"));
  try {
    const { ca, certificate } = makeCertificates(folder);
    return { ca, cert: certificate, key: readFileSync(join(folder, "tls/server.key"), "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
};
