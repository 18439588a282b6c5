import { expect, test } from "vitest";
import { gmail } from "../../../connectors/gmail/connector.ts";
import { createRedactor, type Redacted } from "../../../connectors/shared/redact-exchange.ts";
import { checkAnswer, checkRequest } from "../../fakes/google/check-schema.ts";
import { letter, openGmail, toolsOf } from "./open-gmail.ts";

const day = 86_400_000;

test("a recorded probe fits Google's description, and nothing of the mailbox is in it", async () => {
  const stage = await openGmail();
  for (const days of [40, 10, 2]) stage.mailbox.put(letter(days), ["INBOX"], Date.now() - days * day);
  const notice = "From: mailer-daemon@googlemail.com\r\nTo: anna@sales.example\r\nIn-Reply-To: <40@sales.example>\r\nSubject: Secret";
  stage.mailbox.put(`Message-ID: <n1.GMR@mx.google.com>\r\n${notice}\r\n\r\nText\r\n`);
  stage.mailbox.sendAs.push({ sendAsEmail: "boss@sales.example", verificationStatus: "accepted" });
  const redact = createRedactor();
  const lines: string[] = [];
  await gmail.probe(stage.inbox, toolsOf(stage, { record: (exchange) => void lines.push(JSON.stringify(redact(exchange))) }));

  expect(lines.length).toBeGreaterThan(10);
  for (const line of lines) {
    const { method, path, query, status, body, headers } = JSON.parse(line) as Redacted;
    const search = new URLSearchParams(
      Object.entries(query).flatMap(([name, values]) => values.map((value): [string, string] => [name, value])),
    );
    const checked = checkRequest(method, new URL(`https://gmail.googleapis.com${path}?${search}`));
    expect(checked?.problems).toEqual([]);
    expect(headers).toContain("content-type");
    if (status === 200) expect(checkAnswer(checked?.call.method ?? "", body)).toEqual([]);
  }
  const all = lines.join("\n");
  const ids = [...stage.mailbox.messages.values()].flatMap(({ id, threadId, historyId }) => [id, threadId, String(historyId)]);
  const { accessToken = "?", refreshToken } = stage.secrets;
  for (const secret of [...ids, accessToken, refreshToken, "sales.example", "customer.example", "anna", "Offer", "Secret", "GMR"]) {
    expect(all).not.toContain(secret);
  }
  expect(all).toContain('"path":"/gmail/v1/users/me/messages/id1"');
  await stage.google.stop();
});
