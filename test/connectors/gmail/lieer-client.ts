/**
 * Lets lieer (Debian's gmi, a client in Python that we have nothing to do with) read a mailbox of the stand-in: all of it, then
 * the changes, then all again after the changes were dropped. Prints what it found as JSON. lieer.test.ts starts it.
 */
import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { startGoogle } from "../../fakes/google/start-google.ts";
import { demoMailbox } from "../../fixtures/demo-mailbox.ts";
import { letter } from "./open-gmail.ts";

const [folder = "", keyFile = "", certFile = "", caFile = ""] = process.argv.slice(2);
const google = await startGoogle({ tls: { key: readFileSync(keyFile, "utf8"), cert: readFileSync(certFile, "utf8") }, port: 443 });
const mailbox = google.addMailbox("anna@sales.example");
const { refreshToken } = google.oauth.consent(mailbox.address, ["https://www.googleapis.com/auth/gmail.modify"]);
for (const [path, content] of demoMailbox()) mailbox.put(content, path.startsWith("Sent") ? ["SENT"] : ["INBOX", "UNREAD"]);

const repository = join(folder, "mail/account");
mkdirSync(repository, { recursive: true });
const config = join(folder, "notmuch-config");
writeFileSync(config, `[database]\npath=${folder}/mail\n[user]\nname=Anna\nprimary_email=${mailbox.address}\n`);
const env = { PATH: process.env.PATH, HOME: folder, NOTMUCH_CONFIG: config, HTTPLIB2_CA_CERTS: caFile };
const run = async (command: string, ...args: string[]): Promise<string> =>
  (await promisify(execFile)(command, args, { cwd: repository, env, timeout: 20_000 })).stdout;
const pull = async (): Promise<{ said: string[]; exact: boolean }> => {
  const printed = await run("gmi", "pull");
  const said = ["full synchronization", "partial synchronization", "historyId is too old"].filter((words) => printed.includes(words));
  return { said, exact: isExact() };
};

/** lieer writes LF where Gmail has CRLF. */
const unix = (raw: Buffer): string => raw.toString("latin1").replaceAll("\r\n", "\n");

/** Every message is there under its id, byte for byte, and no other. */
const isExact = (): boolean => {
  const files = ["cur", "new"].flatMap((part) =>
    readdirSync(join(repository, "mail", part)).map((name) => join(repository, "mail", part, name)),
  );
  const ids = files.map((file) => /([0-9a-f]{16})[^/]*$/.exec(file)?.[1] ?? "");
  const same = files.every(
    (file, index) => unix(mailbox.messages.get(ids[index] ?? "")?.raw ?? Buffer.of()) === readFileSync(file, "latin1"),
  );
  return same && new Set(ids).size === mailbox.messages.size && files.length === mailbox.messages.size;
};

await run("/usr/bin/python3", "-c", `import notmuch2; notmuch2.Database.create("${folder}/mail")`);
await run("gmi", "init", "--no-auth", mailbox.address);
const credentials = {
  _class: "OAuth2Credentials",
  _module: "oauth2client.client",
  access_token: null,
  client_id: google.oauth.client.id,
  client_secret: google.oauth.client.secret,
  refresh_token: refreshToken,
  token_expiry: null,
  token_uri: "https://oauth2.googleapis.com/token",
  user_agent: "Lieer",
  revoke_uri: null,
  id_token: null,
  token_response: null,
  scopes: [],
  token_info_uri: null,
  invalid: false,
};
writeFileSync(join(repository, ".credentials.gmailieer.json"), JSON.stringify(credentials), { mode: 0o600 });

const pulls = [await pull()];
const [first, second] = mailbox.messages.values();
mailbox.put(letter("new"));
mailbox.remove(first?.id ?? "");
mailbox.label(second?.id ?? "", ["STARRED"]);
pulls.push(await pull());
mailbox.forgetChanges();
mailbox.put(letter("late"));
pulls.push(await pull());
await google.stop();

console.log(JSON.stringify({ pulls, batches: google.asked.some(({ method }) => method === "batch") }));
process.exit(0);
