import { expect, it } from "vitest";
import { z } from "zod";
import { signInByLoopback } from "../../src/cli/sign-in-by-loopback.ts";
import { type Authorize, ConnectorError } from "../../src/ports/connector.ts";
import { upsertAccount } from "../../src/store/accounts.ts";
import { testTools } from "../connectors/test-tools.ts";
import { memoryConnector } from "../fakes/memory-connector.ts";
import { newKeys, openNew } from "../store/engines.ts";
import { now } from "../sync/world.ts";

const provider: Authorize = {
  app: z.object({}),
  url: (_app, { state, redirectUri }) => `${redirectUri}?${new URLSearchParams({ state })}`,
  exchange: async ({ code }) => ({ secrets: {}, address: code }),
  refusal: (error) => new ConnectorError("auth", `refused: ${error}`, { outcome: "denied" }),
  revoke: async () => {},
};

const signIn = async (comeBack: (url: string) => Promise<unknown>) => {
  const keys = newKeys();
  const database = await openNew("sqlite", { keys });
  const account = await database.transaction((tx) => upsertAccount(tx, { name: "Sales" }, now));
  const connector = memoryConnector({ messages: [] }, provider);
  const deps = { database, keys, loadConnector: async () => connector, tools: () => testTools({ app: {} }), now: () => now };
  const wish = { provider: "memory", expectedAddress: "anna@sales.example", since: 0 };
  return signInByLoopback(deps, account.id, wish, { port: 0, tell: (url) => void comeBack(url) });
};

it("a person signs in from the command line, and the inbox is connected", async () => {
  const ended = await signIn(async (url) => {
    expect((await fetch(new URL("/favicon.ico", url))).status).toBe(404);
    expect(await (await fetch(`${url}&code=anna@sales.example`)).text()).toContain("Go back to the terminal");
  });
  expect(ended).toMatchObject({ result: "connected", inbox: { address: "anna@sales.example" } });
});

it("who signs in to another mailbox, or says no, is told", async () => {
  expect(await signIn((url) => fetch(`${url}&code=eva@sales.example`))).toMatchObject({ result: "wrong_address" });
  expect(await signIn((url) => fetch(`${url}&error=access_denied`))).toMatchObject({ result: "denied", because: "refused: access_denied" });
});

it("an answer to another sign-in connects nothing", async () => {
  await expect(signIn((url) => fetch(`${url.replace(/state=.*/, "state=guess")}&code=anna@sales.example`))).rejects.toThrow(
    "another sign-in",
  );
});
