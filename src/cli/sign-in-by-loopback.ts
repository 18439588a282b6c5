import { createServer, type Server } from "node:http";
import { type Authorized, type AuthorizeWish, beginAuthorization, finishAuthorization } from "../sync/authorize-inbox.ts";
import type { ConnectDeps } from "../sync/connect-inbox.ts";
import { CliError } from "./exit-code.ts";

const patienceMs = 10 * 60_000;

/**
 * Signs a person in from the command line (RFC 8252, section 7.3): listens on a port of this machine, says which page to open,
 * and takes what the provider sends the browser back with. Throws CliError when nobody comes back within ten minutes.
 */
export const signInByLoopback = async (
  deps: ConnectDeps,
  accountId: string,
  wish: Omit<AuthorizeWish, "redirectUri" | "linkId">,
  options: { port: number; tell: (url: string) => void },
): Promise<Authorized> => {
  const server = createServer();
  const returned = firstReturn(server);
  const port = await listen(server, options.port);
  try {
    const redirectUri = `http://localhost:${port}/`;
    const { url, browser } = await beginAuthorization(deps, accountId, { ...wish, redirectUri, linkId: null });
    options.tell(url);
    const query = await returned;
    const ended = await finishAuthorization(deps, {
      state: query.get("state") ?? "",
      browser,
      code: query.get("code") ?? undefined,
      error: query.get("error") ?? undefined,
      errorDescription: query.get("error_description") ?? undefined,
    });
    if (!ended) throw new CliError("denied", "The browser came back from another sign-in than this one. Try again.");
    return ended;
  } finally {
    server.close();
    server.closeAllConnections();
  }
};

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once("error", () => reject(new CliError("config", `Port ${port} is taken; name another with --redirect-port.`)));
    server.listen(port, "localhost", () => resolve((server.address() as { port: number }).port));
  });

/** The query of the first request that is an answer of the provider; anything else (a favicon) is told that it is not there. */
const firstReturn = (server: Server): Promise<URLSearchParams> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new CliError("unavailable", "Nobody came back from the sign-in page within ten minutes.")),
      patienceMs,
    );
    timer.unref();
    server.on("request", (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
      const answer = pathname === "/" && searchParams.has("state");
      response.writeHead(answer ? 200 : 404, { "content-type": "text/plain; charset=utf-8", connection: "close" });
      response.end(answer ? "Thank you. Go back to the terminal.\n" : "There is nothing here.\n");
      if (answer) {
        clearTimeout(timer);
        resolve(searchParams);
      }
    });
  });
