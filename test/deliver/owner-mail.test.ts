import { ImapFlow } from "imapflow";
import { describe, expect, it, test } from "vitest";
import { parseHeaderFields } from "../../src/bounces/header-fields.ts";
import { triage } from "../../src/bounces/triage.ts";
import { type Mail, openMailer } from "../../src/deliver/mailer.ts";
import { digestDue, type OwnerMailDeps, reminderDue, remindOwners, sendDigests } from "../../src/deliver/owner-mail.ts";
import { changeState, type Inbox } from "../../src/store/inboxes.ts";
import { savePage } from "../../src/store/save-page.ts";
import { createUser, updateUser } from "../../src/store/users.ts";
import { type MailServer, sharedMailServer } from "../setup/mail-server.ts";
import { onBothEngines, openNew, quiet } from "../store/engines.ts";
import { accountWithInboxes, delayed, envelope, notice, now, outcome, page, sentMessage } from "../store/sample-mail.ts";

const day = 86_400_000;

test.each([
  [0, 0, true],
  [1, 0, false],
  [1, 3 * day - 1, false],
  [1, 3 * day, true],
  [2, 3 * day, false],
  [2, 7 * day, true],
  [3, 300 * day, false],
])("after %i reminders and %i ms: %s", (reminded, passed, due) => {
  const inbox = { stateSince: now } as Inbox;
  expect(reminderDue({ inbox, reminded }, now + passed)).toBe(due);
});

test.each([
  ["a Wednesday, 8 in Warsaw", "Europe/Warsaw", "2026-11-25T07:02:00Z", null, true],
  ["an hour later", "Europe/Warsaw", "2026-11-25T08:02:00Z", null, false],
  ["8 in New York", "America/New_York", "2026-11-25T13:02:00Z", null, true],
  ["there was one this morning", "Europe/Warsaw", "2026-11-25T07:02:00Z", "2026-11-25T07:01:00Z", false],
  ["there was one yesterday", "Europe/Warsaw", "2026-11-25T07:02:00Z", "2026-11-24T07:02:00Z", true],
  ["a Saturday", "Europe/Warsaw", "2026-11-28T07:02:00Z", null, false],
  ["Friday in Warsaw, Saturday in Auckland", "Pacific/Auckland", "2026-11-27T19:02:00Z", null, false],
])("a digest is due: %s", (_, zone, at, sentAt, due) => {
  expect(digestDue(zone, sentAt === null ? null : Date.parse(sentAt), Date.parse(at))).toBe(due);
});

onBothEngines("mail to owners", (engine) => {
  const start = async () => {
    const database = await openNew(engine);
    const claims = await accountWithInboxes(database, 2);
    const [mine, other] = claims;
    if (!mine || !other) throw new Error("no inboxes");
    const user = await database.transaction(async (tx) => {
      const made = await createUser(tx, mine.accountId, { email: "anna0@sales.example", name: "Anna", role: "sales" }, now);
      return made && updateUser(tx, mine.accountId, made.id, { language: "pl", digest: true }, now);
    });
    const sent: Mail[] = [];
    let works = true;
    let clock = now;
    const deps: OwnerMailDeps = {
      database,
      now: () => clock,
      log: quiet,
      mailer: {
        async send(mail) {
          if (!works) throw new Error("421 try later");
          sent.push(mail);
        },
        verify: async () => {},
        close() {},
      },
      publicUrl: "https://bounceline.example",
      language: "en",
      labelOf: async () => "IMAP",
    };
    return {
      database,
      mine,
      other,
      user,
      sent,
      deps,
      at: (time: number): void => {
        clock = time;
      },
      breaks: (yes: boolean): void => {
        works = !yes;
      },
    };
  };

  it("a reminder at once, after 3 and after 7 days, in the owner's language; none for an inbox that works; anew when it breaks again", async () => {
    const { database, mine, sent, deps, at } = await start();
    await remindOwners(deps);
    expect(sent).toEqual([]);
    const need = (time: number) =>
      database.transaction((tx) =>
        changeState(tx, mine.accountId, mine.inboxId, { state: "reconnect_needed", detail: { error: "x" }, nextPollAt: null }, time),
      );
    await need(now);
    for (let hour = 0; hour <= 24 * 9; hour++) {
      at(now + hour * 3_600_000);
      await remindOwners(deps);
    }
    expect(sent).toHaveLength(3);
    expect(sent[0]).toMatchObject({ to: "anna0@sales.example", language: "pl", subject: "Połącz ponownie anna0@sales.example" });
    expect(sent[0]?.text).toContain(`https://bounceline.example/inboxes/${mine.inboxId}`);
    await database.transaction((tx) =>
      changeState(tx, mine.accountId, mine.inboxId, { state: "watching", detail: {}, nextPollAt: now }, now + 10 * day),
    );
    await need(now + 11 * day);
    at(now + 11 * day);
    await remindOwners(deps);
    expect(sent).toHaveLength(4);
  });

  it("one that the server does not take goes out the next time", async () => {
    const { database, other, sent, deps, breaks } = await start();
    await database.transaction((tx) =>
      changeState(tx, other.accountId, other.inboxId, { state: "needs_admin", detail: {}, nextPollAt: null }, now),
    );
    breaks(true);
    await remindOwners(deps);
    breaks(false);
    await remindOwners(deps);
    await remindOwners(deps);
    expect(sent).toMatchObject([{ to: "anna1@sales.example", language: "en", subject: "Please reconnect anna1@sales.example" }]);
  });

  it("a digest tells of one's own new bounces, once, and there is none where nothing happened", async () => {
    const { database, mine, other, sent, deps, at } = await start();
    const morning = Date.parse("2026-11-26T08:02:00Z");
    await savePage(database, page(mine, [sentMessage("a", ["a@x.example"]), notice("a", [outcome("a@x.example")])]));
    await savePage(database, page(mine, [sentMessage("b", ["b@x.example"]), notice("b", [delayed("b@x.example")])]));
    await savePage(database, page(other, [sentMessage("c", ["c@x.example"]), notice("c", [outcome("c@x.example")])]));
    await savePage(database, page(mine, [sentMessage("d", ["d@x.example"]), notice("d", [outcome("d@x.example")])], { backfill: true }));
    at(morning);
    await sendDigests(deps);
    await sendDigests(deps);
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({ to: "anna0@sales.example", subject: expect.stringMatching(/^Odrzucenia od .*: 2$/) });
    expect(sent[0]?.text).toContain("Twarde odrzucenie: Nieznany użytkownik\n  a@x.example · „Offer”");
    expect(sent[0]?.text).not.toMatch(/c@x\.example|d@x\.example/);
    at(morning + day);
    await sendDigests(deps);
    expect(sent).toHaveLength(1);
  });
});

