import { firstValue } from "./envelope.ts";
import { parseHeaderFields } from "./header-fields.ts";
import { readContentType } from "./read-mail.ts";

/** True for a message whose whole content is encrypted: OpenPGP (RFC 3156) or S/MIME (RFC 8551), which may also only sign. */
export const isEncrypted = (bytes: Uint8Array): boolean => {
  const { type, params } = readContentType(firstValue(parseHeaderFields(bytes), "content-type") ?? "");
  if (type === "multipart/encrypted") return true;
  return (
    /^application\/(?:x-)?pkcs7-mime$/.test(type) && /^(?:enveloped|authenveloped|encrypted)/i.test(params.get("smime-type") ?? "enveloped")
  );
};
