/** What a connection held by IDLE goes through, with a real Dovecot behind it. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { watchInbox } from "../../../connectors/imap/watch.ts";
import { byPassword } from "../../../connectors/imap/way-in.ts";
import { startTcpProxy } from "../../chaos/tcp-proxy.ts";
import { type MailServer, sharedMailServer } from "../../setup/mail-server.ts";
import { testTools } from "../test-tools.ts";
import { letter, makeMailbox } from "./mailbox.ts";

const server = await sharedMailServer();
const endings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

describe.skipIf("skipped" in server)("an inbox that is held by IDLE", () => {
  const hold = async (times: { renew: number; quiet: number }) => {
    const { imap } = server as MailServer;
    const proxy = await startTcpProxy(imap);
    endings.push(() => proxy.stop());
    const box = await makeMailbox(server as MailServer);
    endings.push(() => box.close());
    const inbox = { ...box.inbox, settings: { ...(box.inbox.settings as object), host: "127.0.0.1", port: proxy.port } };
    const tools = testTools({ secrets: box.secrets });
    const hint = vi.fn();
    endings.push(await watchInbox(inbox, byPassword(inbox, tools), tools, hint, times));
    return { proxy, box, hint };
  };

  it("is told of mail that comes, also after it asked whether the server is still there", { timeout: 20_000 }, async () => {
    const { box, hint } = await hold({ renew: 1000, quiet: 400 });
    for (const n of [1, 2]) {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      expect(hint).toHaveBeenCalledTimes(n - 1);
      await box.append("INBOX", letter(n));
      await expect.poll(() => hint.mock.calls.length, { timeout: 2000 }).toBe(n);
    }
  });

  it("notices a connection that a router forgot without a word, makes it anew and says that there may be mail", {
    timeout: 30_000,
  }, async () => {
    const { proxy, box, hint } = await hold({ renew: 60_000, quiet: 500 });
    proxy.forgetAll();
    await box.append("INBOX", letter(1));
    await expect.poll(() => hint.mock.calls.length, { timeout: 15_000 }).toBe(1);
    await box.append("INBOX", letter(2));
    await expect.poll(() => hint.mock.calls.length, { timeout: 5000 }).toBe(2);
  });
});
