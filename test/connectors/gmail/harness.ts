import type { FolderName, Harness, NotApplicable, TestMailbox } from "../../contracts/connector.ts";
import { failure } from "../../fakes/google/answer.ts";
import type { Mailbox } from "../../fakes/google/mailbox.ts";
import type { Script } from "../../fakes/google/start-google.ts";
import { allowServiceAccount, appOf, type GmailStage, openGmail } from "./open-gmail.ts";

const labels: { readonly [name in FolderName]: string[] } = {
  sent: ["SENT"],
  inbox: ["INBOX", "UNREAD"],
  junk: ["SPAM"],
  extra: ["Label_7"],
};

const noFolders: NotApplicable = { notApplicable: "labels are no folders: all mail is looked at, whatever its labels" };

const everything = ({ messages, historyId }: Mailbox): string =>
  JSON.stringify([String(historyId), [...messages.values()].map(({ id, labels: own, raw }) => [id, [...own], raw.length])]);

const onGet =
  (what: ReturnType<Script>): Script =>
  ({ method }) =>
    method === "gmail.users.messages.get" ? what : null;

const asTestMailbox = (
  { google, mailbox, inbox }: GmailStage,
  access: Pick<TestMailbox, "secrets" | "app" | "secretWords">,
): TestMailbox => {
  // The contract reads a mailbox many times within a minute; quota.test.ts has the real limits.
  google.quota.perUserPerMinute = 1_000_000;
  const meet = (script: Script) => () => {
    google.script = script;
  };
  return {
    inbox,
    ...access,
    put: async (folder, raw) => void mailbox.put(raw, labels[folder], Date.now() - 1000),
    async remove(messageId) {
      for (const { id, raw } of [...mailbox.messages.values()]) if (raw.includes(messageId)) mailbox.remove(id);
    },
    snapshot: async () => everything(mailbox),
    removeExtraFolder: noFolders,
    makeExtraFolder: noFolders,
    expireCursor: () => mailbox.forgetChanges(),
    refuseSecrets: meet(({ method }) => (method === "token" ? { status: 400, body: { error: "invalid_grant" } } : null)),
    askToWait: {
      seconds: 900,
      begin: meet(onGet(failure(429, "rateLimitExceeded", "Too many concurrent requests for user", { "retry-after": "900" }))),
    },
    fail: meet(onGet(failure(503, "backendError", "The service is currently unavailable."))),
    resetConnections: meet(onGet("reset")),
    hang: meet(onGet("hang")),
    recover: () => {
      google.script = () => null;
    },
    close: () => google.stop(),
  };
};

/** The first sync of everything: the contract's letters look like no notices. first-sync.test.ts has the usual one. */
const openConsented = async (): Promise<TestMailbox> => {
  const stage = await openGmail({ firstSync: "everything" });
  const secretWords = [stage.secrets.refreshToken, stage.google.oauth.client.secret, "ya29."];
  return asTestMailbox(stage, { secrets: stage.secrets, app: stage.app, secretWords });
};

const openDelegated = async (): Promise<TestMailbox> => {
  const stage = await openGmail({ firstSync: "everything" });
  const key = allowServiceAccount(stage.google);
  const secretWords = [key.private_key.slice(100, 160), "ya29."];
  return asTestMailbox(stage, { secrets: {}, app: appOf(stage.google, key), secretWords });
};

export const gmailHarnesses: readonly Harness[] = [
  { name: "a stand-in for Google, with a person's consent", skipped: null, exactBytes: true, open: openConsented },
];

export const gmailDomainHarnesses: readonly Harness[] = [
  { name: "a stand-in for Google, by domain-wide delegation", skipped: null, exactBytes: true, open: openDelegated },
];
