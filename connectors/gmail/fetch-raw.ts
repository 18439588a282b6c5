import { ConnectorError } from "../../src/ports/connector.ts";
import type { GmailApi } from "./api.ts";

/** Ids of messages are 64-bit numbers in hexadecimal. Anything else Gmail would refuse as invalid, and is none of ours. */
const isMessageId = (ref: string): boolean => /^[0-9a-f]{1,16}$/.test(ref);

/** The exact bytes of a message (messages.get, format "raw"); "gone" when it was deleted for good. Over the limit: ConnectorError "rejected". */
export const fetchRaw = async (api: GmailApi, ref: string, maxBytes: number): Promise<Uint8Array | "gone"> => {
  if (!isMessageId(ref)) return "gone";
  const bytes = await api.raw(ref, maxBytes);
  if (bytes === null) return "gone";
  if (bytes === "too_large" || bytes.length > maxBytes) {
    throw new ConnectorError("rejected", `The message has more than the ${maxBytes} bytes that are read.`);
  }
  return bytes;
};
