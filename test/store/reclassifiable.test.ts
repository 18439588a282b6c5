import { expect, it } from "vitest";
import { readNoticesWithSource, readSeenFacts } from "../../src/store/reclassifiable.ts";
import { savePage } from "../../src/store/save-page.ts";
import { onBothEngines, openNew } from "./engines.ts";
import { accountWithInboxes, notice, ordinary, outcome, page } from "./sample-mail.ts";

onBothEngines("what can be judged again", (engine) => {
  it("comes page by page, each notice with its text, each message with its facts, none twice", async () => {
    const database = await openNew(engine);
    const [one, two] = await accountWithInboxes(database, 2);
    if (!one || !two) throw new Error("no inboxes");
    const bounce = (name: string) => notice(name, [outcome(`${name}@customer.example`)]);
    const bare = { ...bounce("c"), source: undefined };
    await savePage(database, page(one, [bounce("a"), bounce("b"), bare, ordinary("letter-1"), ordinary("letter-2")]));
    await savePage(database, page(two, [ordinary("letter-1")]));

    const notices = [];
    for (let after = ""; ; ) {
      const read = await readNoticesWithSource(database.read, one.accountId, { after, limit: 2 });
      notices.push(...read);
      if (read.length < 2) break;
      after = read.at(-1)?.notice.id ?? "";
    }
    expect(notices.map(({ notice, source }) => `${notice.ref} ${source === null ? "bare" : "text"}`).sort()).toEqual([
      "bounce-a text",
      "bounce-b text",
      "bounce-c bare",
    ]);
    expect(notices.map(({ notice }) => notice.id)).toEqual(notices.map(({ notice }) => notice.id).sort());

    const seen = [];
    for (let after: { inboxId: string; ref: string } | null = null; ; ) {
      const read: Awaited<ReturnType<typeof readSeenFacts>> = await readSeenFacts(database.read, one.accountId, { after, limit: 2 });
      seen.push(...read);
      if (read.length < 2) break;
      after = read.at(-1) ?? null;
    }
    const letters = seen.filter(({ ref }) => ref.startsWith("letter"));
    expect(letters.map(({ inboxId, ref, verdict }) => [inboxId, ref, verdict]).sort()).toEqual(
      [
        [one.inboxId, "letter-1", "other"],
        [one.inboxId, "letter-2", "other"],
        [two.inboxId, "letter-1", "other"],
      ].sort(),
    );
    expect(letters[0]?.facts).toEqual({ from: "machine" });
  });
});
