import { connect, createServer, type Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const listen = (): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(server));
  });

/** Ports on 127.0.0.1 that nobody listens on. All are held until all are found, so that no two are the same. */
export const freePorts = async <Name extends string>(...names: Name[]): Promise<Record<Name, number>> => {
  const servers = await Promise.all(names.map(listen));
  const ports = servers.map((server) => Number((server.address() as { port: number }).port));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return Object.fromEntries(names.map((name, index) => [name, ports[index]])) as Record<Name, number>;
};

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => end(true)).once("error", () => end(false));
  });

/** Waits until somebody listens on a port, 15 seconds at most. */
export const untilAnswering = async (port: number): Promise<void> => {
  for (let attempt = 0; attempt < 150; attempt++) {
    if (await answers(port)) return;
    await sleep(100);
  }
  throw new Error(`nothing listens on port ${port} after 15 s`);
};
