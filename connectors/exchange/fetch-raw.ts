import { ConnectorError } from "../../src/ports/connector.ts";
import type { Ews } from "./ews.ts";
import { isMissing } from "./exchange-error.ts";
import { getMime, getSize } from "./requests.ts";
import { at, textAt } from "./xml.ts";

/** What stands around a message in an answer, bytes. */
const around = 64 * 1024;

const tooLarge = (size: number, maxBytes: number): ConnectorError =>
  new ConnectorError("rejected", `The message has ${size} bytes, more than the ${maxBytes} that are read.`);

/**
 * A message as MIME (MS-OXWSCORE, MimeContent, in base64). Exchange makes it anew from what it stores, so that it is not byte for byte
 * what came in. Its size is asked for first: an answer that is cut off costs the connection. Exchange's size is that of what it
 * stores, which may be more or less, so it only spares what is far too large.
 */
export const fetchRaw = async (ews: Ews, ref: string, maxBytes: number): Promise<Uint8Array | "gone"> => {
  if (ref === "") return "gone";
  try {
    const size = Number(textAt(at(await ews.ask(getSize(ref)), "Items")?.children[0], "Size") ?? 0);
    if (size > 2 * maxBytes) throw tooLarge(size, maxBytes);
    const answer = await ews.ask(getMime(ref), Math.ceil((maxBytes * 4) / 3) + around);
    const mime = textAt(at(answer, "Items")?.children[0], "MimeContent");
    if (mime === null) throw new ConnectorError("unavailable", `${ews.host} has the message and did not give it.`);
    const bytes = Buffer.from(mime, "base64");
    if (bytes.length > maxBytes) throw tooLarge(bytes.length, maxBytes);
    return bytes;
  } catch (error) {
    if (isMissing(error)) return "gone";
    throw error;
  }
};
