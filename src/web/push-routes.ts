import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type { Hint, PushRequest } from "../ports/connector.ts";

export type PushRoutesDeps = {
  /** What a request to a provider's address says; null where that provider sends none. */
  receive: (provider: string, request: PushRequest) => Promise<{ answer: string | null; hints: readonly Hint[] } | null>;
  onHint: (hint: Hint) => Promise<void>;
  now: () => number;
};

/** A notification has well under a kilobyte, and a request holds some dozens of them. */
const bodyLimit = 128_000;
/** Requests a minute, all senders together: who floods us loses hints for everybody, and polling goes on. */
const perMinute = 3000;
/** What waits to be worked; what comes beyond that is forgotten. */
const mostWaiting = 10_000;

/**
 * The address providers send notifications to. It asks for no key and sets no cookie: a notification proves itself by the secret
 * of its watch, and whether it did shows in no answer. Answered at once and worked afterwards, because providers drop slow
 * receivers.
 */
export const pushRoutes = async (server: FastifyInstance, deps: PushRoutesDeps): Promise<void> => {
  const work = createWork(deps, server.log);
  const mayEnter = createGate(deps.now);
  await server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "string", bodyLimit }, (_request, body, done) => done(null, body));
    scope.addHook("onClose", work.ended);
    scope.post<{ Params: { provider: string } }>("/push/:provider", { bodyLimit }, async (request, reply) => {
      reply.header("cache-control", "no-store").header("x-content-type-options", "nosniff").type("text/plain; charset=utf-8");
      if (!mayEnter()) return reply.code(429).header("retry-after", "60").send("");
      const { query, body } = request;
      const asked = { query: query as PushRequest["query"], body: typeof body === "string" ? body : "" };
      const received = await deps.receive(request.params.provider, asked);
      if (!received) return reply.code(404).send("");
      if (received.answer !== null) return reply.code(200).send(received.answer);
      received.hints.forEach(work.add);
      return reply.code(202).send("");
    });
  });
};

/** Works hints one after the other, each waiting one once. */
const createWork = ({ onHint }: PushRoutesDeps, log: FastifyBaseLogger): { add: (hint: Hint) => void; ended: () => Promise<void> } => {
  const waiting = new Map<string, Hint>();
  let running: Promise<void> | null = null;

  const run = async (): Promise<void> => {
    for (const [key, hint] of waiting) {
      waiting.delete(key);
      await onHint(hint).catch((error: unknown) => log.warn({ err: error }, "a notification of new mail was lost; polling goes on"));
    }
    running = null;
  };

  return {
    add(hint) {
      if (waiting.size < mostWaiting) waiting.set(JSON.stringify(hint), hint);
      running ??= Promise.resolve().then(run);
    },
    ended: async () => void (await running),
  };
};

/** Lets so many through a minute, counted anew each minute. */
const createGate = (now: () => number): (() => boolean) => {
  let [minute, count] = [0, 0];
  return () => {
    const current = Math.floor(now() / 60_000);
    if (current !== minute) [minute, count] = [current, 0];
    count += 1;
    return count <= perMinute;
  };
};
