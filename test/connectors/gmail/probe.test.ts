import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { gmail } from "../../../connectors/gmail/connector.ts";
import { type GmailStage, letter, openGmail, readonlyScope, toolsOf } from "./open-gmail.ts";

const day = 86_400_000;

let stage: GmailStage;
beforeEach(async () => {
  stage = await openGmail();
});
afterEach(() => stage.google.stop());

const ask = async (): Promise<Record<string, unknown>> =>
  Object.fromEntries((await gmail.probe(stage.inbox, toolsOf(stage))).map(({ assumption, holds }) => [assumption, holds]));

const gmailNotice = (answering: string): string =>
  `Message-ID: <n1.GMR@mx.google.com>\r\nFrom: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\r\nTo: anna@sales.example\r\nSubject: Delivery Status Notification (Failure)\r\n${answering}\r\nAddress not found\r\n`;

test("in an empty mailbox most is unknown, nothing is wrong", async () => {
  const answers = await ask();
  expect(answers["The mailbox can be read"]).toBe(true);
  expect(Object.values(answers)).not.toContain(false);
  expect(answers["Changes are kept for a week"]).toBe("unknown");
});

test("in a mailbox with a history each assumption is answered", async () => {
  for (const days of [40, 20, 10, 5, 2]) stage.mailbox.put(letter(days), ["INBOX"], Date.now() - days * day);
  stage.mailbox.put(letter("original"), ["SENT"]);
  stage.mailbox.put(gmailNotice("In-Reply-To: <original@sales.example>\r\n"));
  const answers = await ask();
  expect(answers).toEqual(Object.fromEntries(Object.keys(answers).map((name) => [name, true])));
  expect(Object.keys(answers)).toHaveLength(11);
});

test("what does not hold is said", async () => {
  for (const days of [40, 20, 10, 5, 2]) stage.mailbox.put(letter(days), ["INBOX"], Date.now() - days * day);
  stage.mailbox.forgetChanges();
  stage.mailbox.put(gmailNotice(""));
  const answers = await ask();
  expect(answers["Changes are kept for a week"]).toBe(false);
  expect(answers["Gmail's notices name the message in In-Reply-To"]).toBe(false);
  expect(answers["Gmail's notices join its thread"]).toBe("unknown");
});

test("a consent that forbids search is an answer, not a failure", async () => {
  stage.secrets = stage.google.oauth.consent("anna@sales.example", [readonlyScope, "https://www.googleapis.com/auth/gmail.metadata"]);
  expect(await ask()).toMatchObject({ "Mail can be searched": false });
});

test("a notice with an encoded subject and folded fields compares as written", async () => {
  stage.mailbox.put(readFileSync(join(import.meta.dirname, "../../fixtures/lab-mails/mails/postfix/smtputf8-unknown-user.eml")));
  expect(await ask()).toMatchObject({ "Header fields are given as written": true, "Reading changes no label": true });
});
