/** The README's table of threats names tests that are there. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const section = readFileSync(join(root, "README.md"), "utf8").split("## Who could do what\n")[1]?.split("\n## ")[0] ?? "";
const rows = section
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .slice(1)
  .map((line) => line.split(" | "));

describe("each line of the threats", () => {
  it("is there", () => expect(rows.length).toBeGreaterThanOrEqual(15));

  it.each(rows.map(([who = "", , tests = ""]) => [who.replace(/^\| /, ""), tests]))("%s", (_who, tests) => {
    const named = [...tests.matchAll(/`(test\/[\w./-]+)`([^,`|]*)/g)];
    expect(named.length).toBeGreaterThan(0);
    for (const [, path = "", words = ""] of named) {
      expect(existsSync(join(root, path)), path).toBe(true);
      const text = readFileSync(join(root, path), "utf8");
      expect(text.includes(words.trim()), `${path} says "${words.trim()}"`).toBe(true);
    }
  });
});
