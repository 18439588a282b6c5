/**
 * Runs the connector as it is in production, with no override at all, from the sign-in page to disconnecting, and prints what it
 * saw as JSON. real-hosts.test.ts starts it in a network of its own, where Microsoft's names lead to the stand-in on port 443.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { office365 } from "../../../connectors/office365/connector.ts";
import { startFakeMicrosoft } from "../../fakes/microsoft/start-fake-microsoft.ts";
import { idsOf, lastCursor, letter } from "../letters.ts";
import { collect, testTools } from "../test-tools.ts";
import { address } from "./open-office365.ts";

const [keyFile = "", certFile = ""] = process.argv.slice(2);
const redirectUri = "https://bounceline.example/oauth/callback";
const codeVerifier = "a-verifier-of-the-length-that-rfc-7636-asks-for-0123456789";
const codeChallenge = createHash("sha256").update(codeVerifier).digest("base64url");

const tls = { key: readFileSync(keyFile, "utf8"), cert: readFileSync(certFile, "utf8"), ca: "" };
const fake = await startFakeMicrosoft({ tls, port: 443, publicUrl: "https://graph.microsoft.com" });
fake.signIn.person = { address, grant: ["Mail.Read", "User.Read"] };
const box = fake.addMailbox(address);
const put = (folder: string, name: string): void => {
  box.put(folder, Buffer.from(letter(name)), { receivedAt: fake.now() });
  fake.tick();
};
const app = { ...fake.signIn.app };

const pageUrl = office365.authorize?.url(app, { state: "s", codeChallenge, redirectUri, loginHint: null }) ?? "";
const page = await fetch(pageUrl, { redirect: "manual" });
const code = new URL(page.headers.get("location") ?? "").searchParams.get("code") ?? "";
const signedIn = await office365.authorize?.exchange({ code, codeVerifier, redirectUri }, testTools({ app }));

const tools = testTools({ app, secrets: signedIn?.secrets ?? null });
const inbox = { id: "inb_1", address, settings: {}, since: 0 };
put("sentitems", "sent");
const { addresses } = await office365.signIn(inbox, tools);
const session = await office365.open(inbox, tools);
const first = await collect(session.pull(null));
put("inbox", "new");
fake.signIn.expireAccessTokens();
const second = await collect(session.pull(lastCursor(first)));
const bytes = await session.fetchRaw(second[0]?.messages[0]?.ref ?? "", { maxBytes: 10_000 });
const probe = await office365.probe(inbox, tools);
await office365.authorize?.revoke(tools);
const after = await office365.signIn(inbox, tools).catch((error: { kind: string }) => error.kind);
await fake.stop();

const asked = [...new Set(fake.seen.map(({ host, kind }) => `${host} ${kind}`))].sort();
const ids = [...idsOf(first), ...idsOf(second)];
const fails = probe.filter(({ holds }) => holds === false).map(({ assumption }) => assumption);
console.log(
  JSON.stringify({ address: signedIn?.address, addresses, ids, read: bytes !== "gone", fails, after, asked, violations: fake.violations }),
);
process.exit(0);