test("our own mail is ignored when syncing, whatever it tells of", () => {
  const raw =
    "Message-ID: <bounceline-mail.0123@ops.example>\r\nFrom: mailer-daemon@ops.example\r\nSubject: Undelivered Mail Returned to Sender\r\n\r\n";
  const headers = parseHeaderFields(Buffer.from(raw));
  const context = { ownAddresses: new Set<string>(), sentById: () => null };
  expect(triage({ ...envelope("x"), headers }, context)).toMatchObject({ verdict: "other", because: [{ step: "own_mail" }] });
  const forged = parseHeaderFields(Buffer.from(raw.replace("<bounceline", "<x.bounceline")));
  expect(triage({ ...envelope("x"), headers: forged }, context).verdict).toBe("suspect");
});

const server = await sharedMailServer();

describe.skipIf("skipped" in server)("through a real server", () => {
  it("arrives, marked so that no vacation program answers", async () => {
    const { imap, smtp, password } = server as MailServer;
    const mailer = openMailer({ smtpUrl: `smtp://${smtp.host}:${smtp.port}`, from: "Bounceline <ops@sales.example>" });
    await mailer.send({ to: "owner.mail@sales.example", subject: "Odrzucenia: 2", text: "Zażółć", language: "pl" });
    mailer.close();
    const auth = { user: "owner.mail@sales.example", pass: password };
    const client = new ImapFlow({ host: imap.host, port: imap.port, secure: true, auth, tls: { ca: imap.ca }, logger: false });
    await client.connect();
    await client.mailboxOpen("INBOX");
    const arrived = async (): Promise<number> => {
      await client.noop();
      return client.mailbox === false ? 0 : client.mailbox.exists;
    };
    await expect.poll(arrived, { timeout: 10_000 }).toBe(1);
    const message = await client.fetchOne("1", { source: true });
    await client.logout();
    const headers = parseHeaderFields(message === false ? Buffer.alloc(0) : (message.source ?? Buffer.alloc(0)));
    expect(headers.get("auto-submitted")).toEqual(["auto-generated"]);
    expect(headers.get("message-id")?.[0]).toMatch(/^<bounceline-mail\.[0-9a-f]{32}@sales\.example>$/);
  });

  it("carries no further header or recipient, whatever a name, a subject or an address holds", async () => {
    const { imap, smtp, password } = server as MailServer;
    const [owner, evil] = ["owner.injected@sales.example", "evil.injected@sales.example"];
    const mailer = openMailer({ smtpUrl: `smtp://${smtp.host}:${smtp.port}`, from: "Bounceline <ops@sales.example>" });
    const letter = {
      to: owner,
      subject: `2 bounces\r\nBcc: ${evil}\r\n\r\nforged`,
      text: `.\r\nRCPT TO:<${evil}>\r\n.\r\nQUIT`,
      language: "en" as const,
    };
    await mailer.send(letter);
    for (const to of [`${owner}>\r\nRCPT TO:<${evil}`, `${owner}, ${evil}`, `"x\r\nBcc: ${evil}" <${owner}>`])
      await mailer.send({ ...letter, to }).catch(() => {});
    mailer.close();
    const lettersOf = async (user: string): Promise<string[]> => {
      const auth = { user, pass: password };
      const client = new ImapFlow({ host: imap.host, port: imap.port, secure: true, auth, tls: { ca: imap.ca }, logger: false });
      await client.connect();
      await client.mailboxOpen("INBOX");
      const all = await client.fetchAll("1:*", { source: true }).catch(() => []);
      await client.logout();
      return all.map(({ source }) => String(source));
    };
    await expect.poll(async () => (await lettersOf(owner)).length, { timeout: 10_000 }).toBeGreaterThan(0);
    for (const text of await lettersOf(owner)) expect(text.slice(0, text.indexOf("\r\n\r\n"))).not.toMatch(/^bcc:/im);
    expect(await lettersOf(evil)).toEqual([]);
  });

  it("says what went wrong without the password", async () => {
    const mailer = openMailer({ smtpUrl: "smtp://ops:hunter2-secret@127.0.0.1:1", from: "ops@sales.example" });
    const error = await mailer.send({ to: "a@sales.example", subject: "x", text: "x", language: "en" }).catch((reason: Error) => reason);
    expect(String((error as Error).message)).toMatch(/ECONNREFUSED/);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("hunter2");
  });
});
