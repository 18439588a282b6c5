import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { type TestCertificate, testCertificate } from "../../fakes/test-certificate.ts";

let trusted: TestCertificate | null = null;

/** A certificate for localhost whose authority this process trusts from now on, as NODE_EXTRA_CA_CERTS would make it. */
export const trustedCertificate = (): TestCertificate => {
  if (trusted === null) {
    trusted = testCertificate();
    // What is on this machine is not asked through a proxy.
    process.env.NO_PROXY = "localhost";
    setDefaultCACertificates([...getCACertificates("default"), trusted.ca]);
  }
  return trusted;
};
