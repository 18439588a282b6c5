import type { FolderName, Harness, TestMailbox } from "../../contracts/connector.ts";
import { problem } from "../../fakes/microsoft/graph-service.ts";
import { signInProblem } from "../../fakes/microsoft/sign-in-service.ts";
import type { Misbehaviour, Seen } from "../../fakes/microsoft/start-fake-microsoft.ts";
import { openOffice365 } from "./open-office365.ts";

const folders: { readonly [name in FolderName]: string } = { sent: "sentitems", inbox: "inbox", junk: "junkemail", extra: "Bounces" };

const openAs = async (who: typeof asApp | null): Promise<TestMailbox> => {
  const { fake, box, app, inbox, secrets, put, close } = await openOffice365(who?.settings);
  // With the directory's profile too, so that signing in has nothing to warn of.
  fake.signIn.applicationScopes.push("User.Read.All");
  const onGraph = (answer: Misbehaviour): void => {
    fake.script = (seen: Seen) => (seen.kind === "graph" ? answer : null);
  };
  return {
    inbox,
    secrets: who?.secrets ?? secrets,
    app: { ...app, ...who?.app(fake.signIn.tenant) },
    secretWords: [secrets.accessToken, fake.signIn.app.clientSecret, "rt."],
    put: async (folder, raw) => put(folders[folder], raw),
    remove: async (messageId) => box.remove(box.find(messageId)),
    snapshot: async () =>
      JSON.stringify([box.folders, box.messages.map(({ row, isRead, folderId }) => [row, isRead, folderId]), box.changes.length]),
    removeExtraFolder: () => box.removeFolder("Bounces"),
    makeExtraFolder: () => void box.addFolder("Bounces"),
    expireCursor: () => void box.generation++,
    refuseSecrets: () => {
      const expired = problem(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.");
      const revoked = signInProblem(400, "invalid_grant", 50173, "The provided grant has expired.", { suberror: "bad_token" });
      fake.script = ({ kind }) => (kind === "graph" ? expired : kind === "token" ? revoked : null);
    },
    askToWait: {
      seconds: 900,
      begin: () => onGraph(problem(429, "ApplicationThrottled", "Application is over its quota.", { "retry-after": "900" })),
    },
    fail: () => onGraph(problem(503, "serviceNotAvailable", "The service is temporarily unavailable.")),
    resetConnections: () => onGraph("reset"),
    hang: () => onGraph("hang"),
    recover: () => {
      fake.script = () => null;
    },
    close,
  };
};

/** An app asks one directory by name, and has nothing of a person's to begin with. */
const asApp = {
  settings: { access: "application" },
  app: (tenant: string) => ({ tenant }),
  secrets: { cache: "", accessToken: "", expiresAt: 0 },
};

/** Microsoft 365 is played by a stand-in that checks every request and answer against Microsoft's own descriptions. */
export const office365Harnesses: readonly Harness[] = [
  {
    name: "a stand-in for Graph",
    skipped: null,
    exactBytes: { notApplicable: "Exchange makes the MIME anew from what it stores; raw.test.ts compares what must be kept" },
    open: () => openAs(null),
  },
];

/** The same stand-in, asked by the app alone. */
export const office365AppHarnesses: readonly Harness[] = office365Harnesses.map((harness) => ({
  ...harness,
  name: "a stand-in for Graph, asked by an app",
  open: () => openAs(asApp),
}));
