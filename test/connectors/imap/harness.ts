import { rmSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import type { FolderName, Harness, NotApplicable, TestMailbox } from "../../contracts/connector.ts";
import { grantError } from "../../fakes/google/answer.ts";
import { type Command, type FakeImap, newFolder, startFakeImap } from "../../fakes/imap-server.ts";
import { type Grant, signInProblem } from "../../fakes/microsoft/sign-in-service.ts";
import { startFakeMicrosoft } from "../../fakes/microsoft/start-fake-microsoft.ts";
import { storedCache } from "../../fakes/microsoft/stored-cache.ts";
import { testCertificate } from "../../fakes/test-certificate.ts";
import { trust, trustedCertificate } from "../../fakes/trusted-certificate.ts";
import { type OtherServer, type RunningServer, sharedImapServer, takeUser } from "../../setup/imap-servers.ts";
import { type MailServer, sharedMailServer } from "../../setup/mail-server.ts";
import { makeMailbox, type RealServer } from "./mailbox.ts";
import { dialTo, openGmailImap } from "./open-gmail-imap.ts";

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
    removeExtraFolder: () => void server.folders.delete("Bounces"),
    makeExtraFolder: () => void server.folders.set("Bounces", { ...newFolder(), uidValidity: 77 }),
    refuseSecrets: () => {
      server.script = ({ tag, name }) => (name === "LOGIN" ? [`${tag} NO [AUTHENTICATIONFAILED] Authentication failed.`] : null);
    },
    ...playing(server),
  };
};

/** What the small server does on request, whoever's it plays. */
const playing = (server: FakeImap) =>
  ({
    async remove(messageId) {
      for (const folder of server.folders.values()) folder.messages = folder.messages.filter(({ raw }) => !raw.includes(messageId));
    },
    snapshot: async () => everything(server),
    expireCursor: () => renumber(server),
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
  }) satisfies Partial<TestMailbox>;

const labels: { readonly [name in FolderName]: readonly string[] } = {
  sent: ["\\Sent"],
  inbox: ["\\Inbox"],
  junk: ["\\Spam"],
  extra: ["Bounces"],
};

const openGmail = async (): Promise<TestMailbox> => {
  const stage = await openGmailImap();
  const { google, server } = stage;
  const trouble = playing(server);
  return {
    ...trouble,
    inbox: stage.inbox,
    secrets: stage.secrets,
    app: stage.app,
    dial: stage.dial,
    secretWords: [stage.secrets.refreshToken, google.oauth.client.secret, "ya29."],
    put: async (folder, raw) => void server.file(raw, labels[folder], new Date(Date.now() - 1000)),
    removeExtraFolder: { notApplicable: "a label that goes away takes no message with it: all mail is looked at" },
    makeExtraFolder: { notApplicable: "it is not taken away" },
    refuseSecrets: () => {
      google.oauth.endAccess();
      google.script = ({ method }) => (method === "token" ? grantError("invalid_grant", "Token has been expired or revoked.") : null);
    },
    recover: () => {
      trouble.recover();
      google.script = () => null;
    },
    close: stage.close,
  };
};

const notByRequest: NotApplicable = { notApplicable: "a real server cannot be told to; the small server of our own plays it" };

