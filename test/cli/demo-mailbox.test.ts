import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { demoMailbox, demoMailboxFolder } from "../fixtures/demo-mailbox.ts";

it("the demo's mailbox is what the lab's notices and labels say", () => {
  const bundled = ["INBOX", "Sent"].flatMap((folder) => readdirSync(join(demoMailboxFolder, folder)).map((name) => `${folder}/${name}`));
  const built = demoMailbox();
  expect(bundled.sort()).toEqual([...built.keys()].sort());
  for (const [path, content] of built) expect(readFileSync(join(demoMailboxFolder, path)).equals(content), path).toBe(true);
});
