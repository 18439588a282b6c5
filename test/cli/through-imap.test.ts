/** The same bytes give the same report, also after a trip through a real IMAP server, which makes every line end CRLF. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { imap } from "../../connectors/imap/connector.ts";
import { inspectMail } from "../../src/bounces/inspect-mail.ts";
import type { Report } from "../../src/bounces/report.ts";
import { makeMailbox } from "../connectors/imap/mailbox.ts";
import { testTools } from "../connectors/test-tools.ts";
import { type MailServer, sharedMailServer } from "../setup/mail-server.ts";

const server = await sharedMailServer();
const folder = join(import.meta.dirname, "../fixtures/lab-mails/mails");

describe.skipIf("skipped" in server)("a notice read back from a real IMAP server", () => {
  it("gives the report its file gives, with bare line feeds in the file", async () => {
    const box = await makeMailbox(server as MailServer);
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".eml"));
    const expected = new Map<number, Report>();
    for (const file of files) {
      const lines = readFileSync(join(folder, file)).toString("latin1").replaceAll("\r\n", "\n");
      const uid = await box.append("INBOX", Buffer.from(lines.replaceAll("\n", "\r\n"), "latin1"));
      expected.set(uid, inspectMail(Buffer.from(lines, "latin1")));
    }
    const session = await imap.open(box.inbox, testTools({ secrets: box.secrets }));
    let read = 0;
    for await (const { messages } of session.pull(null))
      for (const { ref } of messages) {
        const raw = await session.fetchRaw(ref, { maxBytes: 50e6 });
        expect(inspectMail(raw as Uint8Array), ref).toEqual(expected.get(Number(ref.split(":")[1])));
        read += 1;
      }
    await session.close();
    await box.close();
    expect(read).toBe(files.length);
  });
});
