/** A receiver of webhooks on the wire, with the standardwebhooks package as the judge of what it gets. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { vi } from "vitest";
import type { EventBody } from "../../src/deliver/event-body.ts";
import { afterThis } from "../store/engines.ts";

export type Received = { headers: Record<string, string>; text: string; body: EventBody };

export type Receiver = {
  url: string;
  port: number;
  /** Everything that came, in order, accepted or not. */
  received: Received[];
  /** What it was told and answered 2xx. */
  accepted: () => number[];
  connections: () => number;
  /** Answers from now on: a status, or whatever else a server can do. */
  answers: (how: number | ((request: Received, response: ServerResponse) => void)) => void;
  stop: () => Promise<void>;
};

export const startReceiver = async (options: { port?: number } = {}): Promise<Receiver> => {
  const received: Received[] = [];
  const accepted: number[] = [];
  let connections = 0;
  let answer: (request: Received, response: ServerResponse) => void = (_, response) => void response.writeHead(200).end("ok");
  const server = createServer(async (request, response) => {
    const one = await readRequest(request).catch(() => null);
    if (!one) return;
    received.push(one);
    response.on("finish", () => {
      if (response.statusCode >= 200 && response.statusCode < 300) accepted.push(one.body.sequence);
    });
    answer(one, response);
  });
  server.on("connection", () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  afterThis(stop);
  return {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    received,
    accepted: () => accepted,
    connections: () => connections,
    answers: (how) => {
      answer = typeof how === "number" ? (_, response) => void response.writeHead(how).end(`status ${how}`) : how;
    },
    stop,
  };
};

const readRequest = async (request: IncomingMessage): Promise<Received> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return { headers: request.headers as Record<string, string>, text, body: JSON.parse(text) };
};

/** What the reference implementation makes of a request with this secret: the event, or it throws. Judged at the time it was sent. */
export const verify = (secret: string, { headers, text }: Received): unknown => {
  vi.useFakeTimers({ now: Number(headers["webhook-timestamp"]) * 1000, toFake: ["Date"] });
  try {
    return new Webhook(secret).verify(text, headers);
  } finally {
    vi.useRealTimers();
  }
};
