import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import type { Tools } from "../../src/ports/connector.ts";
import { abortable } from "../shared/abortable.ts";
import { tlsOptions } from "../shared/tls-options.ts";
import { patienceMs } from "./get-over-tls.ts";

/** True where an IMAP server answers at a host with a certificate made out to it (RFC 9051, 7.1.1: `* OK …`). Nothing is sent. */
export const greetsOverTls = async (
  host: string,
  port: number,
  { dial, signal }: Pick<Tools, "dial" | "signal">,
  timeoutMs = patienceMs,
): Promise<boolean> => {
  const ending = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  let socket: TLSSocket | null = null;
  try {
    const target = await abortable(dial(host, port), ending);
    const name = isIP(target.servername) ? {} : { servername: target.servername };
    socket = connect({ host: target.address, port: target.port, ...name, ...tlsOptions(undefined) });
    return await abortable(greeting(socket), ending);
  } catch {
    signal.throwIfAborted();
    return false;
  } finally {
    socket?.destroy();
  }
};

const greeting = (socket: TLSSocket): Promise<boolean> =>
  new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.once("close", () => resolve(false));
    socket.once("data", (bytes: Buffer) => resolve(/^\* (OK|PREAUTH)\b/i.test(bytes.subarray(0, 20).toString("latin1"))));
  });
