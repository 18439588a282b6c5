import type { Socket } from "node:net";
import type { FolderName, Harness, NotApplicable, TestMailbox } from "../../contracts/connector.ts";
import { type Command, type FakeImap, newFolder, startFakeImap } from "../../fakes/imap-server.ts";
import { testCertificate } from "../../fakes/test-certificate.ts";
import { type MailServer, sharedMailServer } from "../../setup/mail-server.ts";
import { makeMailbox } from "./mailbox.ts";

const paths: { readonly [name in FolderName]: string } = { sent: "Sent", inbox: "INBOX", junk: "Junk", extra: "Bounces" };

const everything = (server: FakeImap): string =>
  JSON.stringify(
    [...server.folders].map(([path, folder]) => [
      path,
      { ...folder, messages: folder.messages.map(({ uid, flags, raw }) => [uid, flags, raw.length]) },
    ]),
  );

const onFetch =
  (act: (command: Command, socket: Socket) => readonly string[] | "handled"): FakeImap["script"] =>
  (command, socket) =>
    command.name === "UID FETCH" ? act(command, socket) : null;

const renumber = (server: FakeImap): void => {
  for (const folder of server.folders.values()) {
    folder.uidValidity = (folder.uidValidity ?? 0) + 1;
    for (const message of folder.messages) message.uid += 1000;
    folder.uidNext += 1000;
  }
};

const openFake = async (): Promise<TestMailbox> => {
  const certificate = testCertificate();
  const server = await startFakeImap({ tls: certificate });
  server.password = "hunter2-and-more";
  server.folders.set("Bounces", newFolder());
  const settings = {
    host: "localhost",
    port: server.port,
    username: "anna@sales.example",
    pinnedCertificate: certificate.cert,
    extraFolders: ["Bounces"],
  };
  return {
    inbox: { id: "inb_1", address: "anna@sales.example", settings, since: 0 },
    secrets: { password: server.password },
    secretWords: [server.password],
    async put(folder, raw) {
      server.put(paths[folder], raw, new Date(Date.now() - 1000));
    },
    async remove(messageId) {
      for (const folder of server.folders.values()) folder.messages = folder.messages.filter(({ raw }) => !raw.includes(messageId));
    },
    snapshot: async () => everything(server),
    removeExtraFolder: () => void server.folders.delete("Bounces"),
    expireCursor: () => renumber(server),
    refuseSecrets: () => {
      server.script = ({ tag, name }) => (name === "LOGIN" ? [`${tag} NO [AUTHENTICATIONFAILED] Authentication failed.`] : null);
    },
    askToWait: {
      seconds: 900,
      begin: () => {
        server.script = onFetch(({ tag }) => [`${tag} NO [LIMIT] Too many commands, try again in 15 minutes`]);
      },
    },
    fail: () => {
      server.script = onFetch(({ tag }) => [`${tag} NO [SERVERBUG] Internal error occurred`]);
    },
    resetConnections: () => {
      server.script = onFetch((_command, socket) => {
        socket.destroy();
        return "handled";
      });
    },
    hang: () => {
      server.script = onFetch(() => "handled");
    },
    recover: () => {
      server.script = () => null;
    },
    close: () => server.stop(),
  };
};

const notByRequest: NotApplicable = { notApplicable: "a real Dovecot cannot be told to; the small server of our own plays it" };

const openDovecot = async (server: MailServer): Promise<TestMailbox> => {
  const box = await makeMailbox(server, { extraFolders: ["Bounces"] });
  await box.owner.mailboxCreate("Bounces");
  return {
    inbox: box.inbox,
    secrets: box.secrets,
    secretWords: ["not the password"],
    put: async (folder, raw) => void (await box.append(paths[folder], raw, new Date(Date.now() - 1000))),
    async remove(messageId) {
      for (const path of Object.values(paths)) {
        await box.owner.mailboxOpen(path);
        const uids = await box.owner.search({ header: { "message-id": messageId } }, { uid: true });
        if (uids && uids.length > 0) await box.owner.messageDelete(uids, { uid: true });
      }
      await box.owner.mailboxClose();
    },
    snapshot: box.snapshot,
    removeExtraFolder: async () => void (await box.owner.mailboxDelete("Bounces")),
    expireCursor: { notApplicable: "a real Dovecot renumbers no inbox; pull.test.ts has a folder made anew" },
    refuseSecrets: () => {
      box.secrets.password = "not the password";
    },
    askToWait: { seconds: 0, begin: notByRequest },
    fail: notByRequest,
    resetConnections: notByRequest,
    hang: notByRequest,
    recover: () => {
      box.secrets.password = server.password;
    },
    close: box.close,
  };
};

/** IMAP is played twice: by a small server that misbehaves on request, and by a real one. */
export const imapHarnesses = async (): Promise<readonly Harness[]> => {
  const real = await sharedMailServer();
  return [
    { name: "a small server of our own", skipped: null, exactBytes: true, open: openFake },
    {
      name: "Dovecot",
      skipped: "skipped" in real ? real.skipped : null,
      exactBytes: true,
      open: () => openDovecot(real as MailServer),
    },
  ];
};
