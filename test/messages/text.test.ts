import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { en } from "../../src/messages/en.ts";
import { pl } from "../../src/messages/pl.ts";
import { pickLanguage, text } from "../../src/messages/text.ts";

const names = (sentence: string): string[] => [...sentence.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? "").sort();

describe("the catalogues", () => {
  it.each(["en", "pl"])("name a sentence once in %s: a second one would take the first one's place", async (language) => {
    const folder = join(import.meta.dirname, "../../src/messages", language);
    const parts = await Promise.all(
      readdirSync(folder)
        .filter((file) => file !== "said.ts")
        .map(async (file) => Object.values(await import(join(folder, file))) as object[]),
    );
    const keys = parts.flat().flatMap((part) => Object.keys(part));
    expect(keys.length).toBeGreaterThan(700);
    expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([]);
    expect(keys.toSorted()).toEqual(Object.keys(language === "en" ? en : pl).sort());
  });

  it("hold the same keys in every language", () => {
    expect(Object.keys(pl).sort()).toEqual(Object.keys(en).sort());
  });

  it.each(Object.keys(en) as (keyof typeof en)[])("%s says something in both, with the same names to fill in", (key) => {
    expect(pl[key].trim()).not.toBe("");
    expect(names(pl[key])).toEqual(names(en[key]));
  });
});

describe("text", () => {
  it("fills in names, and shows a missing one as an ellipsis", () => {
    expect(text("en", "why.duplicate", { time: "19:02" })).toBe("The same notice was already counted at 19:02.");
    expect(text("pl", "why.duplicate")).toBe("To samo powiadomienie policzono już wcześniej (…).");
  });
});

describe("the reader's language", () => {
  it.each([
    [["pl"], "pl"],
    [[undefined, "pl-PL,pl;q=0.9,en;q=0.8"], "pl"],
    [[undefined, "en;q=0.5, pl;q=0.7"], "pl"],
    [[undefined, "de-DE,de"], "en"],
    [[undefined, "pl;q=0, en"], "en"],
    [["en", "pl"], "en"],
    [[], "en"],
  ] as const)("of %j is %s", (wishes, language) => {
    expect(pickLanguage(...wishes)).toBe(language);
  });
});
