import { describe, expect, it } from "vitest";
import { listEngagements } from "../../src/store/engagements.ts";
import { getInbox } from "../../src/store/inboxes.ts";
import { ask, startServer, type TestServer } from "../api/server.ts";
import { demoMessage, now, worldOf } from "../sync/world.ts";
import { signedInAs } from "./browser.ts";

/** A send to `count` people whose first one bounced, with a subject somebody hostile wrote. */
const registerSend = async ({ server, database, ours }: TestServer, count: number): Promise<void> => {
  const messages = Array.from({ length: count }, (_, n) => ({
    messageId: n === 0 ? "<exim-1@sales.example>" : `<send-${n}@sales.example>`,
    kind: "marketing",
    sendId: "spring/2026 <b>",
    externalId: `mail-${n}`,
    subject: "<script>alert(1)</script>",
    sentAt: new Date(now - 7_200_000).toISOString(),
    recipients: [
      { address: n === 0 ? "gone@customer.example" : `u${String(n).padStart(4, "0")}@customer.example`, name: n === 1 ? "=cmd()" : null },
    ],
  }));
  for (let i = 0; i < count; i += 400) await ask(server, ours.write, "POST", "/v1/sent-messages", { messages: messages.slice(i, i + 400) });
  const inbox = await getInbox(database.read, ours.accountId, ours.inboxId);
  if (!inbox) throw new Error("no inbox");
  const bounce = demoMessage("INBOX/postfix-unknown-user");
  const words = bounce.raw
    .toString()
    .replaceAll(/<[\w.-]+@sales\.example>/g, "<exim-1@sales.example>")
    .replaceAll("nobody@customer.example", "gone@customer.example")
    .replaceAll("User unknown", "User <i>unknown</i>");
  const old = Array.from({ length: 4 }, (_, n) => ({ ...bounce, ref: `old-${n}`, raw: Buffer.from("Subject: x\r\n\r\n") }));
  await worldOf(database, ours.accountId, inbox, { messages: [...old, { ...bounce, ref: "send-bounce", raw: Buffer.from(words) }] }).turn();
};

describe("a send", () => {
  it("is listed, and shows its recipients, what bounced and why, in figures and a bar", async () => {
    const test = await startServer();
    await registerSend(test, 130);
    const support = await signedInAs(test, "support");
    const list = (await support.get("/sends")).body;
    expect(list).toContain('<a href="/sends/spring%2F2026%20%3Cb%3E">spring/2026 &lt;b&gt;</a>');
    const { body } = await support.get("/sends/spring%2F2026%20%3Cb%3E");
    expect(body).toContain("<b>130</b> Sent");
    expect(body).toContain("Bounced: 1 of 130 (0.8%)");
    expect(body).toMatch(/<rect class="hard" x="0" width="0\.769/);
    expect(body).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(body).not.toContain("<script>");
    expect(body.match(/<tr><th scope="row">|<tr>\n<th scope="row">/g)).toHaveLength(100);
    const more = /<a href="(\?cursor=[^"]+)">More recipients/.exec(body)?.[1] ?? "";
    expect((await support.get(`/sends/spring%2F2026%20%3Cb%3E${more}`)).body.match(/<th scope="row">/g)).toHaveLength(30);
    const bounced = (await support.get("/sends/spring%2F2026%20%3Cb%3E?show=bounced")).body;
    expect(bounced.match(/<th scope="row">/g)).toHaveLength(1);
    expect(bounced).toContain('Unknown user<br><span class="quiet">userunknown</span>');
    expect(bounced).toContain("User &lt;i&gt;unknown&lt;/i&gt;");
    expect((await support.get("/sends/spring%2F2026%20%3Cb%3E?show=soft")).body).toContain("Nothing came back from any recipient.");
    expect((await support.get("/sends/none")).status).toBe(404);
  });

  it("is downloaded as CSV, all of it, without formulas", async () => {
    const test = await startServer();
    await registerSend(test, 450);
    const support = await signedInAs(test, "support");
    const { body, headers } = await support.get("/sends/spring%2F2026%20%3Cb%3E/recipients.csv");
    expect([headers["content-type"], headers["content-disposition"]]).toEqual([
      "text/csv; charset=utf-8",
      'attachment; filename="recipients.csv"',
    ]);
    const lines = body.trim().split("\r\n");
    expect(lines).toHaveLength(451);
    expect(lines[0]).toBe("address,name,role,state,category,reason,diagnostic,externalId,sentMessageId");
    expect(lines[1]).toMatch(/^gone@customer\.example,,to,hard,unknown_user,userunknown,.*User <i>unknown<\/i>.*,mail-0,msg_/);
    expect(lines[2]).toContain("u0001@customer.example,'=cmd(),to,,");
    const bounced = await support.get("/sends/spring%2F2026%20%3Cb%3E/recipients.csv?show=bounced");
    expect(bounced.body.trim().split("\r\n")).toHaveLength(2);
  });

  it("says what to do where there is none", async () => {
    const owner = await signedInAs(await startServer(), "owner");
    expect((await owner.get("/sends?language=pl")).body).toContain("Zgłaszaj przez API");
  });
});

it("a send may have a long name", async () => {
  const test = await startServer();
  const sendId = "Łódź ".repeat(40).trim();
  const message = {
    messageId: "<long@sales.example>",
    sendId,
    sentAt: new Date(now).toISOString(),
    recipients: [{ address: "a@x.example" }],
  };
  await ask(test.server, test.ours.write, "POST", "/v1/sent-messages", { messages: [message] });
  const support = await signedInAs(test, "support");
  expect((await support.get(`/sends/${encodeURIComponent(sendId)}`)).body).toContain(`<h1>${sendId}</h1>`);
});

it("a message of one's own inbox shows its recipients; a registered one to whom its notice came", async () => {
  const test = await startServer();
  await registerSend(test, 2);
  const { data } = await listEngagements(test.database.read, test.ours.accountId, { state: ["hard"] });
  const sales = await signedInAs(test, "sales", "anna@sales.example");
  const { body } = await sales.get("/timeline");
  for (const { sentMessageId, recipient } of data) {
    expect(body).toContain(`href="/sends/${sentMessageId}"`);
    const page = await sales.get(`/sends/${sentMessageId}`);
    expect([page.status, page.body.includes(`>${recipient.address}</a>`)]).toEqual([200, true]);
  }
  expect((await sales.get("/sends/spring%2F2026%20%3Cb%3E")).status).toBe(404);
  const other = await signedInAs(test, "sales", "eva@sales.example");
  for (const { sentMessageId } of data) expect((await other.get(`/sends/${sentMessageId}`)).status).toBe(404);
});
