import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDatabase } from "../../src/store/open.ts";
import { loadKeys } from "../../src/store/secrets.ts";
import { emptyPlace, onBothEngines, quiet, temporaryDirectory } from "./engines.ts";
import { accountWithInboxes, now, wholeDatabase } from "./sample-mail.ts";

onBothEngines("a process that is killed while it saves pages", (engine) => {
  test("loses no page it was told was saved, and leaves no half one", { timeout: 60_000 }, async () => {
    const place = await emptyPlace(engine);
    const keyFile = join(temporaryDirectory(), "key");
    const open = () => openDatabase({ ...place, keys: loadKeys({ keyFile, allowCreate: true }), log: quiet, now: () => now });
    const first = await open();
    await accountWithInboxes(first);
    await first.close();
    for (const pages of [3, 17, 30]) {
      const told = await killAfter(pages, [JSON.stringify(place), keyFile]);
      const database = await open();
      // A server may still be carrying out the commit that the killed process had asked for.
      if (engine === "postgres") await new Promise((resolve) => setTimeout(resolve, 300));
      const { inboxes = [], accounts = [], ...rows } = await wholeDatabase(database);
      await database.close();
      const saved = Number(JSON.parse(inboxes[0] ?? "{}").cursor);
      expect(saved).toBeGreaterThanOrEqual(told);
      expect(JSON.parse(accounts[0] ?? "{}").event_seq).toBe(3 * saved);
      expect(rows.events).toHaveLength(3 * saved);
      const counts = ["sent_messages", "notices", "engagements", "engagement_history", "addresses", "contacts"].map(
        (table) => rows[table]?.length,
      );
      expect(counts).toEqual([saved, saved, saved, saved, saved, saved]);
      expect(rows.seen_messages).toHaveLength(3 * saved);
    }
  });
});

/** Runs the writer until it said that it saved so many pages, then kills it; returns the last page it told of. */
const killAfter = async (pages: number, settings: string[]): Promise<number> => {
  const writer = spawn(process.execPath, [new URL("./write-pages.ts", import.meta.url).pathname, ...settings], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let lines: string[] = [];
  writer.stdout.on("data", (chunk: Buffer) => {
    lines = [...lines, ...chunk.toString().trim().split("\n")];
    if (lines.length >= pages) writer.kill("SIGKILL");
  });
  await once(writer, "close");
  return Number(lines.at(-1) ?? 0);
};
