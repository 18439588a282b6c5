import { expect, it } from "vitest";
import { upsertAccount } from "../../src/store/accounts.ts";
import { changeState, listInboxes } from "../../src/store/inboxes.ts";
import { type ConnectDeps, ConnectedAlready, connectInbox } from "../../src/sync/connect-inbox.ts";
import { testTools } from "../connectors/test-tools.ts";
import { memoryConnector } from "../fakes/memory-connector.ts";
import { newKeys, onBothEngines, openNew } from "../store/engines.ts";
import { now } from "./world.ts";

onBothEngines("connecting a mailbox", (engine) => {
  const start = async () => {
    const database = await openNew(engine);
    const connector = memoryConnector({ messages: [] });
    const deps: ConnectDeps = {
      database,
      keys: newKeys(),
      loadConnector: async () => connector,
      tools: (_provider, credentials) => testTools({ credentials }),
      now: () => now,
    };
    const [account, other] = await database.transaction(async (tx) => [
      await upsertAccount(tx, { name: "Acme" }, now),
      await upsertAccount(tx, { name: "Other" }, now),
    ]);
    const connect = (accountId: string, address: string) =>
      connectInbox(deps, accountId, { provider: "memory", address, settings: {}, secrets: {}, since: 0 });
    const inboxes = async () => (await listInboxes(database.read, account?.id ?? "")).data;
    return { database, account: account?.id ?? "", other: other?.id ?? "", connect, inboxes };
  };

  it("that is read already is refused, however its address is written, also by who comes at the same moment", async () => {
    const { account, other, connect, inboxes } = await start();
    const all = await Promise.allSettled(
      Array.from({ length: 5 }, (_, i) => connect(account, i % 2 ? "anna@sales.example" : "Anna@Sales.example")),
    );
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const [inbox] = await inboxes();
    for (const one of all) if (one.status === "rejected") expect(one.reason).toMatchObject({ inbox: { id: inbox?.id } });
    expect(await inboxes()).toHaveLength(1);
    await expect(connect(account, "anna@sales.example")).rejects.toThrow(ConnectedAlready);
    expect(await connect(other, "anna@sales.example")).toMatchObject({ accountId: other });
  });

  it("that was disconnected can be connected again", async () => {
    const { database, account, connect, inboxes } = await start();
    const { id } = await connect(account, "anna@sales.example");
    await database.transaction((tx) => changeState(tx, account, id, { state: "disconnected", nextPollAt: null }, now));
    expect((await connect(account, "anna@sales.example")).id).not.toBe(id);
    expect(await inboxes()).toHaveLength(2);
  });
});
