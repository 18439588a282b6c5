import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { type TestCertificate, testCertificate } from "./test-certificate.ts";

let trusted: TestCertificate | null = null;

/** Has this process trust an authority (PEM) from now on, as NODE_EXTRA_CA_CERTS would make it. */
export const trust = (ca: string): void => setDefaultCACertificates([...getCACertificates("default"), ca]);

/** A certificate for localhost whose authority this process trusts from now on, as NODE_EXTRA_CA_CERTS would make it. */
export const trustedCertificate = (): TestCertificate => {
  if (trusted === null) {
    trusted = testCertificate();
    // What is on this machine is not asked through a proxy.
    process.env.NO_PROXY = "localhost";
    trust(trusted.ca);
  }
  return trusted;
};
