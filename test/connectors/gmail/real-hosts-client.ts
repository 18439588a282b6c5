/**
 * Runs the connector as it is in production, with no override at all, from the sign-in page to revocation, and prints what it
 * saw as JSON. real-hosts.test.ts starts it in a network of its own, where Google's names lead to the stand-in on port 443.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gmail } from "../../../connectors/gmail/connector.ts";
import { startGoogle } from "../../fakes/google/start-google.ts";
import { collect, testTools } from "../test-tools.ts";
import { idsOf, lastCursor, letter } from "./open-gmail.ts";
import { setUpPubSub } from "./set-up-pubsub.ts";

const [, keyFile = "", certFile = ""] = process.argv.slice(2);
const redirectUri = "https://bounceline.example/oauth/callback";
const codeVerifier = "a-verifier-of-the-length-that-rfc-7636-asks-for-0123456789";
const codeChallenge = createHash("sha256").update(codeVerifier).digest("base64url");

const google = await startGoogle({ tls: { key: readFileSync(keyFile, "utf8"), cert: readFileSync(certFile, "utf8") }, port: 443 });
google.oauth.client.redirectUris = [redirectUri];
const mailbox = google.addMailbox("anna@sales.example");
const stage = { google, app: { clientId: google.oauth.client.id, clientSecret: google.oauth.client.secret } };
setUpPubSub(stage);
const { app } = stage;

const page = await fetch(gmail.authorize?.url(app, { state: "s", codeChallenge, redirectUri, loginHint: null }) ?? "", {
  redirect: "manual",
});
const code = new URL(page.headers.get("location") ?? "").searchParams.get("code") ?? "";
const { secrets, address } = (await gmail.authorize?.exchange({ code, codeVerifier, redirectUri }, testTools({ app }))) ?? {
  secrets: null,
  address: "",
};

const tools = testTools({ app, secrets });
const inbox = { id: "inb_1", address, settings: {}, since: 0 };
mailbox.put(letter("sent"), ["SENT"]);
const { addresses } = await gmail.signIn(inbox, tools);
const session = await gmail.open(inbox, tools);
const first = await collect(session.pull(null));
const { id, raw } = mailbox.put(letter("new"));
google.oauth.endAccess();
const second = await collect(session.pull(lastCursor(first)));
const bytes = await session.fetchRaw(id, { maxBytes: 10_000 });
await gmail.push?.renew(inbox, tools, { url: null, held: [] });
const stopping = new AbortController();
const told: string[] = [];
await gmail.push?.listen?.(app, { ...tools, signal: stopping.signal }, async ({ watchId }) => {
  told.push(watchId);
  // After the acknowledgement.
  setTimeout(() => stopping.abort(), 500);
});
await gmail.push?.stop(inbox, tools, []);
await gmail.authorize?.revoke(tools);
const after = await gmail.signIn(inbox, tools).catch((error: { kind: string }) => error.kind);
await google.stop();

const asked = [...new Set(google.asked.map(({ method, headers }) => `${headers.host} ${method}`))];
console.log(
  JSON.stringify({
    address,
    addresses,
    ids: [...idsOf(first), ...idsOf(second)],
    exact: bytes !== "gone" && raw.equals(bytes),
    told,
    backlog: google.pubsub.backlog,
    after,
    asked,
  }),
);
process.exit(0);
