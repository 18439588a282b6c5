/**
 * Tells Dovecot whether an access token is good and whose it is (RFC 7662): a token is good as long as a file with its name lies in the
 * folder `tokens` of the run, and that file's text is whose it is. Run as `node introspection.ts <port> <folder of the run>`.
 */
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

const [port, run = ""] = process.argv.slice(2);

createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  const token = new URLSearchParams(body).get("token") ?? "";
  const file = join(run, "tokens", /^[\w.-]+$/.test(token) ? token : "none");
  const answer = existsSync(file) ? { active: true, username: readFileSync(file, "utf8") } : { active: false };
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify(answer));
}).listen(Number(port), "127.0.0.1");
