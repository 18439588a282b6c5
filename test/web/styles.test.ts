import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const folder = join(import.meta.dirname, "../../src/web/styles");

/** The class each rule is about: the first of its first selector; what stands behind it narrows it. */
const classesOf = (css: string): Set<string> => {
  const rules = css.replace(/\/\*[\s\S]*?\*\//g, "").matchAll(/(?:^|[{}])\s*([^{}@]+)\{/g);
  return new Set([...rules].flatMap(([, selectors = ""]) => selectors.split(",").flatMap((one) => /^\s*\.([\w-]+)/.exec(one)?.[1] ?? [])));
};

/** What all pages share; a topic may narrow it. */
const shared = ["base.css", "forms.css", "tables.css"];

it("no class is styled by two topics: one would change the other's pages", () => {
  const files = readdirSync(folder).filter((file) => !shared.includes(file));
  const places = new Map<string, string[]>();
  for (const file of files)
    for (const name of classesOf(readFileSync(join(folder, file), "utf8"))) places.set(name, [...(places.get(name) ?? []), file]);
  expect(places.size).toBeGreaterThan(30);
  expect([...places].filter(([, where]) => where.length > 1)).toEqual([]);
});
