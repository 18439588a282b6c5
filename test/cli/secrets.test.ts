/** Where secrets must never be: the log at its loudest, answers, and the files of the store. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { loadConfig } from "../../src/cli/config.ts";
import { openHouse } from "../../src/cli/house.ts";
import { createLog } from "../../src/cli/log.ts";
import { runDaemon } from "../../src/cli/run-daemon.ts";
import { upsertAccount } from "../../src/store/accounts.ts";
import { createApiKey } from "../../src/store/api-keys.ts";
import { createSignInLink } from "../../src/store/sign-in.ts";
import { type MailServer, sharedMailServer } from "../setup/mail-server.ts";
import { temporaryDirectory } from "../store/engines.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}, 60_000);

const server = await sharedMailServer();

describe.skipIf("skipped" in server)("a daemon that is given secrets", () => {
  it("keeps them out of its log, its answers and its files, whatever goes wrong with them", async () => {
    const { imap, password: rightPassword } = server as MailServer;
    const folder = temporaryDirectory();
    const env = {
      BOUNCELINE_DATA_DIR: `${folder}/data`,
      BOUNCELINE_PORT: "0",
      BOUNCELINE_ALLOWED_HOSTS: "127.0.0.1,::1",
      BOUNCELINE_WEBHOOK_HOSTS: "127.0.0.1",
    };
    const written: string[] = [];
    const log = createLog("debug", { write: (text) => written.push(text) });
    const house = await openHouse(loadConfig(env, folder), { log });
    cleanups.push(() => house.close());
    const daemon = await runDaemon(house);
    cleanups.push(() => daemon.stop());
    const { key, signIn } = await house.database.transaction(async (tx) => {
      const account = await upsertAccount(tx, { name: "Acme", logFor: "all" }, Date.now());
      const made = await createApiKey(tx, account.id, { scope: "write", label: "test" }, Date.now());
      return { key: made.key, signIn: await createSignInLink(tx, account.id, Date.now()) };
    });
    const answers: string[] = [];
    const send = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
      const answer = await fetch(`${daemon.url}${path}`, {
        method: "POST",
        body: typeof body === "string" ? body : JSON.stringify(body),
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
      });
      const text = await answer.text();
      answers.push(text);
      return { status: answer.status, text };
    };
    const wrongPassword = "Tr0ub4dor-wrong-horse";
    const inbox = (secrets: object, more: object = {}) => ({
      provider: "imap",
      address: "anna.secrets@sales.example",
      settings: { host: imap.host, port: imap.port, username: "anna.secrets@sales.example", pinnedCertificate: imap.pinnedCertificate },
      secrets,
      ...more,
    });
    expect((await send("/v1/inboxes", inbox({ password: wrongPassword }))).status).toBe(422);
    expect((await send("/v1/inboxes", inbox({ password: wrongPassword, pasword: wrongPassword }))).status).toBe(422);
    expect((await send("/v1/inboxes", inbox({ password: [wrongPassword] }))).status).toBe(422);
    expect((await send("/v1/inboxes", `{"secrets":{"password":"${wrongPassword}"`)).status).toBe(422);
    expect((await send("/v1/inboxes", inbox({ password: wrongPassword }, { provider: "gmail" }))).status).toBeGreaterThanOrEqual(400);
    expect(await send("/v1/inboxes", inbox({ password: rightPassword }))).toMatchObject({ status: 201 });
    const webhook = await send("/v1/webhooks", { url: "http://127.0.0.1:9/hook?token=query-token-4711" });
    const webhookSecret = JSON.parse(answers.pop() ?? "{}").secret as string;
    expect(webhook.status).toBe(201);
    expect(webhookSecret).toMatch(/^whsec_/);
    // Sent to a key that is not one, and with the secret where it does not belong.
    expect((await send("/v1/contacts", {}, { authorization: `Bearer ${key}x` })).status).toBe(401);
    expect((await fetch(`${daemon.url}/v1/inboxes?key=${key}`)).status).toBe(401);
    expect((await fetch(`${daemon.url}/?signin=${signIn}`, { redirect: "manual" })).status).toBe(303);
    await expect.poll(() => written.some((line) => line.includes("a turn ended")), { timeout: 20_000 }).toBe(true);

    // The receiver that is not there is called, and refused, meanwhile.
    await expect.poll(() => written.some((line) => line.includes("did not accept an event")), { timeout: 20_000 }).toBe(true);

    const masterKey = JSON.parse(readFileSync(`${folder}/data.key`, "utf8")).keys[0].secret as string;
    const secrets = { key, signIn, wrongPassword, webhookSecret, bare: webhookSecret.replace("whsec_", ""), masterKey };
    const files = readdirSync(`${folder}/data`).map((name) => readFileSync(join(folder, "data", name), "latin1"));
    for (const [name, secret] of Object.entries(secrets)) {
      expect(written.join("").includes(secret), `${name} in the log`).toBe(false);
      expect(answers.join("").includes(secret), `${name} in an answer`).toBe(false);
      expect(
        files.some((bytes) => bytes.includes(secret)),
        `${name} in the files`,
      ).toBe(false);
    }
    // An endpoint's address is kept as it is, because it is what is called; what is logged of it holds no query.
    expect(written.join("")).not.toContain("query-token-4711");
  }, 60_000);
});

describe("the log", () => {
  it("hides what stands under the name of a secret, however deep it is given", () => {
    const written: string[] = [];
    const log = createLog("debug", { write: (text) => written.push(text) });
    log.info({ password: "one", inbox: { secrets: { refreshToken: "two" }, settings: { password: "three" } } }, "connected");
    log.error({ err: Object.assign(new Error("refused"), { config: { headers: { authorization: "Bearer four" } } }) }, "failed");
    log.error(
      { err: new Error("outer", { cause: Object.assign(new Error("inner"), { code: "E_AUTH", response: { token: "six" } }) }) },
      "failed",
    );
    log.warn({ request: { cookie: "five", url: "/timeline" } }, "odd");
    const text = written.join("");
    for (const secret of ["one", "two", "three", "four", "five", "six"]) expect(text).not.toContain(`"${secret}"`);
    expect(text).not.toContain("Bearer four");
    for (const told of ["/timeline", "refused", "inner", "E_AUTH"]) expect(text).toContain(told);
  });
});
