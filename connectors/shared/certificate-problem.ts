/** Codes of OpenSSL for a chain that ends at nobody we know. */
const unknownIssuer = /^(DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE)/;

/** What is wrong with a server's certificate, as a sentence for people, by the code of Node's error; null for other codes. */
export const certificateProblem = (code: string, host: string): string | null => {
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return `The certificate of ${host} is made out to another name. Enter the host name that stands in the certificate.`;
  }
  if (code === "CERT_HAS_EXPIRED") return `The certificate of ${host} has expired. Its operator must renew it.`;
  if (code === "PINNED_CERTIFICATE_DIFFERS") {
    return `${host} shows another certificate than the one in the settings. If it was renewed, replace it there; if not, somebody may be listening in.`;
  }
  if (!unknownIssuer.test(code)) return null;
  return `The certificate of ${host} is issued by nobody this machine knows (${code}). If it is your own server's, paste its certificate into the settings.`;
};