/** A mailbox on a real server. `below`: what its folders' names begin with; `made`: those that are there from the beginning. */
const openReal = async (server: RealServer, below = "", made: readonly FolderName[] = ["sent", "inbox", "junk"]): Promise<TestMailbox> => {
  // Who made no folder for sent mail tells of none: then a person has chosen it.
  const pathOf = (folder: FolderName): string => (folder === "inbox" ? "INBOX" : below + paths[folder]);
  const box = await makeMailbox(server, { extraFolders: [pathOf("extra")], ...(!made.includes("sent") && { sentFolder: pathOf("sent") }) });
  for (const folder of ["sent", "junk", "extra"] as const) if (!made.includes(folder)) await box.owner.mailboxCreate(pathOf(folder));
  return {
    inbox: box.inbox,
    secrets: box.secrets,
    secretWords: ["not the password"],
    put: async (folder, raw) => void (await box.append(pathOf(folder), raw, new Date(Date.now() - 1000))),
    async remove(messageId) {
      for (const folder of Object.keys(paths) as FolderName[]) {
        const path = pathOf(folder);
        await box.owner.mailboxOpen(path);
        const uids = await box.owner.search({ header: { "message-id": messageId } }, { uid: true });
        if (uids && uids.length > 0) await box.owner.messageDelete(uids, { uid: true });
      }
      await box.owner.mailboxClose();
    },
    snapshot: box.snapshot,
    keepsOpenFolder: true,
    removeExtraFolder: async () => void (await box.owner.mailboxDelete(pathOf("extra"))),
    makeExtraFolder: async () => void (await box.owner.mailboxCreate(pathOf("extra"))),
    expireCursor: { notApplicable: "no real server renumbers its inbox on request; pull.test.ts has a folder made anew" },
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

/** Microsoft's sign-in in front of Dovecot, which asks about each token it is shown. */
const openWithMicrosoft = async (server: MailServer): Promise<TestMailbox> => {
  const fake = await startFakeMicrosoft({ tls: trustedCertificate() });
  trust(server.imap.ca);
  const box = await openReal(server);
  const { address } = box.inbox;
  const isGood = ({ scopes }: Grant): boolean => scopes.includes("IMAP.AccessAsUser.All");
  const files: string[] = [];
  fake.signIn.issued = (token, grant) => {
    files.push(join(server.tokens, token));
    if (isGood(grant)) writeFileSync(join(server.tokens, token), grant.address);
  };
  const { accessToken, refreshToken } = fake.signIn.signedIn(address, ["IMAP.AccessAsUser.All"]);
  const endTokens = (): void => {
    for (const file of files) rmSync(file, { force: true });
  };
  return {
    ...box,
    inbox: { ...box.inbox, settings: { extraFolders: ["Bounces"] } },
    secrets: { cache: storedCache(fake, address, refreshToken), accessToken, expiresAt: Date.now() + 3_600_000 },
    app: { ...fake.signIn.app, tenant: "organizations", signInUrl: fake.url },
    dial: dialTo("outlook.office365.com", server.imap.port),
    secretWords: [accessToken, fake.signIn.app.clientSecret, "rt."],
    refuseSecrets: () => {
      endTokens();
      fake.script = ({ kind }) =>
        kind === "token" ? signInProblem(400, "invalid_grant", 50173, "The provided grant has expired.", { suberror: "bad_token" }) : null;
    },
    recover: () => {
      fake.script = () => null;
    },
    close: async () => {
      endTokens();
      await box.close();
      await fake.stop();
    },
  };
};

/** Real servers, by what they are like. */
const others: readonly { name: OtherServer; exactBytes: Harness["exactBytes"]; open: (server: RealServer) => Promise<TestMailbox> }[] = [
  { name: "Cyrus", exactBytes: true, open: (server) => openReal(server, "INBOX.") },
  { name: "Courier", exactBytes: true, open: (server) => openReal(server, "INBOX.", ["inbox"]) },
  {
    name: "GNU mailutils",
    exactBytes: { notApplicable: "it keeps mail in mbox files, writes X-UID and X-IMAPbase into the header and takes spaces out of it" },
    open: (server) => openReal(server, "", ["inbox"]),
  },
];

const otherHarness = async ({ name, exactBytes, open }: (typeof others)[number]): Promise<Harness> => {
  const server = await sharedImapServer(name);
  const skipped = "skipped" in server ? server.skipped : null;
  return {
    name,
    skipped,
    exactBytes,
    open: () => open({ ...(server as RunningServer), username: takeUser(server as RunningServer) }),
  };
};

/** IMAP is played by a small server that misbehaves on request, and by real ones. */
export const imapHarnesses = async (): Promise<readonly Harness[]> => {
  const real = await sharedMailServer();
  return [
    { name: "a small server of our own", skipped: null, exactBytes: true, open: openFake },
    {
      name: "Dovecot",
      skipped: "skipped" in real ? real.skipped : null,
      exactBytes: true,
      open: () => openReal(real as MailServer),
    },
    ...(await Promise.all(others.map(otherHarness))),
  ];
};

/** Gmail by IMAP is played by the small server: no other one has X-GM-EXT-1. */
export const gmailImapHarnesses: readonly Harness[] = [
  { name: "a stand-in for Gmail's IMAP server", skipped: null, exactBytes: true, open: openGmail },
];

export const office365ImapHarnesses = async (): Promise<readonly Harness[]> => {
  const real = await sharedMailServer();
  return [
    {
      name: "Dovecot, which asks whether a token is good",
      skipped: "skipped" in real ? real.skipped : null,
      exactBytes: true,
      open: () => openWithMicrosoft(real as MailServer),
    },
  ];
};
