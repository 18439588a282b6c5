import { X509Certificate } from "node:crypto";
import type { ConnectionOptions } from "node:tls";
import { ConnectorError } from "../../src/ports/connector.ts";

const parsePinned = (pem: string): X509Certificate => {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    const text = "The certificate in the settings is not readable. Paste it as PEM, with its BEGIN and END lines.";
    throw new ConnectorError("rejected", text, { cause });
  }
};

/**
 * How the server's certificate is verified: by the known authorities and its name; or, with a pinned certificate, by being
 * exactly that one. The pinned one is then the only trust anchor (a certificate that is not self-signed may be one only with
 * `allowPartialTrustChain`), and since it might be an authority that issued others, the one presented is compared with it.
 * The name in it does not matter: whoever pins a certificate has seen whose it is.
 */
export const tlsOptions = (pinned: string | undefined): ConnectionOptions => {
  if (!pinned) return { rejectUnauthorized: true, minVersion: "TLSv1.2" };
  const { fingerprint256 } = parsePinned(pinned);
  return {
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
    ca: [pinned],
    allowPartialTrustChain: true,
    checkServerIdentity: (_host, presented) =>
      presented.fingerprint256 === fingerprint256
        ? undefined
        : Object.assign(new Error("another certificate than the pinned one"), { code: "PINNED_CERTIFICATE_DIFFERS" }),
  };
};
