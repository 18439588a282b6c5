/** The stand-ins of the soak, each with its mailboxes and its moods. */
import type { Json } from "../../src/ports/connector.ts";
import { appOf, readonlyScope } from "../connectors/gmail/open-gmail.ts";
import { failure } from "../fakes/google/answer.ts";
import { type Script, startGoogle } from "../fakes/google/start-google.ts";
import { problem } from "../fakes/microsoft/graph-service.ts";
import { signInProblem } from "../fakes/microsoft/sign-in-service.ts";
import { type Misbehaviour, startFakeMicrosoft } from "../fakes/microsoft/start-fake-microsoft.ts";
import { trustedCertificate } from "../fakes/trusted-certificate.ts";
import { makeNotice, makeSent } from "../fixtures/make-mail.ts";

export type Provider = {
  name: string;
  settings: Json;
  app: Json;
  boxes: { address: string; secrets: Json; put(folder: "sent" | "inbox" | "junk", raw: string): void }[];
  /** Now and then: forgets positions and ends access tokens. */
  misbehave(): void;
  /** Nothing goes wrong any more. */
  behave(): void;
  tally(): string;
  /** Throws when a request or an answer did not fit the vendor's schema. */
  stop(): Promise<void>;
};

/** Message number n from an address, the notice that it reached nobody, and an ordinary letter. */
export const letterOf = (n: number, from: string): { message: string; notice: string; ordinary: string } => {
  const at = new Date();
  const message = makeSent(n, at).replace("anna@sales.example", from);
  const notice = makeNotice(n, at).replace("To: anna@sales.example", `To: ${from}`);
  const ordinary = message.replace("<m", "<o").replace(from, "eva@customer.example").replace(`u${n}@customer.example`, from);
  return { message, notice, ordinary };
};

const oneIn = (n: number): boolean => Math.random() < 1 / n;
const pick = <T>(of: readonly T[]): T => of[Math.floor(Math.random() * of.length)] as T;

export const startGmail = async (count: number): Promise<Provider> => {
  const google = await startGoogle({ tls: trustedCertificate() });
  let stormy = true;
  const tally = { faults: 0, expired: 0, tokens: 0 };
  const faults = [
    () => failure(429, "rateLimitExceeded", "Too many concurrent requests for user", { "retry-after": "2" }),
    () => failure(403, "userRateLimitExceeded", "User-rate limit exceeded.  Retry after a second."),
    () => failure(503, "backendError", "The service is currently unavailable."),
    () => "reset" as const,
  ];
  const script: Script = ({ method }) => {
    if (!stormy || !oneIn(20)) return null;
    tally.faults += 1;
    return method === "token" ? { status: 503, body: { error: "temporarily_unavailable" } } : pick(faults)();
  };
  google.script = script;
  const labels = { sent: ["SENT"], inbox: ["INBOX", "UNREAD"], junk: ["SPAM"] };
  const boxes = Array.from({ length: count }, (_, n) => {
    const address = `g${n}@sales.example`;
    const mailbox = google.addMailbox(address);
    const secrets = google.oauth.consent(address, [readonlyScope]) as Json;
    return {
      address,
      secrets,
      mailbox,
      put: (folder: keyof typeof labels, raw: string) => void mailbox.put(raw, labels[folder], Date.now()),
    };
  });
  return {
    name: "gmail",
    settings: {},
    app: appOf(google),
    boxes,
    misbehave() {
      for (const { mailbox } of boxes) {
        if (!oneIn(40)) continue;
        mailbox.forgetChanges();
        tally.expired += 1;
      }
      if (!oneIn(40)) return;
      google.oauth.endAccess();
      tally.tokens += 1;
    },
    behave() {
      stormy = false;
    },
    tally: () =>
      `${google.asked.length} requests, ${tally.faults} of them answered wrongly, ${tally.expired} positions forgotten, ${tally.tokens} times all tokens ended`,
    stop: () => google.stop(),
  };
};

export const startOffice365 = async (count: number): Promise<Provider> => {
  const fake = await startFakeMicrosoft({ tls: trustedCertificate() });
  let stormy = true;
  const tally = { requests: 0, faults: 0, expired: 0, tokens: 0 };
  const faults: (() => Misbehaviour)[] = [
    () => problem(429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit.", { "retry-after": "2" }),
    () => problem(503, "serviceNotAvailable", "The service is temporarily unavailable."),
    () => problem(504, "gatewayTimeout", "The gateway did not answer in time."),
    () => "reset",
  ];
  fake.script = ({ kind }) => {
    tally.requests += 1;
    if (!stormy || !oneIn(20)) return null;
    tally.faults += 1;
    return kind === "token" ? signInProblem(503, "temporarily_unavailable", 90033, "A transient error.") : pick(faults)();
  };
  const folders = { sent: "sentitems", inbox: "inbox", junk: "junkemail" };
  const boxes = Array.from({ length: count }, (_, n) => {
    const address = `m${n}@sales.example`;
    const box = fake.addMailbox(address);
    const put = (folder: keyof typeof folders, raw: string): void => {
      box.put(folders[folder], Buffer.from(raw), { receivedAt: fake.now() });
      fake.tick();
    };
    return { address, secrets: { cache: "", accessToken: "", expiresAt: 0 } as Json, box, put };
  });
  return {
    name: "office365-app",
    settings: { access: "application" },
    app: { ...fake.signIn.app, tenant: fake.signIn.tenant, signInUrl: fake.url, graphUrl: fake.url },
    boxes,
    misbehave() {
      for (const { box } of boxes) {
        if (!oneIn(40)) continue;
        box.generation += 1;
        tally.expired += 1;
      }
      if (!oneIn(40)) return;
      fake.signIn.expireAccessTokens();
      tally.tokens += 1;
    },
    behave() {
      stormy = false;
    },
    tally: () =>
      `${tally.requests} requests, ${tally.faults} of them answered wrongly, ${tally.expired} positions forgotten, ${tally.tokens} times all tokens ended`,
    async stop() {
      await fake.stop();
      if (fake.violations.length > 0) throw new Error(`the stand-in was used wrongly:\n${[...new Set(fake.violations)].join("\n")}`);
    },
  };
};
