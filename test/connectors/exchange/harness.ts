import type { FolderName, Harness, TestMailbox } from "../../contracts/connector.ts";
import type { Misbehaviour } from "../../fakes/exchange/start-fake-exchange.ts";
import { openExchange } from "./open-exchange.ts";

const folders: { readonly [name in FolderName]: string } = { sent: "sentitems", inbox: "inbox", junk: "junkemail", extra: "Bounces" };

const openAs = async (scheme: "Basic" | "NTLM"): Promise<TestMailbox> => {
  const { fake, box, inbox, secrets, put, close } = await openExchange();
  fake.schemes = ["Negotiate", scheme];
  fake.extendedProtection = true;
  const { password } = fake.account;
  const always = (answer: Misbehaviour): void => {
    fake.script = () => answer;
  };
  return {
    inbox,
    secrets,
    secretWords: [password, Buffer.from(`SALES\\anna:${password}`).toString("base64")],
    put: (folder, raw) => put(folders[folder], raw),
    remove: async (messageId) => box.remove(box.find(messageId)),
    snapshot: async () =>
      JSON.stringify([box.folders, box.items.map(({ id, folderId, isRead }) => [id, folderId, isRead]), box.changes.length]),
    removeExtraFolder: () => box.removeFolder("Bounces"),
    makeExtraFolder: () => void box.addFolder("Bounces"),
    expireCursor: () => void box.generation++,
    refuseSecrets: () => {
      fake.account.password = "changed meanwhile";
    },
    askToWait: {
      seconds: 900,
      begin: () =>
        always({
          refusal: { code: "ErrorServerBusy", text: "The server cannot service this request right now.", backOffMilliseconds: 900_000 },
        }),
    },
    fail: () => always({ refusal: { code: "ErrorMailboxStoreUnavailable", text: "The mailbox database is temporarily unavailable." } }),
    resetConnections: () => always("reset"),
    hang: () => always("hang"),
    recover: () => {
      fake.script = () => null;
      fake.account.password = password;
    },
    close,
  };
};

/**
 * Exchange is played by a stand-in whose every request and answer a grammar of EWS judges. It gives MIME back as it got it, which
 * Exchange itself does not: so what is compared is our reading of it.
 */
export const exchangeHarnesses: readonly Harness[] = (["Basic", "NTLM"] as const).map((scheme) => ({
  name: `a stand-in for EWS (${scheme})`,
  skipped: null,
  exactBytes: true,
  open: () => openAs(scheme),
}));
