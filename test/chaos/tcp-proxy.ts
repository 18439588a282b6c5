/** A TCP proxy between a worker and a server, whose weather can be changed while connections run through it. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export type Weather = {
  /** What comes and goes is held back so long, milliseconds. */
  delayMs?: number;
  /** Nothing goes through, and nobody is told. */
  hangs?: boolean;
  /** New connections are cut after so many bytes of the server. */
  cutAfter?: () => number;
};

export type TcpProxy = {
  port: number;
  weather(weather: Weather): void;
  /** Connections that were cut. */
  cuts: () => number;
  /** Breaks every connection there is. */
  breakAll(): void;
  /** Carries nothing any more of the connections there are, and tells nobody, as a router that forgot them. */
  forgetAll(): void;
  stop(): Promise<void>;
};

export const startTcpProxy = async (target: { host: string; port: number }): Promise<TcpProxy> => {
  let weather: Weather = {};
  let cuts = 0;
  const pairs = new Set<() => void>();
  let forgotten = 0;
  /** What was held back while nothing went through. */
  let held: (() => void)[] = [];

  const pass = (to: Socket, bytes: Buffer): void => {
    const write = (): void => void (to.destroyed || to.write(bytes));
    if (weather.hangs) held.push(write);
    // The order stays: a timer of the same length fires after the one before it.
    else if (weather.delayMs) setTimeout(write, weather.delayMs);
    else write();
  };

  const server = createServer((client) => {
    const upstream = connect(target);
    const opened = forgotten;
    let left = weather.cutAfter?.() ?? Number.POSITIVE_INFINITY;
    const end = (): void => {
      pairs.delete(end);
      client.destroy();
      upstream.destroy();
    };
    pairs.add(end);
    for (const socket of [client, upstream]) socket.on("error", end).on("close", end).setNoDelay();
    client.on("data", (bytes: Buffer) => {
      if (opened === forgotten) pass(upstream, bytes);
    });
    upstream.on("data", (bytes: Buffer) => {
      if (opened !== forgotten) return;
      pass(client, bytes.subarray(0, left));
      left -= bytes.length;
      if (left > 0) return;
      cuts += 1;
      end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const breakAll = (): void => {
    for (const end of [...pairs]) end();
  };
  return {
    port: (server.address() as AddressInfo).port,
    weather(next) {
      weather = next;
      if (next.hangs) return;
      for (const write of held) write();
      held = [];
    },
    cuts: () => cuts,
    breakAll,
    forgetAll: () => {
      forgotten += 1;
    },
    async stop() {
      breakAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
