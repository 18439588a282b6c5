/** exchangelib, a client none of ours is made from, reads the stand-in: so it is not merely shaped to our own connector. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { beforeAll, expect, test } from "vitest";
import { installPackages, isDebian } from "../../setup/mail-server/packages.ts";
import { letter } from "../letters.ts";
import { address, openExchange } from "./open-exchange.ts";

const proof = "/usr/lib/python3/dist-packages/exchangelib/__init__.py";
const here = existsSync(proof) || (process.platform === "linux" && isDebian() && userInfo().uid === 0);
const skipped = here ? "" : " (SKIPPED: exchangelib is taken from Debian's packages, as root)";

beforeAll(() => {
  if (here) installPackages([{ name: "python3-exchangelib", proof }]);
}, 300_000);

test.skipIf(!here).each(["Basic", "NTLM"] as const)(
  `it signs in by %s, and follows, lists and reads what there is${skipped}`,
  async (scheme) => {
    const stage = await openExchange();
    stage.fake.schemes = [scheme];
    stage.fake.extendedProtection = true;
    for (const n of [1, 2, 3, 4]) await stage.put("inbox", letter(n));
    await stage.put("inbox", letter(5), { itemClass: "REPORT.IPM.Note.NDR" });
    await stage.put("sentitems", letter("sent"));
    const idOf = (n: number): string => stage.box.find(`<${n}@sales.example>`).id;
    const script = join(import.meta.dirname, "read-with-exchangelib.py");
    const client = spawn("/usr/bin/python3", ["-W", "ignore", script, stage.fake.url, scheme, address], {
      env: { PASSWORD: stage.secrets.password },
      stdio: ["pipe", "pipe", "pipe"],
    });
    let faults = "";
    client.stderr.on("data", (piece: Buffer) => {
      faults += piece.toString();
    });
    try {
      const lines = createInterface({ input: client.stdout })[Symbol.asyncIterator]();
      const first = await lines.next();
      expect(faults).toBe("");
      expect(JSON.parse(first.value ?? "{}")).toEqual({
        first: [5, 4, 3, 2, 1].map((n) => ["create", idOf(n)]),
        listed: [5, 4, 3, 2, 1].map((n) => ({
          id: idOf(n),
          subject: `Offer ${n}`,
          to: ["jan@customer.example"],
          class: n === 5 ? "REPORT.IPM.Note.NDR" : "IPM.Note",
        })),
        mime: expect.arrayContaining([1, 2, 3, 4, 5].map((n) => letter(n))),
        sent: 1,
        folder: "Inbox",
      });
      const gone = idOf(1);
      await stage.put("inbox", letter(6));
      stage.box.remove(stage.box.find("<1@sales.example>"));
      stage.box.markRead(stage.box.find("<2@sales.example>"));
      client.stdin.end("\n");
      const second = await lines.next();
      expect(faults).toBe("");
      expect(JSON.parse(second.value ?? "[]")).toEqual([
        ["create", idOf(6)],
        ["delete", gone],
        ["read_flag_change", idOf(2)],
      ]);
      await once(client, "close");
      expect(client.exitCode).toBe(0);
    } finally {
      client.kill();
      await stage.close();
    }
  },
  60_000,
);
