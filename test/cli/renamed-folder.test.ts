/** A person renames a folder that is watched, on a real Dovecot: it is listed again, and nothing of it is told or stored twice. */
import pino from "pino";
import { describe, expect, it } from "vitest";
import { imap } from "../../connectors/imap/connector.ts";
import { loadConfig } from "../../src/cli/config.ts";
import { openHouse } from "../../src/cli/house.ts";
import { syncDeps } from "../../src/cli/sync-deps.ts";
import { upsertAccount } from "../../src/store/accounts.ts";
import { getInbox } from "../../src/store/inboxes.ts";
import { pollNow } from "../../src/store/turns.ts";
import { changeSettings } from "../../src/sync/change-settings.ts";
import { connectInbox } from "../../src/sync/connect-inbox.ts";
import { syncInbox } from "../../src/sync/sync-inbox.ts";
import { makeMailbox } from "../connectors/imap/mailbox.ts";
import { makeNotice, makeSent } from "../fixtures/make-mail.ts";
import { type MailServer, sharedMailServer } from "../setup/mail-server.ts";
import { afterThis, temporaryDirectory } from "../store/engines.ts";

const server = await sharedMailServer();

const start = async () => {
  const box = await makeMailbox(server as MailServer, { extraFolders: ["Bounces"] });
  afterThis(() => box.close());
  await box.owner.mailboxCreate("Bounces");
  const folder = temporaryDirectory();
  const env = { BOUNCELINE_DATA_DIR: `${folder}/data`, BOUNCELINE_ALLOWED_HOSTS: "127.0.0.1,::1,localhost" };
  const house = await openHouse(loadConfig(env, folder), { log: pino({ level: "silent" }) });
  afterThis(() => house.close());
  const { database } = house;
  const account = await database.transaction((tx) => upsertAccount(tx, { name: "Rename", logFor: "all" }, Date.now()));
  const { id } = await connectInbox(house.connecting, account.id, {
    provider: "imap",
    address: box.address,
    settings: { ...(box.inbox.settings as object), security: "tls" },
    secrets: box.secrets,
    since: Date.now() - 86_400_000,
  });
  const poll = async (): Promise<void> => {
    await database.transaction((tx) => pollNow(tx, account.id, id, Date.now()));
    await syncInbox(syncDeps(house), { accountId: account.id, inboxId: id }, new AbortController().signal);
  };
  const deliver = async (n: number, sent: string, notices: string): Promise<void> => {
    await box.append(sent, makeSent(n, new Date()).replace("anna@sales.example", box.address));
    await box.append(notices, makeNotice(n, new Date()).replace("To: anna@sales.example", `To: ${box.address}`));
  };
  const stored = async () => ({
    sent: (await database.read.selectFrom("sent_messages").select("message_id").execute()).length,
    engagements: (await database.read.selectFrom("engagements").select(["recipient_address", "version"]).execute()).sort((a, b) =>
      a.recipient_address < b.recipient_address ? -1 : 1,
    ),
    events: (await database.read.selectFrom("events").select("type").where("type", "like", "engagement.%").execute()).length,
  });
  const readIn = async (folder: string): Promise<number> =>
    (await database.read.selectFrom("seen_messages").select("ref").where("folder", "=", folder).execute()).length;
  const nameFolders = async (change: { sentFolder: string; extraFolders: string[] }): Promise<void> => {
    const inbox = await getInbox(database.read, account.id, id);
    if (!inbox) throw new Error("the inbox is gone");
    await changeSettings(house.connecting, inbox, imap, change, () => true);
  };
  const warnings = async () => (await getInbox(database.read, account.id, id))?.warnings;
  return { box, poll, deliver, stored, readIn, nameFolders, warnings };
};

describe.skipIf("skipped" in server)("a folder that is renamed", () => {
  it("is found under its new name, and nothing is told twice", async () => {
    const { box, poll, deliver, stored, readIn, nameFolders, warnings } = await start();
    for (const n of [1, 2, 3]) await deliver(n, "Sent", n === 3 ? "Bounces" : "INBOX");
    await poll();
    const before = await stored();
    expect(before).toMatchObject({
      sent: 3,
      engagements: [1, 2, 3].map((n) => ({ recipient_address: `u${n}@customer.example`, version: 1 })),
    });

    // Dovecot makes a new Sent at once, and says that it is the one; the old letters lie where nobody looks.
    await box.owner.mailboxRename("Sent", "Letters");
    await poll();
    expect(await stored()).toEqual(before);

    await box.owner.mailboxRename("Bounces", "Returned");
    await poll();
    expect(await warnings()).toContainEqual(expect.objectContaining({ code: "folder_missing", folder: "Bounces" }));
    await nameFolders({ sentFolder: "Letters", extraFolders: ["Returned"] });
    await poll();
    expect(await warnings()).toEqual([]);
    expect(await readIn("Returned")).toBe(1);
    expect(await readIn("Letters")).toBe(3);
    expect(await stored()).toEqual(before);

    await deliver(4, "Letters", "Returned");
    await poll();
    expect(await stored()).toMatchObject({ sent: 4, engagements: { length: 4 }, events: before.events + 1 });
  });
});
